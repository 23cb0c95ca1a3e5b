package sigma

import (
	"math/bits"

	"gander/internal/alert"
)

// maxMatches bounds the evidence of one hit.
const maxMatches = 16

// A Matcher runs events through the programs of a set. It holds the scratch
// space for that, so it is for one goroutine at a time; make one for each.
type Matcher struct {
	set *Set
	hit Hit

	// Of the event at hand. An entry of fired or checked that is not gen is
	// of an earlier event, so nothing has to be cleared between events.
	prog    *program
	gen     uint32
	fields  []slot
	fired   []uint32 // predicate -> gen, when a literal of it was found
	checked []uint32 // predicate -> gen, when passed says whether it holds
	passed  []bool
	awake   []uint64 // a bit for each rule to look at

	strings []string                // every string of the event
	collect func(value string) bool // adds to strings; made once, for a closure costs an allocation
}

// A slot is one field of the event.
type slot struct {
	Value
	ok bool
}

// NewMatcher returns a matcher with scratch space of its own.
func (s *Set) NewMatcher() *Matcher {
	m := &Matcher{set: s}
	for _, p := range s.programs {
		m.fields = grow(m.fields, len(p.fields))
		m.fired = grow(m.fired, len(p.predicates))
		m.awake = grow(m.awake, len(p.always))
	}
	m.checked = make([]uint32, len(m.fired))
	m.passed = make([]bool, len(m.fired))
	m.collect = func(value string) bool {
		m.strings = append(m.strings, value)
		return true
	}
	return m
}

// Set returns the set m runs.
func (m *Matcher) Set() *Set { return m.set }

func grow[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	return make([]T, n)
}

// Match calls yield for every rule of class that matches e, in the order the
// rules were given to Compile, and stops when yield returns false. The hit is
// valid until the next Match, which yield must not call.
func (m *Matcher) Match(class string, e Event, yield func(*Hit) bool) {
	p := m.set.programs[class]
	if p == nil {
		return
	}
	m.begin(p)
	m.search(e)
	for word, set := range m.awake[:len(p.always)] {
		for ; set != 0; set &= set - 1 {
			r := &p.rules[word*64+bits.TrailingZeros64(set)]
			if m.eval(&r.condition) && !yield(m.report(r)) {
				return
			}
		}
	}
}

func (m *Matcher) begin(p *program) {
	m.prog = p
	copy(m.awake, p.always)
	if m.gen++; m.gen == 0 { // after 2^32 events old entries would look new
		clear(m.fired)
		clear(m.checked)
		m.gen = 1
	}
}

// search reads the fields of e and finds all literals in them.
func (m *Matcher) search(e Event) {
	for i := range m.prog.fields {
		f, s := &m.prog.fields[i], &m.fields[i]
		if f.name == "" {
			m.collectStrings(e, s)
		} else {
			s.Value, s.ok = e.Field(f.name)
		}
		if f.ac == nil || !s.ok {
			continue
		}
		m.scan(f, s.One)
		for _, value := range s.More {
			m.scan(f, value)
		}
	}
}

func (m *Matcher) collectStrings(e Event, s *slot) {
	m.strings = m.strings[:0]
	e.Strings(m.collect)
	if s.ok = len(m.strings) > 0; s.ok {
		s.Value = Value{One: m.strings[0], More: m.strings[1:]}
	}
}

func (m *Matcher) scan(f *fieldPlan, value string) {
	ac := f.ac
	state := uint32(0)
	for i := range len(value) {
		state = ac.next[state+uint32(ac.class[value[i]])]
		if state&hitFlag == 0 {
			continue
		}
		state &^= hitFlag
		for row := ac.ending(state); row >= 0; row = ac.link[row] {
			m.found(f.literals[ac.found[row]], value, i+1)
		}
	}
}

