//go:build e2e

package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gander/e2e/client"
)

// hookEvents are those the recorder listens to.
var hookEvents = []string{
	"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure",
	"SubagentStart", "SubagentStop", "Stop", "SessionEnd",
}

// installRecorder has the client run testdata/record.sh as a hook of u's, in
// exec form, which both releases know. It returns where payloads are kept.
func installRecorder(t *testing.T, u *client.User) (dir string) {
	t.Helper()
	program, err := os.ReadFile("testdata/record.sh")
	if err != nil {
		t.Fatal(err)
	}
	hook := filepath.Join(u.Home, "record.sh")
	u.WriteFile(t, hook, program, 0o755)
	dir = filepath.Join(u.Home, "payloads")
	u.Mkdir(t, dir)
	hooks := map[string]any{}
	for _, event := range hookEvents {
		command := map[string]any{"type": "command", "command": hook, "args": []string{dir}}
		hooks[event] = []any{map[string]any{"hooks": []any{command}}}
	}
	settings, err := json.Marshal(map[string]any{"hooks": hooks})
	if err != nil {
		t.Fatal(err)
	}
	u.WriteFile(t, filepath.Join(u.Home, ".claude", "settings.json"), settings, 0o644)
	return dir
}

// recorded returns the payloads kept in dir, as they came and understood.
func recorded(t *testing.T, dir string) (raw []string, seen []payload) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var p payload
		if err := json.Unmarshal(data, &p); err != nil {
			t.Fatalf("payload %q: %v", data, err)
		}
		raw, seen = append(raw, strings.TrimSuffix(string(data), "\n")), append(seen, p)
	}
	return raw, seen
}

// TestTheStageItself shows, without gander, that the client does what the
// stand-in plays and that a hook sees it. When this fails the other failures
// say nothing.
func TestTheStageItself(t *testing.T) {
	eachClient(t, func(t *testing.T, bin string) {
		u := client.NewUser(t)
		dir := installRecorder(t, u)
		script := delegated(inTurn(bash("echo from the subagent")))
		script["main"] = slices.Concat(inTurn(everyday(u)...), atOnce(manyReads(t, u, 20)...), script["main"])
		s, out := play(t, bin, u, script)
		if !strings.HasPrefix(out.Stdout, "Handed over.\n") || out.Stderr != "" {
			t.Errorf("stdout is %q, stderr %q", out.Stdout, out.Stderr)
		}
		if got, want := len(s.Played()), 7+20+1+1; got != want {
			t.Errorf("%d calls were played, want %d", got, want)
		}
		_, seen := recorded(t, dir)
		wantWhole(t, s, seen)
		wantCoverage(t, u, seen)
		subagentOf(t, seen)
		for _, event := range hookEvents {
			if len(named(seen, event)) == 0 {
				t.Errorf("no hook ran for %s", event)
			}
		}
	})
}
