package detect

import (
	"gander/internal/event"
	"gander/internal/sigma"
)

// A tally counts what rules are given and what they find. A nil tally counts
// nothing.
type tally struct {
	logs    map[string]int // log events by class
	matches map[string]*matchCount
}

// A matchCount is how many calls a rule matched.
type matchCount struct {
	n    int
	last *event.Event
}

func (t *tally) add(r *sigma.Rule, call *event.Event) {
	if t == nil {
		return
	}
	m := t.matches[r.ID]
	if m == nil {
		m = new(matchCount)
		t.matches[r.ID] = m
	}
	if m.last != call {
		m.n, m.last = m.n+1, call
	}
}

// Count makes c count from now on, for Saw and Matched.
func (c *Correlated) Count() {
	c.tally = &tally{logs: make(map[string]int), matches: make(map[string]*matchCount)}
}

// Saw returns how many log events there were that a rule of this log source
// reads.
func (c *Correlated) Saw(l sigma.Logsource) int {
	n := 0
	for _, class := range classes(l) {
		n += c.tally.logs[class]
	}
	return n
}

// Matched returns how many calls a rule matched, or completed a correlation,
// whether it was to raise anything or not.
func (c *Correlated) Matched(id string) int {
	if m := c.tally.matches[id]; m != nil {
		return m.n
	}
	return 0
}