// found marks what uses a literal that ends at end.
func (m *Matcher) found(uses []use, value string, end int) {
	for i := range uses {
		u := &uses[i]
		switch {
		case m.fired[u.predicate] == m.gen:
		case u.anchor&atStart != 0 && end != u.length:
		case u.anchor&atEnd != 0 && end != len(value):
		case u.exact != "" && value[end-u.length:end] != u.exact:
		default:
			m.fired[u.predicate] = m.gen
			for _, r := range m.prog.predicates[u.predicate].wakes {
				m.awake[r/64] |= 1 << (r % 64)
			}
		}
	}
}

func (m *Matcher) eval(n *node) bool {
	switch n.op {
	case opTest:
		return m.holds(n.predicate)
	case opNot:
		return !m.eval(&n.kids[0])
	}
	until := n.op == opOr
	for i := range n.kids {
		if m.eval(&n.kids[i]) == until {
			return until
		}
	}
	return !until
}

// holds answers predicate i, at most once per event the dear way.
func (m *Matcher) holds(i int32) bool {
	p := &m.prog.predicates[i]
	if p.method != byTest && m.fired[i] != m.gen {
		return false
	}
	if p.method == byLiteral {
		return true
	}
	if m.checked[i] != m.gen {
		m.checked[i] = m.gen
		m.passed[i] = m.check(p)
	}
	return m.passed[i]
}

func (m *Matcher) check(p *compiledPredicate) bool {
	s := &m.fields[p.slot]
	switch {
	case p.kind == kindAbsent:
		return !s.ok
	case p.kind == kindPresent || !s.ok:
		return s.ok
	}
	if m.checkValue(p, s.One) {
		return true
	}
	for _, value := range s.More {
		if m.checkValue(p, value) {
			return true
		}
	}
	return false
}

func (m *Matcher) checkValue(p *compiledPredicate, value string) bool {
	if p.kind != kindFieldRef {
		return p.holds(value)
	}
	other := &m.fields[p.otherSlot]
	if !other.ok {
		return false
	}
	if p.refers(value, other.One) {
		return true
	}
	for _, o := range other.More {
		if p.refers(value, o) {
			return true
		}
	}
	return false
}

// report fills in the hit for r, which matched.
func (m *Matcher) report(r *compiledRule) *Hit {
	m.hit.Rule = r.rule
	m.hit.Selections = m.hit.Selections[:0]
	m.hit.Matches = m.hit.Matches[:0]
	for i := range r.selections {
		s := &r.selections[i]
		if !m.eval(&s.node) {
			continue
		}
		m.hit.Selections = append(m.hit.Selections, s.name)
		if s.evidence {
			m.evidence(&s.node)
		}
	}
	return &m.hit
}

// evidence adds the predicates below n that hold, but not those under a not.
func (m *Matcher) evidence(n *node) {
	if n.op == opNot {
		return
	}
	if n.op == opTest && len(m.hit.Matches) < maxMatches && m.holds(n.predicate) {
		m.evidenceOf(&m.prog.predicates[n.predicate])
	}
	for i := range n.kids {
		m.evidence(&n.kids[i])
	}
}

// evidenceOf adds the first value p holds for.
func (m *Matcher) evidenceOf(p *compiledPredicate) {
	s := &m.fields[p.slot]
	if p.kind == kindAbsent {
		return // there is nothing to show
	}
	if m.evidenceIn(p, s.One) {
		return
	}
	for _, value := range s.More {
		if m.evidenceIn(p, value) {
			return
		}
	}
}

func (m *Matcher) evidenceIn(p *compiledPredicate, value string) bool {
	start, end, ok := 0, len(value), true
	switch p.kind {
	case kindPresent:
	case kindFieldRef:
		ok = m.checkValue(p, value)
	default:
		start, end, ok = p.find(value)
	}
	if ok {
		m.hit.Matches = append(m.hit.Matches, alert.Match{Field: p.field, Value: value, Start: start, End: end})
	}
	return ok
}
