package app_test

import (
	"fmt"
	"strings"
	"testing"

	"gander/internal/agent/claudecode"
	"gander/internal/app"
)

func TestOwnFilesAreKnownWhereverTheyLie(t *testing.T) {
	d, _, err := app.Detectors(app.Dirs{State: "/srv/it's [odd]/state", Data: "/home/u/tools/g*", Home: "/home/u"})
	if err != nil {
		t.Fatal(err)
	}
	const own = "0f6a1d57-3c5e-4b7e-9a43-5a1f0f3d9c1"
	for _, tt := range []struct {
		command, rule string
	}{
		{`rm -f "/srv/it's [odd]/state/journal/live.jsonl"`, own + "1"},
		{`cd "/srv/it's [odd]" && rm -rf state`, own + "1"},
		{`mv ~/tools/g* /tmp/x`, own + "1"},
		{`cat "/srv/it's [odd]/state/seal.key"`, own + "2"},
		{`ls "/srv/it's [odd]/state/journal"`, ""},
		{`cat "/srv/it's [odd]/state/journal/live.jsonl"`, ""},
		{`rm -f /srv/other`, ""},
		{`rm -rf ~/tools/great`, ""},
	} {
		payload := fmt.Sprintf(`{"session_id":"s","cwd":"/w","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":%q}}`, tt.command)
		e := claudecode.Adapter{}.Parse([]byte(payload))
		got := ""
		for _, f := range d.Detect(&e) {
			if strings.HasPrefix(f.Rule.ID, own) {
				got = f.Rule.ID
			}
		}
		if got != tt.rule {
			t.Errorf("%s: rule %q, want %q", tt.command, got, tt.rule)
		}
	}
}
