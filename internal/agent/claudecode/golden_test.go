package claudecode_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gander/internal/agent/claudecode"
	"gander/internal/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenEvent is an event as a golden file shows it: what is empty is left
// out, and so is Raw, which is the payload beside it.
type goldenEvent struct {
	Time         string `json:",omitempty"`
	Agent        string `json:",omitempty"`
	Kind         event.Kind
	Name         string          `json:",omitempty"`
	Session      string          `json:",omitempty"`
	CallID       string          `json:",omitempty"`
	Subagent     string          `json:",omitempty"`
	SubagentType string          `json:",omitempty"`
	Mode         string          `json:",omitempty"`
	CWD          string          `json:",omitempty"`
	Transcript   string          `json:",omitempty"`
	Tool         string          `json:",omitempty"`
	MCPServer    string          `json:",omitempty"`
	MCPTool      string          `json:",omitempty"`
	Action       event.Action    `json:",omitempty"`
	Command      string          `json:",omitempty"`
	Paths        []string        `json:",omitempty"`
	URLs         []string        `json:",omitempty"`
	Content      string          `json:",omitempty"`
	Prompt       string          `json:",omitempty"`
	Input        json.RawMessage `json:",omitempty"`
	Result       json.RawMessage `json:",omitempty"`
	Faults       []string        `json:",omitempty"`
}

func golden(e event.Event) goldenEvent {
	g := goldenEvent{
		Agent: e.Agent, Kind: e.Kind, Name: e.Name, Session: e.Session, CallID: e.CallID,
		Subagent: e.Subagent, SubagentType: e.SubagentType, Mode: e.Mode, CWD: e.CWD,
		Transcript: e.Transcript, Tool: e.Tool, MCPServer: e.MCPServer, MCPTool: e.MCPTool,
		Action: e.Action, Command: e.Command, Paths: e.Paths, URLs: e.URLs,
		Content: e.Content, Prompt: e.Prompt, Input: e.Input, Result: e.Result, Faults: e.Faults,
	}
	if !e.Time.IsZero() {
		g.Time = e.Time.Format("2006-01-02T15:04:05.000Z07:00")
	}
	return g
}

// checkGolden compares v, as indented JSON, with a file.
func checkGolden(t *testing.T, file string, v any) {
	t.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	checkGoldenText(t, file, got.Bytes())
}

// checkGoldenText compares got with a file.
func checkGoldenText(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; if that is meant, run with -update (-want +got):\n%s", file, diff)
	}
}

// payloads returns the captured payloads: one file each, as the client sent
// them to the hook, with paths and ids replaced.
func payloads(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/payloads/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads in testdata: %v", err)
	}
	return files
}

func TestParseGivesTheGoldenEvents(t *testing.T) {
	for _, file := range payloads(t) {
		name := strings.TrimPrefix(filepath.ToSlash(file), "testdata/payloads/")
		t.Run(name, func(t *testing.T) {
			payload, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			e := claudecode.Adapter{}.Parse(payload)
			if len(e.Faults) > 0 || e.Kind == event.Unreadable {
				t.Errorf("kind %v with faults %v in a real payload", e.Kind, e.Faults)
			}
			if !bytes.Equal(e.Raw, payload) {
				t.Error("Raw is not the payload")
			}
			checkGolden(t, "testdata/golden/"+name, golden(e))
		})
	}
}

func TestPayloadsCoverEveryHookEvent(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range payloads(t) {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seen[claudecode.Adapter{}.Parse(payload).Name] = true
	}
	if n := len(claudecode.Events()); n != 33 {
		t.Errorf("%d hook events listed, want 33", n)
	}
	for _, name := range claudecode.Events() {
		if !seen[name] {
			t.Errorf("no payload of %s", name)
		}
		delete(seen, name)
	}
	for name := range seen {
		t.Errorf("payload of %s, which Events does not list", name)
	}
}

func TestTranscriptsGiveTheGoldenEvents(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var events []goldenEvent
			for line := range bytes.Lines(b) {
				for _, e := range (claudecode.Adapter{}).ParseTranscriptLine(line) {
					events = append(events, golden(e))
				}
			}
			checkGolden(t, "testdata/golden/transcripts/"+filepath.Base(file)+".json", events)
		})
	}
}
