package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"gander/internal/agent"
	"gander/internal/agent/claudecode"
	"gander/internal/event"
	"gander/internal/hook"
	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/zst"
	"gander/internal/tail"
)

// adapters are the agents this build understands.
var adapters = map[string]agent.Adapter{
	claudecode.Name: claudecode.Adapter{},
}

// decode makes an event of a line of the journal. It never fails: what cannot
// be understood is an unreadable event with a fault.
func decode(entry *journal.Entry, segment uint64) *event.Event {
	e := understand(entry)
	e.Ref = event.Ref{Segment: segment, Offset: entry.Offset}
	sum := sha256.Sum256(entry.Line)
	e.Digest = hex.EncodeToString(sum[:8])
	return e
}

func understand(entry *journal.Entry) *event.Event {
	switch {
	case errors.Is(entry.Err, record.ErrTorn):
		return unreadable(event.FaultTorn)
	case errors.Is(entry.Err, journal.ErrTooLong):
		return unreadable(event.FaultTooLong)
	case errors.As(entry.Err, new(*zst.DamageError)):
		return unreadable(event.FaultDamaged + ":" + entry.Err.Error())
	case entry.Err != nil:
		return unreadable(event.FaultForeign + ":" + entry.Err.Error())
	}
	r := &entry.Record
	payload := r.Payload
	if r.Cut != nil {
		payload = agent.Mend(payload[:r.Cut.Head], payload[r.Cut.Head:], "tool_use_id")
	}
	e := unreadable(event.FaultAgent + ":" + r.Agent)
	if a, ok := adapters[r.Agent]; ok {
		parsed := a.Parse(payload)
		e = &parsed
	}
	if r.Cut != nil {
		e.Faults = append(e.Faults, fmt.Sprintf("%s:%d bytes", event.FaultCut, r.Cut.Len))
	}
	if !r.Encoded && slices.Contains(e.Faults, event.FaultNotJSON) {
		// A hook writes only valid JSON as it is: this line was cut at a brace.
		e.Faults = []string{event.FaultTorn}
	}
	e.Time, e.Agent, e.Host = r.Time, r.Agent, r.Host
	e.Origin = event.Process{UID: r.UID, PID: r.PID, Parent: r.Parent, ParentStart: r.PStart}
	return e
}

func unreadable(fault string) *event.Event {
	return &event.Event{Kind: event.Unreadable, Faults: []string{fault}}
}

// noticeEvent makes an event of something that happened to the journal.
func noticeEvent(n *tail.Notice, now time.Time) *event.Event {
	return faultEvent(event.FaultJournal+":"+string(n.Kind)+": "+n.Detail, now)
}

// faultEvent makes an event of something wrong with what gander keeps. It
// happens anew each time it is seen, so the time is its identity.
func faultEvent(fault string, now time.Time) *event.Event {
	e := unreadable(fault)
	e.Time, e.Digest = now, now.Format(time.RFC3339Nano)
	return e
}

// markEvent makes an event of a hook's mark. The mark's name is its identity.
func markEvent(m hook.Mark) *event.Event {
	e := unreadable(event.FaultHookFailed + ":" + m.Reason())
	e.Time, e.Session, e.Digest = m.Time, m.Session, m.Name
	e.Origin.PID = m.PID
	return e
}
