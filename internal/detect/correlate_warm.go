package detect

import (
	"time"

	"gander/internal/event"
)

// A Warmer is a detector that remembers. Before it is asked about new events it
// wants to see those of the time before them that it has judged already.
type Warmer interface {
	Detector
	// Horizon is how far back events still matter.
	Horizon() time.Duration
	// Warm takes an event in and states nothing.
	Warm(*event.Event)
}

// Horizon is how far back a correlation still depends on events; 0 without any.
func (c *Correlated) Horizon() time.Duration { return c.set.Horizon() }

// Warm takes in an event that was judged before.
func (c *Correlated) Warm(e *event.Event) { c.Detect(e) }

// Horizon is how far back events matter to d, or to any detector of a set.
func Horizon(d Detector) time.Duration {
	var longest time.Duration
	for _, w := range warmers(d) {
		longest = max(longest, w.Horizon())
	}
	return longest
}

// Warm lets d, or every detector of a set, take in an event that was judged
// before.
func Warm(d Detector, e *event.Event) {
	for _, w := range warmers(d) {
		w.Warm(e)
	}
}

func warmers(d Detector) []Warmer {
	switch d := d.(type) {
	case Warmer:
		return []Warmer{d}
	case Set:
		var list []Warmer
		for _, member := range d {
			list = append(list, warmers(member)...)
		}
		return list
	}
	return nil
}
