package sigma

import (
	"math"
	"slices"
)

// An episode is a time in which a condition holds at every event. Whether it
// speaks is decided by the last three timespans alone: one to know what is in
// the window, one for the window of the event before, one for how long it has
// been so. Another watcher that has seen those speaks at the same events.
type episode struct {
	held  bool
	since int64 // when it began to hold
	last  int64 // the event before
}

// tell takes in whether the condition holds at an event, and reports whether
// that is to be told: when it begins, and later at the first event of each
// timespan, counted from 1970.
func (ep *episode) tell(holds bool, at, span int64) bool {
	begins := holds && (!ep.held || at-ep.last >= span)
	if begins {
		ep.since = at
	}
	again := holds && at-ep.since >= span && at/span != ep.last/span
	ep.held, ep.last = holds, at
	return begins || again
}

// A window is the events of one timespan: the memory of counts and values.
type window struct {
	episode
	entries []entry // by time; those of equal time as they came
	dropped int     // entries taken off the front since the rest was copied
	counts  map[uint64]*valueCount
	sorted  []float64
}

// An entry is one event in a window, or one value of it.
type entry struct {
	occurrence
	hash   uint64
	number float64
}

// A valueCount is how often a value is in the window.
type valueCount struct {
	episode
	n int
}

func (w *window) size() int { return len(w.entries) }

func (w *window) add(s *state, o occurrence, values *valuesOf) (verdict, bool) {
	now := max(o.at, w.newest())
	w.expire(now - s.span)
	for i := range max(1, len(values.hashes), len(values.numbers)) {
		e := entry{occurrence: o}
		if values.hashes != nil {
			e.hash = values.hashes[i]
		} else if values.numbers != nil {
			e.number = values.numbers[i]
		}
		w.insert(s, e)
	}
	number, ep := w.measure(s, values)
	if ep == nil || !ep.tell(s.holds(number), now, s.span) {
		return verdict{}, false
	}
	return verdict{number: number, proofs: w.proofs()}, true
}

// proofs returns what stands behind the last entries.
func (w *window) proofs() []*proof {
	var list []*proof
	for _, e := range w.entries[max(0, len(w.entries)-maxEvidence):] {
		list = append(list, e.proof)
	}
	return list
}

func (w *window) newest() int64 {
	if len(w.entries) == 0 {
		return math.MinInt64
	}
	return w.entries[len(w.entries)-1].at
}

// expire drops the entries up to a time.
func (w *window) expire(until int64) {
	n := 0
	for n < len(w.entries) && w.entries[n].at <= until {
		w.forget(&w.entries[n])
		n++
	}
	w.drop(n)
}

// drop takes the first n entries off. The rest is copied once it is the smaller
// part, so that a group that was full once does not stay large.
func (w *window) drop(n int) {
	clear(w.entries[:n])
	w.entries, w.dropped = w.entries[n:], w.dropped+n
	if w.dropped > len(w.entries) {
		w.entries, w.dropped = slices.Clone(w.entries), 0
		w.sorted = slices.Clone(w.sorted)
	}
	if len(w.entries) == 0 {
		w.counts = nil // a map does not shrink
	}
}

func (w *window) insert(s *state, e entry) {
	if len(w.entries) == maxStored {
		s.trimmed = true
		w.forget(&w.entries[0])
		w.drop(1)
	}
	i := len(w.entries)
	for i > 0 && w.entries[i-1].at > e.at {
		i--
	}
	w.entries = slices.Insert(w.entries, i, e)
	switch {
	case len(s.Fields) == 0:
	case s.numeric():
		at, _ := slices.BinarySearch(w.sorted, e.number)
		w.sorted = slices.Insert(w.sorted, at, e.number)
	default:
		if w.counts == nil {
			w.counts = make(map[uint64]*valueCount)
		}
		c := w.counts[e.hash]
		if c == nil {
			c = new(valueCount)
			w.counts[e.hash] = c
		}
		c.n++
	}
}

// forget takes an entry out of what is known of the values.
func (w *window) forget(e *entry) {
	if c := w.counts[e.hash]; c != nil {
		if c.n--; c.n == 0 {
			delete(w.counts, e.hash)
		}
	}
	if at, ok := slices.BinarySearch(w.sorted, e.number); ok {
		w.sorted = slices.Delete(w.sorted, at, at+1)
	}
}

// measure returns the number the condition is about, and whose episode it is.
func (w *window) measure(s *state, values *valuesOf) (float64, *episode) {
	switch {
	case s.Type == EventCount:
		return float64(len(w.entries)), &w.episode
	case s.Type == ValueCount:
		return float64(len(w.counts)), &w.episode
	case s.Type == ValueSum:
		return sum(w.sorted), &w.episode
	case s.Type == ValueAvg:
		return sum(w.sorted) / float64(len(w.sorted)), &w.episode
	case s.Type == ValueMedian:
		n := len(w.sorted)
		return (w.sorted[(n-1)/2] + w.sorted[n/2]) / 2, &w.episode
	case s.Percentile >= 0:
		return percentile(w.sorted, s.Percentile), &w.episode
	}
	return w.share(values)
}

// share returns how much of the window the rarest of the event's values makes
// up, in percent.
func (w *window) share(values *valuesOf) (float64, *episode) {
	var rarest *valueCount
	for _, hash := range values.hashes {
		if c := w.counts[hash]; c != nil && (rarest == nil || c.n < rarest.n) {
			rarest = c
		}
	}
	if rarest == nil { // all were too old to be kept
		return 0, nil
	}
	return 100 * float64(rarest.n) / float64(len(w.entries)), &rarest.episode
}

func sum(numbers []float64) float64 {
	total := 0.0
	for _, n := range numbers {
		total += n
	}
	return total
}

// percentile returns the smallest number that p percent of all do not exceed.
func percentile(sorted []float64, p int) float64 {
	return sorted[max(0, (p*len(sorted)+99)/100-1)]
}
