package rules_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"gander/internal/agent/claudecode"
	"gander/internal/alert"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/rules"
	"gander/internal/sigma"
)

func load(t *testing.T) []*sigma.Rule {
	t.Helper()
	list, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no rules")
	}
	return list
}

func compile(t *testing.T, list ...*sigma.Rule) *detect.Rules {
	t.Helper()
	d, err := detect.NewRules(list, func(r *sigma.Rule) detect.Note { return detect.Note(rules.NoteOf(r)) })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// call makes the event Claude Code's hook reports for a case.
func call(t *testing.T, c rules.Case) event.Event {
	t.Helper()
	payload, err := json.Marshal(map[string]any{
		"session_id": "00000000-0000-0000-0000-000000000000", "hook_event_name": "PreToolUse",
		"tool_use_id": "toolu_0", "cwd": c.CWD, "tool_name": c.Tool, "tool_input": c.Input,
	})
	if err != nil {
		t.Fatal(err)
	}
	e := claudecode.Adapter{}.Parse(payload)
	if e.Kind != event.ToolCall {
		t.Fatalf("kind %q: %s", e.Kind, payload)
	}
	return e
}

func show(c rules.Case) string {
	if cmd, ok := c.Input["command"].(string); ok && len(c.Input) == 1 {
		return cmd
	}
	b, _ := json.Marshal(c.Input)
	return c.Tool + " " + string(b)
}

func titles(found []alert.Finding, from alert.Level) (list []string) {
	for _, f := range found {
		if f.Level >= from {
			list = append(list, f.Rule.Title)
		}
	}
	return list
}

func has(found []alert.Finding, id string) bool {
	for _, f := range found {
		if f.Rule.ID == id {
			return true
		}
	}
	return false
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestEveryRuleSaysWhatARuleMustSay(t *testing.T) {
	ids, names := map[string]bool{}, map[string]bool{}
	for _, r := range load(t) {
		t.Run(r.Title, func(t *testing.T) {
			if !uuid.MatchString(r.ID) || ids[r.ID] || names[r.Title] {
				t.Errorf("id %q and title: want a new UUID and a title of its own", r.ID)
			}
			ids[r.ID], names[r.Title] = true, true
			if r.Status != "test" && r.Status != "experimental" && r.Status != "stable" {
				t.Errorf("status %q", r.Status)
			}
			if r.Author == "" || r.Date == "" || r.Description == "" || len(r.FalsePositives) == 0 && r.Level > alert.Low {
				t.Error("author, date, description or falsepositives is missing")
			}
			if !strings.Contains(strings.Join(r.Tags, " "), "attack.t1") {
				t.Errorf("tags %v name no technique of ATT&CK", r.Tags)
			}
			if n := rules.NoteOf(r); n.Why == "" || n.Advice == "" {
				t.Error("gander.why or gander.advice is missing")
			}
			if match, miss := rules.Cases(r); len(match) < 2 || len(miss) < 2 {
				t.Errorf("%d matches and %d near misses: write at least two of each", len(match), len(miss))
			}
		})
	}
}

func TestEveryFieldOfARuleExists(t *testing.T) {
	for _, r := range load(t) {
		for _, f := range r.Fields() {
			if !detect.HasField(r.Logsource, f) {
				t.Errorf("%s:%d: no event of %+v has a field %q", r.File, r.Line, r.Logsource, f)
			}
		}
	}
}

func TestTheDocumentationListsEveryRule(t *testing.T) {
	doc, err := os.ReadFile("../../docs/detection.md")
	if err != nil {
		t.Fatal(err)
	}
	list := load(t)
	for _, r := range list {
		row := fmt.Sprintf("| %s | %s | %s | ", strings.TrimSuffix(r.File, ".yml"), r.Title, r.Level)
		if strings.Count(string(doc), row) != 1 {
			t.Errorf("docs/detection.md has no row %q", row)
		}
	}
	if n := strings.Count(string(doc), " | T1"); n != len(list) {
		t.Errorf("docs/detection.md has %d rows of rules, want %d", n, len(list))
	}
}

func TestRulesMatchTheirCases(t *testing.T) {
	list := load(t)
	all := compile(t, list...)
	for _, r := range list {
		t.Run(r.Title, func(t *testing.T) {
			match, miss := rules.Cases(r)
			for _, c := range match {
				e := call(t, c)
				if found := all.Detect(&e); !has(found, r.ID) {
					t.Errorf("not matched: %s", show(c))
				}
			}
			for _, c := range miss {
				e := call(t, c)
				found := all.Detect(&e)
				if has(found, r.ID) {
					t.Errorf("matched, and should not: %s", show(c))
				}
				if alerts := titles(found, alert.Medium); len(alerts) > 0 != c.Other {
					t.Errorf("alerts %q of other rules, and other is %v: %s", alerts, c.Other, show(c))
				}
			}
		})
	}
}
