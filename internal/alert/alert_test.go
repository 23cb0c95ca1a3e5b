package alert_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gander/internal/alert"
	"gander/internal/event"
)

func TestTheSameFindingAboutTheSameEventIsTheSameAlert(t *testing.T) {
	f := alert.Finding{Rule: alert.Rule{ID: "r", Title: "t"}, Level: alert.High}
	e := event.Event{Agent: "claude-code", Session: "s", CallID: "c", Digest: "d", Ref: event.Ref{Segment: 1, Offset: 10}}
	id := alert.New(f, &e, time.Now()).ID
	for _, tt := range []struct {
		name   string
		change func(*alert.Finding, *event.Event)
		same   bool
	}{
		{"raised later", func(*alert.Finding, *event.Event) {}, true},
		{"after its segment was rewritten elsewhere", func(_ *alert.Finding, e *event.Event) { e.Ref.Offset = 99 }, true},
		{"another rule", func(f *alert.Finding, _ *event.Event) { f.Rule.ID = "x" }, false},
		{"another session", func(_ *alert.Finding, e *event.Event) { e.Session = "x" }, false},
		{"another call", func(_ *alert.Finding, e *event.Event) { e.CallID = "x" }, false},
		{"the same id on another record", func(_ *alert.Finding, e *event.Event) { e.Digest = "x" }, false},
		{"no id, another place", func(_ *alert.Finding, e *event.Event) { e.CallID, e.Ref.Offset = "", 99 }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, e := f, e
			tt.change(&f, &e)
			if got := alert.New(f, &e, time.Now().Add(time.Hour)).ID; (got == id) != tt.same {
				t.Errorf("ids %s and %s: same %t, want %t", id, got, got == id, tt.same)
			}
		})
	}
}

func TestFindingWithAKeyIsOneAlertForManyEvents(t *testing.T) {
	f := alert.Finding{Rule: alert.Rule{ID: "flood"}, Key: "session s at noon"}
	a := alert.New(f, &event.Event{CallID: "1"}, time.Now())
	b := alert.New(f, &event.Event{CallID: "2"}, time.Now())
	if a.ID != b.ID {
		t.Errorf("ids %s and %s", a.ID, b.ID)
	}
}

func TestAlertIsAPointerToEvidenceNotACopy(t *testing.T) {
	long := strings.Repeat("é", 10_000)
	at := strings.Index(long, "é") + 8000
	a := alert.New(alert.Finding{Matches: []alert.Match{{Field: "f", Value: long, Start: at, End: at + 4}}}, &event.Event{Command: long}, time.Now())
	m := a.Matches[0]
	if len(a.Subject) > alert.MaxSubject+4 || len(m.Value) > alert.MaxSubject+4 {
		t.Errorf("subject of %d bytes, match of %d", len(a.Subject), len(m.Value))
	}
	if !utf8.ValidString(a.Subject) || !utf8.ValidString(m.Value) {
		t.Error("a character was cut in two")
	}
	if got := m.Value[m.Start:m.End]; got != long[at:at+4] {
		t.Errorf("the matched part is %q", got)
	}
}

func TestLevelsAreReadAndWrittenByName(t *testing.T) {
	for _, name := range []string{"informational", "low", "medium", "high", "critical"} {
		var l alert.Level
		if err := json.Unmarshal([]byte(`"`+name+`"`), &l); err != nil || l.String() != name || !l.IsKnown() {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	var l alert.Level
	if err := json.Unmarshal([]byte(`"severe"`), &l); err == nil {
		t.Error("severe is a level")
	}
	if l := alert.Level(9); l.IsKnown() || l.String() != "level(9)" {
		t.Errorf("level 9 is %s", l)
	}
}
