// Package alert is what a detector says and what a person sees.
//
// A Finding is one detector's statement about one event, or about an event and
// those before it. An Alert is a finding with an identity: its ID is made from
// the rule and the event, so that raising it twice, after a crash or by two
// watchers, is recognised as the same alert.
package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"gander/internal/event"
)

// A Level is Sigma's: informational, low, medium, high, critical.
type Level uint8

// The levels. Critical means act now, high look now, medium look today; what
// is below is searchable but not an alert.
const (
	Informational Level = iota
	Low
	Medium
	High
	Critical
)

var levelNames = [...]string{"informational", "low", "medium", "high", "critical"}

// ParseLevel reads a level by its Sigma name.
func ParseLevel(s string) (Level, error) {
	for i, n := range levelNames {
		if s == n {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("level %q: use informational, low, medium, high or critical", s)
}

func (l Level) String() string {
	if l.IsKnown() {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// IsKnown reports whether l is one of the five levels.
func (l Level) IsKnown() bool { return int(l) < len(levelNames) }

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the level's name.
func (l *Level) UnmarshalText(b []byte) (err error) {
	*l, err = ParseLevel(string(b))
	return err
}

// A Rule names what raised a finding.
type Rule struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Tags  []string `json:"tags,omitempty"` // "attack.t1105", ...
}

// A Match is the piece of evidence that fired: a field of the event, and the
// bytes of it where that is known.
type Match struct {
	Field string `json:"field"`           // "CommandLine", "TargetFilename"
	Value string `json:"value"`           // the field's value, or the part of it that matters
	Start int    `json:"start,omitempty"` // half-open byte range within Value
	End   int    `json:"end,omitempty"`   // 0 when no range is known
}

// A Finding is one detector's statement about one event.
type Finding struct {
	Rule    Rule
	Level   Level
	Why     string // one sentence for a person: what happened and why it matters
	Advice  string // what to do now
	Matches []Match
	// Events are those before the event at hand that the finding rests on,
	// oldest first.
	Events []EventRef
	// Key is set when the finding is about more than its event, such as a flood:
	// findings of a rule with the same key are one alert, whatever event they
	// are made for.
	Key string
}

// An EventRef points an alert at one of its events.
type EventRef struct {
	Session string `json:"session_id"`
	CallID  string `json:"tool_use_id"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Segment uint64 `json:"segment,omitempty"`
	Offset  int64  `json:"offset,omitempty"`
	Digest  string `json:"digest,omitempty"` // see event.Event
}

// An Alert is a finding a person or a machine is told about.
type Alert struct {
	SchemaVersion int        `json:"schema_version"`
	ID            string     `json:"id"` // 12 hex digits
	Time          time.Time  `json:"time"`
	Raised        time.Time  `json:"raised"`
	Level         Level      `json:"level"`
	Rule          Rule       `json:"rule"`
	Title         string     `json:"title"`
	Why           string     `json:"why"`
	Advice        string     `json:"advice,omitempty"`
	Agent         string     `json:"agent,omitempty"`
	Host          string     `json:"host,omitempty"`
	Session       string     `json:"session_id,omitempty"`
	Subagent      string     `json:"agent_id,omitempty"`
	CWD           string     `json:"cwd,omitempty"`
	Tool          string     `json:"tool,omitempty"`
	Subject       string     `json:"subject,omitempty"` // the command, path or URL at issue, shortened
	Matches       []Match    `json:"matches,omitempty"`
	Events        []EventRef `json:"events"` // in their order; the last is the one that raised it
}

// SchemaVersion is the version of Alert's JSON form.
const SchemaVersion = 1

// MaxSubject bounds Alert.Subject and every Match.Value, in bytes: an alert is
// a pointer to evidence, not a copy of it.
const MaxSubject = 2048

// New makes the alert that finding f about event e is. The same finding about
// the same event has the same ID whenever it is made.
func New(f Finding, e *event.Event, now time.Time) Alert {
	a := Alert{
		SchemaVersion: SchemaVersion,
		ID:            id(f, e),
		Time:          e.Time,
		Raised:        now.UTC(),
		Level:         f.Level,
		Rule:          f.Rule,
		Title:         f.Rule.Title,
		Why:           f.Why,
		Advice:        f.Advice,
		Agent:         e.Agent,
		Host:          e.Host,
		Session:       e.Session,
		Subagent:      e.Subagent,
		CWD:           e.CWD,
		Tool:          e.Tool,
		Subject:       clip(subject(e)),
		Events:        append(f.Events[:len(f.Events):len(f.Events)], RefOf(e)),
	}
	for _, m := range f.Matches {
		a.Matches = append(a.Matches, clipMatch(m))
	}
	return a
}

// RefOf points at e.
func RefOf(e *event.Event) EventRef {
	return EventRef{
		Session: e.Session, CallID: e.CallID, File: e.Ref.File, Line: e.Ref.Line,
		Segment: e.Ref.Segment, Offset: e.Ref.Offset, Digest: e.Digest,
	}
}

func id(f Finding, e *event.Event) string {
	if f.Key != "" {
		return digest(f.Rule.ID, f.Key)
	}
	var place event.Ref
	if e.CallID == "" { // nothing but its place tells it from an equal one
		place = e.Ref
	}
	return digest(f.Rule.ID, e.Agent, e.Session, e.CallID, e.Digest, place)
}

func digest(parts ...any) string {
	key, err := json.Marshal(parts)
	if err != nil {
		panic("alert: " + err.Error()) // strings and numbers always marshal
	}
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:6])
}

func subject(e *event.Event) string {
	switch {
	case e.Command != "":
		return e.Command
	case len(e.Paths) > 0:
		return e.Paths[0]
	case len(e.URLs) > 0:
		return e.URLs[0]
	}
	return e.Prompt
}
