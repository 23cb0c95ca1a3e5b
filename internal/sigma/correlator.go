package sigma

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"reflect"
	"slices"
	"time"

	"gander/internal/alert"
)

// The bounds of what a correlation remembers. Whoever is watched chooses what
// groups there are and how full they get.
const (
	maxGroups = 2048   // of one correlation; the one not heard of for longest goes
	maxStored = 4096   // events of one group; the oldest goes
	maxKept   = 32_768 // events of all groups of one correlation; groups go

	// tolerance is by how much events may come out of order and still be
	// judged as if they had not: hooks that run side by side read the clock
	// before they write.
	tolerance = int64(10 * time.Second / time.Microsecond)

	// windows is how many timespans back the past still decides whether a
	// correlation speaks now: see episode.
	windows = 3

	maxEvidence    = 32 // events a correlation shows
	maxFieldValues = 64 // values of one field of one event that are looked at
)

// A Loss is something a correlator had to forget, so that it may miss a
// correlation.
type Loss string

// The losses.
const (
	LostGroup Loss = "groups" // more groups than are kept
	LostEvent Loss = "events" // more events in a group than are kept
	LostTime  Loss = "time"   // an event from far before another: a clock was set back, or a record made up
)

// A Correlated is a correlation that holds.
type Correlated struct {
	Rule   *Rule
	Key    string           // the same whenever the same events are correlated again
	Group  []alert.Match    // the group-by fields of the event that completed it
	Number float64          // what was counted, summed or found
	Events []alert.EventRef // those it is made of, oldest first, the one that completed it last; at most 32
}

// A Correlator follows what the rules of a set find, by the time of the
// events, and knows when a correlation holds. Its memory is bounded, and it is
// for one goroutine at a time.
//
// A correlation of counts or values speaks when its condition begins to hold
// in a group; while events go on making it hold, it speaks again, at most once
// in each timespan. It is asked at events only, so a count of none is never
// found. TemporalOrdered speaks once for each event that begins a sequence.
type Correlator struct {
	// Lost is called for each correlation that forgets something it still
	// might have needed. It may be nil.
	Lost func(*Rule, Loss)

	set    *Set
	states []state
	seed   maphash.Seed
	fed    map[input]uint64 // input -> the turn it was last given something
	turn   uint64

	event Event
	ref   *alert.EventRef
	at    int64
	yield func(*Correlated)
}

// A state is what is remembered for one correlation.
type state struct {
	*correlation
	groups  map[uint64]*group
	lru     group // the ring of groups: next is the latest, prev the one heard of longest ago
	kept    int   // events in all groups
	trimmed bool  // a full group has just forgotten an event
}

// A group is what is remembered for one value of the group-by fields.
type group struct {
	key        uint64
	next, prev *group
	last       int64 // the time of the newest event
	memory
}

// A memory judges the events of one group.
type memory interface {
	// add takes an event in and reports whether the correlation speaks, and of what.
	add(s *state, e occurrence, values *valuesOf) (verdict, bool)
	// size is how many events are kept.
	size() int
}

// An occurrence is one match, as it is remembered.
type occurrence struct {
	at       int64 // microseconds since 1970
	position int   // of its rule in the correlation
	proof    *proof
}

// A proof is what stands behind an occurrence: an event, and, when that
// completed a correlation, the events of it, oldest first.
type proof struct {
	event  *alert.EventRef
	before []*alert.EventRef
}

// A verdict is what a memory says when a correlation holds.
type verdict struct {
	number float64
	begin  *proof // tells one sequence from the next; nil: the event at hand
	proofs []*proof
}

// NewCorrelator returns a correlator that knows of nothing yet.
func (s *Set) NewCorrelator() *Correlator {
	c := &Correlator{set: s, seed: maphash.MakeSeed(), fed: make(map[input]uint64)}
	c.states = make([]state, len(s.correlations))
	for i := range c.states {
		st := &c.states[i]
		st.correlation, st.groups = s.correlations[i], make(map[uint64]*group)
		st.lru.next, st.lru.prev = &st.lru, &st.lru
	}
	return c
}

// Add takes in that rule r matched e at a time, and calls yield for every
// correlation that holds because of it, those that stand on others last. ref
// says which event that was; it is kept. yield must not call Add.
func (c *Correlator) Add(r *Rule, e Event, at time.Time, ref *alert.EventRef, yield func(*Correlated)) {
	feeds := c.set.feeds[r]
	if len(feeds) == 0 {
		return
	}
	c.turn++
	c.event, c.ref, c.at, c.yield = e, ref, 0, yield
	if !at.IsZero() {
		c.at = at.UnixMicro()
	}
	c.feed(feeds, &proof{event: ref})
	c.event, c.ref, c.yield = nil, nil, nil
}

// feed gives an occurrence to correlations, and what they find to those that
// stand on them. Each place of each correlation is given something once a
// turn, so that many ways from one rule to another do not multiply.
func (c *Correlator) feed(feeds []input, p *proof) {
	for _, in := range feeds {
		if c.fed[in] == c.turn {
			continue
		}
		c.fed[in] = c.turn
		s := &c.states[in.correlation]
		v, ok := c.judge(s, occurrence{at: c.at, position: in.position, proof: p})
		if !ok {
			continue
		}
		events := c.evidence(v.proofs)
		c.yield(c.correlated(s, in.position, v, events))
		if next := c.set.feeds[s.rule]; len(next) > 0 {
			c.feed(next, &proof{event: c.ref, before: events[:len(events)-1]})
		}
	}
}

