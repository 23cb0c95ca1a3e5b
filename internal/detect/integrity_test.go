package detect_test

import (
	"testing"
	"time"

	"gander/internal/alert"
	"gander/internal/detect"
	"gander/internal/event"
)

func TestAFaultOfTheRecordIsFound(t *testing.T) {
	for _, tt := range []struct {
		name, fault string
		level       alert.Level
		detail      string
	}{
		{"a torn record", event.FaultTorn, alert.Medium, ""},
		{"a line of somebody else", event.FaultForeign + ":not a record", alert.High, "not a record"},
		{"a line no hook writes", event.FaultTooLong, alert.High, ""},
		{"a record without its middle", event.FaultCut + ":9999999", alert.Low, "9999999"},
		{"a hook that could not append", event.FaultHookFailed + ":no space", alert.High, "no space"},
		{"a changed journal", event.FaultJournal + ":truncated: live.jsonl", alert.Critical, "truncated: live.jsonl"},
		{"an unknown agent", event.FaultAgent + ":x", alert.Medium, "x"},
		{"a damaged outbox", event.FaultOutbox, alert.High, ""},
		{"a payload that is no JSON", event.FaultNotJSON, alert.Medium, ""},
		{"a key that stands twice", "duplicate-key", alert.High, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := new(detect.Integrity).Detect(&event.Event{Faults: []string{tt.fault}})
			if len(found) != 1 {
				t.Fatalf("%d findings, want 1", len(found))
			}
			f := found[0]
			if f.Level != tt.level || f.Rule.ID == "" || f.Rule.Title == "" || f.Why == "" || f.Advice == "" {
				t.Errorf("finding %+v", f)
			}
			if tt.detail == "" != (len(f.Matches) == 0) || tt.detail != "" && f.Matches[0].Value != tt.detail {
				t.Errorf("matches %v, want %q", f.Matches, tt.detail)
			}
		})
	}
}

func TestAFloodOfFaultsIsOneAlertAMinute(t *testing.T) {
	d := new(detect.Integrity)
	start := time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC)
	keys, single := map[string]bool{}, 0
	for i := range 300 {
		e := event.Event{Time: start.Add(time.Duration(i) * 400 * time.Millisecond), Faults: []string{event.FaultTorn}}
		for _, f := range d.Detect(&e) {
			if f.Rule.ID == "gander.torn" {
				single++
				continue
			}
			keys[f.Rule.ID+f.Key] = true
		}
	}
	if single != 40 || len(keys) != 2 {
		t.Errorf("%d single findings and %d others in two minutes, want 40 and 2", single, len(keys))
	}
}

func TestAnUnknownFaultIsNotFound(t *testing.T) {
	e := event.Event{Faults: []string{"wrong-type:session_id", ""}}
	if found := new(detect.Integrity).Detect(&e); found != nil {
		t.Errorf("found %v", found)
	}
}

func TestASetAsksItsDetectorsInOrder(t *testing.T) {
	e := readOf("/a/b")
	e.Faults = []string{event.FaultTorn}
	found := detect.Set{rule(t, "file_access", "{FileName: /a/b}"), new(detect.Integrity)}.Detect(&e)
	if len(found) != 2 || found[0].Rule.ID != "t" || found[1].Rule.ID != "gander.torn" {
		t.Errorf("found %v", found)
	}
}

func TestEveryFaultWithANameIsSaid(t *testing.T) {
	for _, fault := range []string{
		event.FaultNotJSON, event.FaultDuplicateKey, event.FaultAgent, event.FaultCut, event.FaultHookFailed,
		event.FaultTorn, event.FaultForeign, event.FaultTooLong, event.FaultDamaged, event.FaultJournal, event.FaultOutbox,
		event.FaultChanged, event.FaultSeals, event.FaultHeldOpen, event.FaultDisk, event.FaultClock, event.FaultAnchor, event.FaultKeeping,
	} {
		found := new(detect.Integrity).Detect(&event.Event{Faults: []string{fault + ":detail"}})
		if len(found) != 1 || found[0].Rule.ID != "gander."+fault || found[0].Why == "" || found[0].Advice == "" {
			t.Errorf("%s: found %+v", fault, found)
		}
	}
}
