package detect

import (
	"fmt"
	"hash/maphash"
	"time"

	"gander/internal/alert"
	"gander/internal/event"
)

// A loop counts one call that a session makes again and again.
type loop struct {
	key   uint64
	last  time.Time
	calls repetition
	fails repetition
	early *link // one of the first
}

// A repetition counts calls in a window of time.
type repetition struct {
	since time.Time
	n     int
	told  bool
}

const (
	maxLoops    = 16
	loopWindow  = 10 * time.Minute
	loopCalls   = 100
	loopFails   = 20
	maxKeyBytes = 4 << 10
)

// keyOf tells calls apart by tool and input, of which it takes the beginning and
// the length.
func (s *Sessions) keyOf(e *event.Event) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	h.WriteString(e.Tool)
	h.WriteByte(0)
	if e.Command != "" {
		h.WriteString(e.Command[:min(len(e.Command), maxKeyBytes)])
		return h.Sum64() ^ uint64(len(e.Command))
	}
	h.Write(e.Input[:min(len(e.Input), maxKeyBytes)])
	for _, p := range e.Paths[:min(len(e.Paths), 4)] {
		h.WriteString(p[:min(len(p), maxPath)])
	}
	return h.Sum64() ^ uint64(len(e.Input))<<1 ^ uint64(len(e.Content))
}

// loopOf finds the count of a call. Of too many, the one that has rested longest
// is given up.
func (se *session) loopOf(key uint64, now time.Time) *loop {
	oldest := 0
	for i := range se.loops {
		if l := &se.loops[i]; l.key == key {
			l.last = now
			return l
		} else if l.last.Before(se.loops[oldest].last) {
			oldest = i
		}
	}
	if len(se.loops) < maxLoops {
		se.loops = append(se.loops, loop{})
		oldest = len(se.loops) - 1
	}
	se.loops[oldest] = loop{key: key, last: now}
	return &se.loops[oldest]
}

// add counts one more, and reports whether it is too many for the first time.
func (t *repetition) add(now time.Time, limit int) bool {
	if d := now.Sub(t.since); t.n == 0 || d > loopWindow || d < -loopWindow {
		*t = repetition{since: now, told: t.told}
	}
	t.n++
	if t.n <= limit || t.told {
		return false
	}
	t.told = true
	return true
}

func (s *Sessions) repeatedCall(se *session, e *event.Event, key uint64) {
	l := se.loopOf(key, e.Time)
	if l.calls.add(e.Time, loopCalls) {
		s.runaway(se, e, l, fmt.Sprintf("the same call was made more than %d times within %s", loopCalls, loopWindow))
	}
	if l.early == nil && l.calls.n == loopFails/2 {
		l.early = newLink(se, e, nil)
	}
}

func (s *Sessions) failedCall(se *session, e *event.Event, key uint64) {
	l := se.loopOf(key, e.Time)
	if l.fails.add(e.Time, loopFails) {
		s.runaway(se, e, l, fmt.Sprintf("the same call failed more than %d times within %s, and is still tried", loopFails, loopWindow))
	}
}

func (s *Sessions) runaway(se *session, e *event.Event, l *loop, why string) {
	s.say(alert.Finding{
		Rule:   alert.Rule{ID: "gander.runaway", Title: "A session repeats itself", Tags: []string{"attack.t1499", "atlas.aml.t0034", "owasp.asi08"}},
		Level:  alert.Medium,
		Why:    why + ": the agent is stuck, and costs money or wears something out",
		Advice: "look at the session, and stop it if it does not get on",
		Events: se.chain(l.early, e),
	})
}