// judge gives an occurrence to its group.
func (c *Correlator) judge(s *state, o occurrence) (verdict, bool) {
	values := valuesOf{seed: c.seed}
	if !values.read(s.correlation, c.event) {
		return verdict{}, false
	}
	key := groupKey(c.seed, c.event, s.groupBy[o.position])
	g := s.groups[key]
	if g != nil && o.at < g.last-min(tolerance, s.span) {
		c.lost(s, LostTime)
		s.remove(g)
		g = nil
	}
	if g == nil {
		g = s.insert(key)
	}
	s.touch(g)
	g.last = max(g.last, o.at)
	before := g.size()
	v, ok := g.add(s, o, &values)
	s.kept += g.size() - before
	if s.trimmed && !s.onlyMore() {
		c.lost(s, LostEvent)
	}
	s.trimmed = false
	c.evict(s, o.at)
	return v, ok
}

// evict forgets groups until there is room. One that has nothing in its window
// any more is no loss.
func (c *Correlator) evict(s *state, now int64) {
	for len(s.groups) > maxGroups || s.kept > maxKept && len(s.groups) > 1 {
		oldest := s.lru.prev
		if oldest.last > now-s.span {
			c.lost(s, LostGroup)
		}
		s.remove(oldest)
	}
}

func (c *Correlator) lost(s *state, l Loss) {
	if c.Lost != nil {
		c.Lost(s.rule, l)
	}
}

func (s *state) insert(key uint64) *group {
	g := &group{key: key, memory: s.newMemory()}
	s.groups[key] = g
	s.kept += g.size()
	g.next, g.prev = g, g
	return g
}

// touch makes g the group heard of last.
func (s *state) touch(g *group) {
	g.unlink()
	g.next, g.prev = s.lru.next, &s.lru
	g.next.prev, g.prev.next = g, g
}

func (g *group) unlink() { g.next.prev, g.prev.next = g.prev, g.next }

func (s *state) remove(g *group) {
	g.unlink()
	delete(s.groups, g.key)
	s.kept -= g.size()
}

func (s *state) newMemory() memory {
	switch s.Type {
	case Temporal:
		return &presence{latest: make([]occurrence, len(s.needs))}
	case TemporalOrdered:
		return &sequence{done: make([]*link, len(s.needs))}
	}
	return &window{}
}

// onlyMore reports whether a count beyond what is kept changes nothing.
func (c *correlation) onlyMore() bool {
	if c.Type != EventCount {
		return false
	}
	for _, t := range c.Condition {
		if t.Operator != "gt" && t.Operator != "gte" {
			return false
		}
	}
	return true
}

// Groups is how many groups and events are remembered, over all correlations.
func (c *Correlator) Groups() (groups, events int) {
	for i := range c.states {
		groups += len(c.states[i].groups)
		events += c.states[i].kept
	}
	return groups, events
}

// Adopt takes over what another correlator knows of the correlations both
// have, where their rules did not change. The other one is not to be used any
// more.
func (c *Correlator) Adopt(old *Correlator) {
	known := make(map[string]*state)
	for i := range old.states {
		known[old.states[i].rule.ID] = &old.states[i]
	}
	c.seed = old.seed // groups are found by it
	for i := range c.states {
		s := &c.states[i]
		if o := known[s.rule.ID]; o != nil && s.same(o.correlation) {
			s.adopt(o)
		}
	}
}

// same reports whether what is remembered for one correlation is what the
// other would remember.
func (c *correlation) same(other *correlation) bool {
	return reflect.DeepEqual(c.Correlation, other.Correlation) && reflect.DeepEqual(c.groupBy, other.groupBy)
}

func (s *state) adopt(o *state) {
	s.groups, s.kept = o.groups, o.kept
	if len(s.groups) > 0 {
		s.lru = o.lru
		s.lru.next.prev, s.lru.prev.next = &s.lru, &s.lru
	}
}

// groupKey tells groups apart. It is a hash under a seed nobody knows: two
// groups are not made to fall together.
func groupKey(seed maphash.Seed, e Event, fields []string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, name := range fields {
		v, _ := e.Field(name) // what is not there counts as empty
		more := v.More[:min(len(v.More), maxFieldValues)]
		writeLength(&h, len(more))
		writeLength(&h, len(v.One))
		h.WriteString(v.One)
		for _, value := range more {
			writeLength(&h, len(value))
			h.WriteString(value)
		}
	}
	return h.Sum64()
}

// writeLength keeps apart what follows: a value may hold any byte.
func writeLength(h *maphash.Hash, n int) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

// correlated is what is told.
func (c *Correlator) correlated(s *state, position int, v verdict, events []*alert.EventRef) *Correlated {
	out := &Correlated{Rule: s.rule, Number: v.number}
	stable := sha256.New()
	for i, name := range s.GroupBy {
		value, _ := c.event.Field(s.groupBy[position][i])
		out.Group = append(out.Group, alert.Match{Field: name, Value: value.One})
		fmt.Fprintf(stable, "%q", value.One)
	}
	begin := c.ref
	if v.begin != nil {
		begin = v.begin.oldest()
	}
	fmt.Fprintf(stable, "%q %q %q", begin.Session, begin.CallID, begin.Digest)
	out.Key = hex.EncodeToString(stable.Sum(nil)[:8])
	for _, e := range events {
		out.Events = append(out.Events, *e)
	}
	return out
}

func (p *proof) oldest() *alert.EventRef {
	if len(p.before) > 0 {
		return p.before[0]
	}
	return p.event
}

// evidence lists the newest events behind proofs, each once, oldest first and
// the event at hand last.
func (c *Correlator) evidence(proofs []*proof) []*alert.EventRef {
	list := []*alert.EventRef{c.ref}
	add := func(e *alert.EventRef) {
		if len(list) < maxEvidence && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	for _, p := range slices.Backward(proofs) {
		add(p.event)
		for _, e := range slices.Backward(p.before) {
			add(e)
		}
	}
	slices.Reverse(list)
	return list
}
