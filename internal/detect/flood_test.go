package detect_test

import (
	"fmt"
	"testing"
	"time"

	"gander/internal/detect"
	"gander/internal/event"
)

// floods counts the findings of d about n events, gap apart, of sessions that
// session names.
func floods(d *detect.Flood, n int, gap time.Duration, session func(i int) string) int {
	start := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	found := 0
	for i := range n {
		found += len(d.Detect(&event.Event{Session: session(i), Time: start.Add(time.Duration(i) * gap)}))
	}
	return found
}

func TestAFloodIsFoundOnce(t *testing.T) {
	one := func(int) string { return "s" }
	many := func(i int) string { return fmt.Sprint("s", i) }
	for _, tt := range []struct {
		name    string
		n       int
		gap     time.Duration
		session func(int) string
		want    int
	}{
		{"a busy session is none", 20_000, 20 * time.Millisecond, one, 0},
		{"a session gone wild is one", 6000, 2 * time.Millisecond, one, 1},
		{"many made-up sessions are one together", 12_000, 100 * time.Microsecond, many, 1},
		{"a wild session is one of its own and one in all", 12_000, 100 * time.Microsecond, one, 2},
		{"one that goes on is told again after a while", 650_000, 2 * time.Millisecond, one, 3},
		{"events at one time are no division by zero", 2500, 0, one, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := floods(new(detect.Flood), tt.n, tt.gap, tt.session); got != tt.want {
				t.Errorf("%d findings, want %d", got, tt.want)
			}
		})
	}
}
