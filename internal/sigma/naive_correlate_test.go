package sigma_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gander/internal/sigma"
)

// A past is all matches of one group, oldest first, for evaluators that look at
// all of it again for every event.
type past []match

type match struct {
	at     float64 // seconds
	rule   int
	value  float64
	number float64 // what the correlation counted when this was the last
}

// measure counts in the timespan that ends with the last match.
func (p past) measure(kind string, span float64) float64 {
	now := p[len(p)-1].at
	var values []float64
	rules := map[int]bool{}
	for _, m := range p {
		if m.at > now-span {
			values = append(values, m.value)
			rules[m.rule] = true
		}
	}
	slices.Sort(values)
	total := 0.0
	for _, v := range values {
		total += v
	}
	switch n := len(values); kind {
	case sigma.EventCount:
		return float64(n)
	case sigma.ValueCount:
		return float64(len(slices.Compact(values)))
	case sigma.ValueSum:
		return total
	case sigma.ValueAvg:
		return total / float64(n)
	case sigma.ValueMedian:
		return (values[(n-1)/2] + values[n/2]) / 2
	default:
		return float64(len(rules))
	}
}

// speaks reports whether the last match begins an episode, or is the first of
// a timespan in one that has gone on for at least as long.
func (p past) speaks(holds func(float64) bool, span float64) bool {
	i := len(p) - 1
	if !holds(p[i].number) {
		return false
	}
	for i > 0 && holds(p[i-1].number) && p[i].at-p[i-1].at < span {
		i--
	}
	last := len(p) - 1
	return i == last || p[last].at-p[i].at >= span && int(p[last].at/span) != int(p[last-1].at/span)
}

// begins returns the latest match that begins a sequence of n rules whose last
// is the last match, or -1.
func (p past) begins(n int, span float64) int {
	last := len(p) - 1
	if p[last].rule != n-1 {
		return -1
	}
	var best func(end, rule int) int
	best = func(end, rule int) int {
		if rule < 0 {
			return end
		}
		found := -1
		for i := range end {
			if p[i].rule == rule && p[i].at > p[last].at-span {
				found = max(found, best(i, rule-1))
			}
		}
		return found
	}
	return best(last, n-2)
}

func TestCorrelatorAgreesWithNaiveEvaluation(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for _, kind := range []string{sigma.EventCount, sigma.ValueCount, sigma.ValueSum, sigma.ValueAvg, sigma.ValueMedian, sigma.Temporal, sigma.TemporalOrdered} {
		t.Run(kind, func(t *testing.T) {
			spoke := 0
			for range 40 {
				spoke += agreesWithNaive(t, random, kind)
			}
			if spoke < 100 {
				t.Errorf("only %d correlations: the sample says little", spoke)
			}
		})
	}
}

func agreesWithNaive(t *testing.T, random *rand.Rand, kind string) (spoke int) {
	t.Helper()
	const span = 60
	least := float64(1 + random.IntN(5))
	condition := fmt.Sprintf("condition: {gte: %v}", least)
	switch kind {
	case sigma.ValueCount, sigma.ValueSum, sigma.ValueAvg, sigma.ValueMedian:
		condition = fmt.Sprintf("condition: {field: f, gte: %v}", least)
	case sigma.Temporal:
		least = min(least, 3)
		condition = fmt.Sprintf("condition: {gte: %v}", least)
	case sigma.TemporalOrdered:
		condition = "group-by: []"
	}
	f := feederOf(t, basics+correlation("type: "+kind+"\nrules: [rule_a, rule_b, rule_c]\ntimespan: 60s\n"+condition))
	var p past
	now, told := 0.0, -1
	for i := range 60 {
		now += float64(random.IntN(60*8)+1) / 16
		m := match{at: now, rule: random.IntN(3), value: float64(random.IntN(9))}
		p = append(p, m)
		want := false
		if kind == sigma.TemporalOrdered {
			if b := p.begins(3, span); b >= 0 && b != told {
				told, want = b, true
			}
		} else {
			p[i].number = p.measure(kind, span)
			want = p.speaks(func(n float64) bool { return n >= least }, span)
		}
		got := f.at(now, fmt.Sprintf("%c f=%v", 'a'+m.rule, m.value))
		if (len(got) > 0) != want {
			t.Fatalf("event %d of %v: %q, want %v (gte %v)", i, p, got, want, least)
		}
		spoke += len(got)
	}
	return spoke
}

// FuzzCorrelator gives every type of correlation events in any order of time.
// Nothing may panic, what is kept stays within bounds, and what is found ends
// with the event at hand.
func FuzzCorrelator(f *testing.F) {
	f.Add([]byte("abcdefgh"))
	f.Add([]byte{0, 1, 2, 255, 254, 3, 128, 9, 9, 9, 9, 7, 200, 1})
	src := basics
	for i, body := range []string{
		"type: event_count\nrules: [rule_a, rule_b]\ncondition: {gte: 3}", "type: value_count\nrules: rule_a\ncondition: {field: [f, g], eq: 2}",
		"type: value_median\nrules: [rule_a, rule_c]\ncondition: {field: f, neq: 2}", "type: value_percentile\nrules: rule_a\ncondition: {field: f, lt: 30}",
		"type: value_percentile\nrules: rule_b\ncondition: {field: f, percentile: 0, gt: 1}", "type: temporal\nrules: [c1, rule_b]",
		"type: temporal_ordered\nrules: [rule_a, c6, rule_b]", "type: temporal_ordered\nrules: [c5, c1, c3]",
	} {
		src += fmt.Sprintf("name: c%d\ngenerate: true\n", i+1) + correlation(body+"\ngroup-by: [g]\ntimespan: 1m") + "---\n"
	}
	for i := range 8 {
		src = strings.Replace(src, "title: corr\nid: corr\n", fmt.Sprintf("title: c%d\n", i+1), 1)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &choices{data}
		fd := feederOf(t, src)
		now := 1e6
		for i := 1; len(c.data) > 0 && i < 500; i++ {
			now += float64(c.n(256)-100) / float64(1+c.n(9))
			text := c.pick("a", "b", "c", "a+b", "a+b+c") + " g=" + c.pick("1", "2", "x") + " f=" + c.pick("1", "-7", "x", "1,2,3", "1e9")
			for _, found := range fd.at(now, text) {
				if !strings.HasSuffix(found, fmt.Sprint(" ", i)) {
					t.Errorf("event %d: found %s", i, found)
				}
			}
		}
		if groups, events := fd.Groups(); groups > 24 || events > 24*500*4 || events < 0 {
			t.Errorf("%d groups, %d events", groups, events)
		}
	})
}
