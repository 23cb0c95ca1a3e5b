package main

import (
	"slices"
	"time"
)

// A sample is what the rounds of one thing took.
type sample []time.Duration

// at is the duration that a share p of the rounds did not exceed: 0 is the
// fastest round, 0.5 the median. An empty sample took no time.
func (s sample) at(p float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[int(p*float64(len(sorted)-1)+0.5)]
}

func (s sample) p50() time.Duration { return s.at(0.5) }

// over is the ratio of two medians, or 0 when the other was not measured.
func (s sample) over(other sample) float64 {
	if len(other) == 0 {
		return 0
	}
	return float64(s.p50()) / float64(other.p50())
}
