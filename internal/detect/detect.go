// Package detect decides what is suspicious.
//
// A [Detector] looks at one event and states findings. The detectors of a
// [Set] see every event in the same order; what they find does not depend on
// when they are asked, so that a restart raises the same alerts again and the
// outbox can recognise them.
package detect

import (
	"gander/internal/alert"
	"gander/internal/event"
)

// A Detector looks at one event. Detect must not block, dial or write, and is
// called from one goroutine.
type Detector interface {
	Detect(*event.Event) []alert.Finding
}

// A Set asks several detectors.
type Set []Detector

// Detect returns the findings of all detectors, in their order.
func (s Set) Detect(e *event.Event) []alert.Finding {
	var all []alert.Finding
	for _, d := range s {
		all = append(all, d.Detect(e)...)
	}
	return all
}

var _ Detector = Set(nil)
