//go:build e2e

package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A record is one line of the journal, as docs/format/record.md has it.
type record struct {
	Version int             `json:"v"`
	Time    time.Time       `json:"ts"`
	Session string          `json:"sid"`
	Agent   string          `json:"agent"`
	Payload json.RawMessage `json:"payload"`
	payload
}

// records reads the journal. Every line must be a whole record whose payload
// travels as it came; records made by probe are left out.
func (m *machine) records(t *testing.T) (list []record) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.state, "journal", "live.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line == "\n" {
			continue
		}
		r := parseRecord(t, line)
		if !slices.Contains(m.probes, r.payload.Session) {
			list = append(list, r)
		}
	}
	return list
}

func parseRecord(t *testing.T, line string) (r record) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("record %.200q: %v", line, err)
	}
	if err := json.Unmarshal(r.Payload, &r.payload); err != nil {
		t.Fatalf("payload of record %.200q: %v", line, err)
	}
	if r.Version != 1 || r.Agent != "claude-code" || r.Session != r.payload.Session[:8] || r.Time.IsZero() {
		t.Errorf("header of record %.200q does not fit its payload", line)
	}
	return r
}

func payloads(list []record) (seen []payload) {
	for _, r := range list {
		seen = append(seen, r.payload)
	}
	return seen
}

// before returns the record made before the call ran.
func before(t *testing.T, list []record, callID string) record {
	t.Helper()
	i := slices.IndexFunc(list, func(r record) bool { return r.Event == "PreToolUse" && r.CallID == callID })
	if i < 0 {
		t.Fatalf("no PreToolUse record of call %s", callID)
	}
	return list[i]
}
