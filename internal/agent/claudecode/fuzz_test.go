package claudecode_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailscale/hujson"

	"gander/internal/agent/claudecode"
	"gander/internal/event"
)

func FuzzParse(f *testing.F) {
	for _, file := range payloads(f) {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(call("MultiEdit", `{"edits":[{"new_string":"\ud800"},7],"edits":{}}`)))
	f.Add([]byte(call("mcp____", `{"path":"~/../..","url":[]}`)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		e := claudecode.Adapter{}.Parse(payload)
		if !e.Kind.IsKnown() || !e.Action.IsKnown() {
			t.Errorf("kind %q, action %q", e.Kind, e.Action)
		}
		if !bytes.Equal(e.Raw, payload) || !bytes.Contains(payload, e.Input) || !bytes.Contains(payload, e.Result) {
			t.Error("Raw, Input or Result is not what was sent")
		}
		if e.Name == "" && (e.Kind != event.Unreadable || len(e.Faults) == 0) {
			t.Errorf("no event's name, but kind %q and faults %q", e.Kind, e.Faults)
		}
		claudecode.Adapter{}.Detect(payload)
	})
}

func FuzzTranscript(f *testing.F) {
	for _, file := range []string{"main-session", "subagent"} {
		b, err := os.ReadFile("testdata/transcripts/" + file + ".jsonl")
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, e := range (claudecode.Adapter{}).ParseTranscriptLine(line) {
			if !e.Kind.IsKnown() || !bytes.Equal(e.Raw, line) {
				t.Errorf("kind %q", e.Kind)
			}
		}
	})
}

// FuzzInstall checks that what Install makes of any settings is read back as
// installed, that a second time changes nothing, and that Uninstall gives back
// what was there.
func FuzzInstall(f *testing.F) {
	for _, s := range foreignSettings(f) {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"hooks":{"Stop":[` + ourGroup + `,{"matcher":"","hooks":[1]}],"Setup":[]}}`))
	f.Add([]byte("{//\n}"))
	f.Add([]byte(`{"a":1,/**/}`))
	f.Add([]byte("[[{{\""))
	f.Fuzz(func(t *testing.T, settings []byte) {
		claudecode.Inspect(settings)
		without, _, err := claudecode.Uninstall(settings)
		if err != nil {
			return
		}
		with, _, err := claudecode.Install(settings, options)
		if err != nil {
			return
		}
		checkInstalled(t, with, options)
		if again, changed, err := claudecode.Install(with, options); err != nil || changed {
			t.Errorf("a second time: changed %v, %v:\n%s", changed, err, again)
		}
		back, _, err := claudecode.Uninstall(with)
		if err != nil {
			t.Fatal(err)
		}
		was, cut := meaning(t, without)
		is, _ := meaning(t, back)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("-before +after:\n%s", diff)
		}
		if len(was) > 0 && !cut && bytes.Equal(without, settings) && !bytes.Equal(back, settings) {
			t.Errorf("bytes differ:\nbefore %q\nafter  %q", settings, back)
		}
	})
}

// meaning reads settings as a client would, without the empty hooks and events
// that make no difference and that Uninstall removes. Cut reports whether there
// were any.
func meaning(t *testing.T, settings []byte) (m map[string]any, cut bool) {
	t.Helper()
	m = map[string]any{}
	settings = bytes.TrimPrefix(settings, []byte("\ufeff"))
	if len(bytes.TrimSpace(settings)) == 0 {
		return m, false
	}
	standard, err := hujson.Standardize(bytes.Clone(settings))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(standard, &m); err != nil {
		t.Fatal(err)
	}
	hooks, ok := m["hooks"].(map[string]any)
	if !ok {
		return m, false
	}
	for name, groups := range hooks {
		if list, ok := groups.([]any); ok && len(list) == 0 {
			delete(hooks, name)
			cut = true
		}
	}
	if len(hooks) == 0 {
		delete(m, "hooks")
		cut = true
	}
	return m, cut
}
