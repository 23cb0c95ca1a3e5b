//go:build e2e

package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"gander/internal/alert"
)

// testCoverUp has the client delete the log of what it did. Without root
// nothing prevents that, but the attempt is recorded before it runs, raises an
// alarm, and leaves a journal that no longer verifies; a copy that was put out
// of reach before still does.
func testCoverUp(t *testing.T, m *machine) {
	m.ready(t)
	m.play(t, alone(inTurn(everyday(m.user)...)))
	if out := m.run(t, "journal", "rotate"); out.Code != 0 {
		t.Fatalf("gander journal rotate exits with %d: %s", out.Code, out.Stderr)
	}
	copied := filepath.Join(filepath.Dir(m.state), "evidence")
	if out := m.run(t, "journal", "export", copied); out.Code != 0 {
		t.Fatalf("gander journal export exits with %d: %s", out.Code, out.Stderr)
	}
	if out := m.run(t, "verify"); out.Code != 0 {
		t.Fatalf("before: gander verify exits with %d: %s", out.Code, out.Stdout)
	}

	journal := filepath.Join(m.state, "journal")
	m.play(t, alone(inTurn(bash("rm -f "+journal+"/0*.jsonl* "+journal+"/live.jsonl"))))
	m.wait(t, "that the log was deleted", func(a alert.Alert) bool {
		return a.Level >= alert.High && strings.Contains(a.Subject, "rm -f "+journal)
	})
	m.stopWatch(t)
	out := m.run(t, "verify", "--json")
	if out.Code != 5 || !strings.Contains(string(out.Stdout), `"class":"deleted"`) {
		t.Errorf("after: gander verify exits with %d and says %s; want 5 and what was deleted", out.Code, out.Stdout)
	}
	if out := m.run(t, "verify", "--journal", copied); out.Code != 0 {
		t.Errorf("the copy: gander verify exits with %d: %s", out.Code, out.Stdout)
	}
}
