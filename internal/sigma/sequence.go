package sigma

import (
	"cmp"
	"slices"
)

// A presence is when each rule matched last: the memory of Temporal. Nothing
// older can complete a timespan the newest cannot.
type presence struct {
	episode
	latest []occurrence // by position; without a proof, there was none
	newest int64
}

func (m *presence) size() int { return len(m.latest) }

func (m *presence) add(s *state, o occurrence, _ *valuesOf) (verdict, bool) {
	if last := &m.latest[o.position]; last.proof == nil || o.at >= last.at {
		*last = o
	}
	if m.newest == 0 || o.at > m.newest {
		m.newest = o.at
	}
	var there []occurrence
	for _, o := range m.latest {
		if o.proof != nil && o.at > m.newest-s.span {
			there = append(there, o)
		}
	}
	if !m.tell(s.holds(float64(len(there))), m.newest, s.span) {
		return verdict{}, false
	}
	slices.SortStableFunc(there, func(a, b occurrence) int { return cmp.Compare(a.at, b.at) })
	v := verdict{number: float64(len(there))}
	for _, o := range there {
		v.proofs = append(v.proofs, o.proof)
	}
	return v, true
}

// A sequence is the memory of TemporalOrdered: for each rule the sequence that
// ends with it and began last. Another cannot be completed where that one
// cannot. The newest events are kept apart, for one may still come between
// them.
type sequence struct {
	done   []*link      // by position, over the events before tail
	tail   []occurrence // by time
	chains []*link      // done and tail together; scratch space
	told   *proof       // the beginning of the sequence that was spoken of last
}

// A link is the last event of a sequence. It is not changed.
type link struct {
	occurrence
	prev  *link
	first occurrence
}

// maxTail bounds the events that are kept apart. Beyond it events that come
// out of order are taken in the order they come.
const maxTail = 16

func (m *sequence) size() int { return len(m.done) + len(m.tail) }

func (m *sequence) add(s *state, o occurrence, _ *valuesOf) (verdict, bool) {
	m.tail = slices.Insert(m.tail, m.place(o), o)
	m.settle(s)
	m.chains = append(m.chains[:0], m.done...)
	for _, o := range m.tail {
		extend(m.chains, o, s.span)
	}
	end := m.chains[len(m.chains)-1]
	if end == nil || end.first.proof == m.told {
		return verdict{}, false
	}
	m.told = end.first.proof
	v := verdict{number: float64(len(m.chains)), begin: m.told}
	for l := end; l != nil; l = l.prev {
		v.proofs = append(v.proofs, l.proof)
	}
	slices.Reverse(v.proofs)
	return v, true
}

// place returns where o belongs in the tail: behind what is not later. What one
// event matches is in order, whichever rule was asked first.
func (m *sequence) place(o occurrence) int {
	i := len(m.tail)
	for ; i > 0; i-- {
		before := &m.tail[i-1]
		same := before.proof.event == o.proof.event
		if before.at < o.at || before.at == o.at && !(same && before.position > o.position) {
			break
		}
	}
	return i
}

// settle takes events nothing can come before any more out of the tail.
func (m *sequence) settle(s *state) {
	newest, n := m.tail[len(m.tail)-1].at, 0
	for len(m.tail)-n > maxTail || m.tail[n].at < newest-min(tolerance, s.span) {
		extend(m.done, m.tail[n], s.span)
		n++
	}
	m.tail = slices.Delete(m.tail, 0, n)
}

// extend makes o the last event of a sequence, if one before it can be gone on
// with.
func extend(chains []*link, o occurrence, span int64) {
	var prev *link
	first := o
	if o.position > 0 {
		prev = chains[o.position-1]
		if prev == nil || o.at-prev.first.at >= span {
			return
		}
		first = prev.first
	}
	if old := chains[o.position]; old == nil || first.at >= old.first.at {
		chains[o.position] = &link{occurrence: o, prev: prev, first: first}
	}
}
