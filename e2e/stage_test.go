//go:build e2e

package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gander/e2e/client"
	"gander/e2e/standin"
)

// eachClient runs a test with every pinned release of the client.
func eachClient(t *testing.T, test func(t *testing.T, bin string)) {
	for _, r := range client.Releases {
		t.Run(r.Version, func(t *testing.T) {
			bin, err := client.Install(t.Context(), cacheDir(t), t.TempDir(), r)
			if errors.Is(err, client.ErrNoRegistry) {
				t.Skipf("no client to test with: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			test(t, bin)
		})
	}
}

func cacheDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("GANDER_E2E_CACHE")
	if dir == "" {
		dir = filepath.Join("..", ".cache", "clients")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// play runs one session of the thread called main, as u, and returns the
// stand-in that played it.
func play(t *testing.T, bin string, u *client.User, script scripts) (*standin.Server, client.Output) {
	t.Helper()
	s := standin.Start(t, script)
	out, err := client.Session{Bin: bin, API: s.URL(), Prompt: standin.Prompt("main", "go")}.Run(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if out.Code != 0 {
		t.Fatalf("client exits with %d: stdout %q, stderr %q", out.Code, out.Stdout, out.Stderr)
	}
	return s, out
}

// A payload is what a hook reads on stdin, as far as the tests care.
type payload struct {
	Event   string          `json:"hook_event_name"`
	Session string          `json:"session_id"`
	AgentID string          `json:"agent_id"`
	CallID  string          `json:"tool_use_id"`
	Input   json.RawMessage `json:"tool_input"`
}

// named returns the payloads of one hook event.
func named(list []payload, event string) (found []payload) {
	for _, p := range list {
		if p.Event == event {
			found = append(found, p)
		}
	}
	return found
}

// wantWhole checks that a hook saw each call that was played once before and
// once after it ran, with the input that was played.
func wantWhole(t *testing.T, s *standin.Server, seen []payload) {
	t.Helper()
	after := append(named(seen, "PostToolUse"), named(seen, "PostToolUseFailure")...)
	for _, call := range s.Played() {
		for when, list := range map[string][]payload{"before": named(seen, "PreToolUse"), "after": after} {
			list = slices.DeleteFunc(slices.Clone(list), func(p payload) bool { return p.CallID != call.ID })
			if len(list) != 1 {
				t.Errorf("%s %s was seen %d times %s it ran", call.Name, call.ID, len(list), when)
				continue
			}
			if !cmp.Equal(fields(t, call.Input), fields(t, list[0].Input)) {
				t.Errorf("input of %s %s is %.500s, seen %s it ran: %.500s", call.Name, call.ID, call.Input, when, list[0].Input)
			}
		}
	}
}

// subagentOf returns the id of the one subagent that made calls.
func subagentOf(t *testing.T, seen []payload) (id string) {
	t.Helper()
	for _, p := range named(seen, "PreToolUse") {
		switch {
		case p.AgentID == "" || p.AgentID == id:
		case id != "":
			t.Errorf("calls of two subagents were seen, %s and %s", id, p.AgentID)
		default:
			id = p.AgentID
		}
	}
	if id == "" {
		t.Error("no call of a subagent was seen")
	}
	return id
}

// fields is a tool's input by name: the client puts them in an order of its own.
func fields(t *testing.T, input json.RawMessage) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal(input, &m); err != nil {
		t.Errorf("tool input: %v", err)
	}
	return m
}

// wantCoverage checks that the calls seen are those in the transcripts of the
// main thread and of every subagent.
func wantCoverage(t *testing.T, u *client.User, seen []payload) {
	t.Helper()
	var got, want []string
	for _, p := range named(seen, "PreToolUse") {
		got = append(got, p.CallID)
	}
	for _, l := range transcripts(t, u) {
		want = append(want, l.calls()...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("calls in the transcripts (-) and calls seen (+) differ: %s", diff)
	}
}

// A line is one line of a transcript.
type line struct {
	Type       string
	Attachment struct{ Type, HookEvent, Stdout, Stderr string }
	Message    struct{ Content json.RawMessage } // blocks, or a string
}

// transcripts returns the lines of all transcripts of u. A subagent's lies in
// PROJECT/SESSION/subagents/agent-ID.jsonl.
func transcripts(t *testing.T, u *client.User) (lines []line) {
	t.Helper()
	dir := filepath.Join(u.Home, ".claude", "projects")
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".jsonl" {
			return err
		}
		data, err := os.ReadFile(path)
		for text := range strings.Lines(string(data)) {
			var l line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				return err
			}
			lines = append(lines, l)
		}
		return err
	})
	if err != nil {
		t.Fatalf("read transcripts: %v", err)
	}
	return lines
}

// calls returns the ids of the tool calls in l.
func (l line) calls() (ids []string) {
	var blocks []struct{ Type, ID string }
	if l.Type != "assistant" || json.Unmarshal(l.Message.Content, &blocks) != nil {
		return nil
	}
	for _, b := range blocks {
		if b.Type == "tool_use" {
			ids = append(ids, b.ID)
		}
	}
	return ids
}

// complaint is what the client notes about a hook that did anything but exit
// with 0 and print nothing. It tells nobody else.
func (l line) complaint() string {
	if !strings.HasPrefix(l.Attachment.Type, "hook_") {
		return ""
	}
	a := l.Attachment
	return fmt.Sprintf("%s: %s: stdout %q, stderr %q", a.HookEvent, a.Type, a.Stdout, a.Stderr)
}
