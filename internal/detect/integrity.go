package detect

import (
	"fmt"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/event"
)

// Integrity states what is wrong with the record itself: it looks at an
// event's faults and at nothing else. Of a flood of damaged lines it tells the
// first few of each minute, then one alert for the rest.
type Integrity struct {
	minute time.Time
	n      int
}

var _ Detector = (*Integrity)(nil)

// perMinute is how many faults a minute are told one by one.
const perMinute = 20

type fault struct {
	level      alert.Level
	title, why string
	advice     string
	attack     string
}

const tampering = "attack.t1070"

// faults says what each fault means. A fault that is not listed is not worth
// an alert.
var faults = map[string]fault{
	event.FaultTorn: {
		alert.Medium, "A record is torn",
		"a hook was killed or ran out of space while it wrote, so one call is not fully recorded",
		"look at what ran around that time, and at the free disk space", tampering,
	},
	event.FaultForeign: {
		alert.High, "Somebody else wrote into the journal",
		"a line in the journal was not written by gander: only hooks append to it",
		"look at the calls just before it, and keep a copy of the journal", tampering,
	},
	event.FaultTooLong: {
		alert.High, "A line in the journal is longer than any record",
		"no hook writes such a line: it may be meant to exhaust whoever reads it",
		"look at the calls just before it", tampering,
	},
	event.FaultDamaged: {
		alert.High, "A compressed segment of the journal is damaged",
		"bytes of it are not what was compressed, so the records in them are lost",
		"run gander verify; put the segment back from a copy", tampering,
	},
	// One for each call while a disk is full would be a flood; the full disk
	// is an alert of its own.
	event.FaultCut: {
		alert.Low, "A call was recorded only in part",
		"its payload was too large, or the disk too full, so only its ends and its hash were kept",
		"free the disk; the transcript may still have the whole call", "",
	},
	event.FaultHookFailed: {
		alert.High, "A call could not be recorded",
		"the hook ran but could not append to the journal, so the call it stood for is missing",
		"run gander status; free the disk or put the journal's file back", tampering,
	},
	event.FaultJournal: {
		alert.Critical, "The journal was changed",
		"what had been read of the journal is not there any more, or something blocks its place",
		"keep a copy of the journal's directory and look at what the agents did last", tampering,
	},
	event.FaultChanged: {
		alert.Critical, "Records were changed before they were sealed",
		"what lay in the journal when it was sealed is not what had been read of it a moment before",
		"keep a copy of the journal's directory, and look at what the agents did last", tampering,
	},
	event.FaultSeals: {
		alert.Critical, "The journal's seals are not as they were left",
		"the genesis, the seals or their key were changed or taken away by somebody else",
		"run gander verify; keep a copy of the journal's directory", tampering,
	},
	event.FaultHeldOpen: {
		alert.High, "A process holds an ended segment of the journal open",
		"hooks are done within milliseconds: whoever holds the file longer can still add to it, and sealing waits for that",
		"see which process it is, and end it", tampering,
	},
	event.FaultDisk: {
		alert.High, "The disk is nearly full",
		"when it is full, calls are recorded only in part, and later not at all",
		"free some space", "attack.t1499",
	},
	event.FaultClock: {
		alert.Medium, "The clock was changed",
		"times in records and alerts around it cannot be compared; the order of records still holds",
		"see who set the clock", "attack.t1070.006",
	},
	event.FaultAnchor: {
		alert.High, "An anchor does not answer",
		"seals are not copied out of the agent's reach, so that a rollback of the journal would not be noticed",
		"run gander status; see docs/anchors.md", "",
	},
	event.FaultKeeping: {
		alert.High, "The journal cannot be looked after",
		"sealing, rotation, compression or deletion does not work",
		"see what the detail says; run gander status", "",
	},
	event.FaultAgent: {
		alert.Medium, "A record names an unknown agent",
		"no adapter of this version understands the record, so its call was not judged",
		"update gander, or see who calls the hook with that name", "",
	},
	event.FaultOutbox: {
		alert.High, "The list of alerts is damaged",
		"lines of the outbox cannot be read: alerts raised before may be missing from it",
		"compare with where the alerts were sent to", tampering,
	},
	event.FaultNotJSON: {
		alert.Medium, "A record's payload is not JSON",
		"the agent always sends JSON, so somebody else ran the hook or the agent has changed",
		"look at the record; update gander if the agent is new", "",
	},
	event.FaultDuplicateKey: {
		alert.High, "A record can be read in two ways",
		"a key stands twice in the payload: the agent and the monitor may each take another one",
		"look at both values in the record", "attack.t1036",
	},
}

// Detect returns a finding for each fault that matters.
func (d *Integrity) Detect(e *event.Event) []alert.Finding {
	var out []alert.Finding
	for _, f := range e.Faults {
		code, detail, _ := strings.Cut(f, ":")
		known, ok := faults[code]
		if !ok {
			continue
		}
		found := known.finding(code, detail)
		if d.tooMany(e.Time) {
			found = many(d.minute, found)
		}
		out = append(out, found)
	}
	return out
}

func (d *Integrity) tooMany(t time.Time) bool {
	if m := t.Truncate(time.Minute); !m.Equal(d.minute) {
		d.minute, d.n = m, 0
	}
	d.n++
	return d.n > perMinute
}

// many stands for all further faults of a minute.
func many(minute time.Time, f alert.Finding) alert.Finding {
	f.Rule = alert.Rule{ID: "gander.many-faults", Title: "Many damaged records", Tags: f.Rule.Tags}
	f.Key = minute.UTC().Format(time.RFC3339)
	f.Why = fmt.Sprintf("more than %d records of this minute are damaged; only the first were told one by one", perMinute)
	return f
}

func (f fault) finding(code, detail string) alert.Finding {
	out := alert.Finding{
		Rule:   alert.Rule{ID: "gander." + code, Title: f.title},
		Level:  f.level,
		Why:    f.why,
		Advice: f.advice,
	}
	if f.attack != "" {
		out.Rule.Tags = []string{f.attack}
	}
	if detail != "" {
		out.Matches = []alert.Match{{Field: "fault", Value: detail}}
	}
	return out
}
