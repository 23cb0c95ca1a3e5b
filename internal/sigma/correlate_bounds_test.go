package sigma_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"gander/internal/alert"
	"gander/internal/sigma"
)

func TestWhatIsForgottenIsTold(t *testing.T) {
	t.Run("groups", func(t *testing.T) {
		f := feederOf(t, basics+correlation("type: temporal_ordered\nrules: [rule_a, rule_b]\ngroup-by: u\ntimespan: 1h"))
		for i := range 2048 {
			f.at(float64(i)/1000, fmt.Sprint("a u=", i))
		}
		f.at(3, "a u=0") // not the one heard of longest ago any more
		if len(f.lost) > 0 {
			t.Fatalf("lost %q", f.lost[0])
		}
		f.at(4, "a u=new")
		if got := f.at(5, "b u=0"); len(got) != 1 {
			t.Errorf("the group that was in use is forgotten: %q", got)
		}
		if got := f.at(5, "b u=1"); len(got) != 0 || f.lost[0] != "corr groups" {
			t.Errorf("%q, lost %q", got, f.lost)
		}
		f.lost = nil
		f.at(10_000, "a u=late")
		if len(f.lost) > 0 {
			t.Errorf("a group that is over is no loss: %q", f.lost)
		}
	})
	t.Run("events", func(t *testing.T) {
		f := feederOf(t, basics+correlation("type: event_count\nrules: rule_a\ntimespan: 1h\ncondition: {eq: 4095}"))
		for i := range 4097 {
			f.at(float64(i)/1000, "a")
		}
		if len(f.lost) != 1 || f.lost[0] != "corr events" {
			t.Errorf("lost %q", f.lost)
		}
	})
	t.Run("events that are enough anyway", func(t *testing.T) {
		f := feederOf(t, basics+correlation("type: event_count\nrules: rule_a\ntimespan: 1h\ncondition: {gte: 100}"))
		for i := range 5000 {
			f.at(float64(i)/1000, "a")
		}
		if _, n := f.Groups(); len(f.lost) != 0 || n != 4096 {
			t.Errorf("%d kept, lost %q", n, f.lost)
		}
	})
	t.Run("time", func(t *testing.T) {
		f := feederOf(t, basics+correlation("type: temporal_ordered\nrules: [rule_a, rule_b]\ntimespan: 1m"))
		f.at(1000, "a")
		f.at(0, "b")
		if len(f.lost) != 1 || f.lost[0] != "corr time" {
			t.Errorf("lost %q", f.lost)
		}
		f.at(1, "a")
		if got := f.at(2, "b"); len(got) != 1 {
			t.Error("the clock that was set back is not gone on with")
		}
	})
}

// TestAHundredThousandGroupsFitIntoMemory gives a correlation of each type ever
// new groups, then one group ever new values.
func TestAHundredThousandGroupsFitIntoMemory(t *testing.T) {
	for _, kind := range []string{
		"type: event_count\ncondition: {gte: 10}", "type: value_count\ncondition: {field: f, gte: 4000}", "type: value_median\ncondition: {field: n, gte: 10}",
		"type: value_percentile\ncondition: {field: f, lt: 0.001}", "type: temporal", "type: temporal_ordered",
	} {
		for _, group := range []string{"u", "v"} {
			rules := "[rule_a]"
			if strings.Contains(kind, "temporal") {
				rules = "[rule_a, rule_b]"
			}
			set := compile(t, parse(t, basics+correlation(kind+"\nrules: "+rules+"\ngroup-by: "+group+"\ntimespan: 1h")))
			c := set.NewCorrelator()
			var a *sigma.Rule
			set.NewMatcher().Match("test", event{"kind": {"a"}}, func(h *sigma.Hit) bool { a = h.Rule; return false })
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start, now := time.Now(), time.Unix(1_800_000_000, 0)
			for i := range 100_000 {
				key := fmt.Sprint("key ", i)
				e := event{"kind": {"a"}, "u": {key}, "v": {"same"}, "f": {key}, "n": {fmt.Sprint(i % 7)}}
				c.Add(a, e, now.Add(time.Duration(i)*time.Millisecond), &alert.EventRef{CallID: key}, func(*sigma.Correlated) {})
			}
			took := time.Since(start)
			runtime.GC()
			runtime.ReadMemStats(&after)
			groups, events := c.Groups()
			t.Logf("%-50.50q by %s: %v, %d groups, %d events, %d KiB", kind, group, took.Round(time.Millisecond), groups, events, (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
			if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); groups > 2048 || events < 1 || events > 32_768 || used > 16<<20 {
				t.Errorf("%s: %d groups, %d events, %d bytes", kind, groups, events, used)
			}
			runtime.KeepAlive(c)
		}
	}
}
