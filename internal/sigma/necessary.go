package sigma

import (
	"math"
	"slices"
)

// A necessity is a set of predicates, one of which must have fired for an
// expression to hold, and how often that is expected. No predicates: there is
// no such set.
type necessity struct {
	predicates []int32
	cost       uint64
}

func (n *necessity) compact() {
	slices.Sort(n.predicates)
	n.predicates = slices.Compact(n.predicates)
}

var unneeding = necessity{cost: math.MaxUint64}

// necessary returns the cheapest such set for n, or for its opposite.
func (c *compiler) necessary(n *node, negated bool) necessity {
	switch {
	case n.op == opTest:
		return c.necessaryTest(n.predicate, negated)
	case n.op == opNot:
		return c.necessary(&n.kids[0], !negated)
	case (n.op == opAnd) != negated:
		return c.cheapest(n.kids, negated)
	}
	return c.union(n.kids, negated)
}

func (c *compiler) necessaryTest(i int32, negated bool) necessity {
	p := &c.prog.predicates[i]
	if negated || p.method == byTest {
		return unneeding
	}
	n := necessity{predicates: []int32{i}}
	for _, lit := range p.literals {
		n.cost += literalCost(lit, p.method == byLiteral && p.anchor != anywhere)
	}
	return n
}

// literalCost guesses how often a literal is found: a quarter as often for
// each byte more, and seldom where it must lie at one end.
func literalCost(lit string, anchored bool) uint64 {
	cost := uint64(1) << (2 * (16 - min(len(lit), 12)))
	if anchored {
		cost /= 16
	}
	return cost
}

func (c *compiler) cheapest(kids []node, negated bool) necessity {
	best := unneeding
	for i := range kids {
		if n := c.necessary(&kids[i], negated); n.predicates != nil && n.cost < best.cost {
			best = n
		}
	}
	return best
}

func (c *compiler) union(kids []node, negated bool) necessity {
	var all necessity
	for i := range kids {
		n := c.necessary(&kids[i], negated)
		if n.predicates == nil {
			return unneeding
		}
		all.predicates = append(all.predicates, n.predicates...)
		all.cost += n.cost
		if len(all.predicates) > 2*len(c.prog.predicates) { // kids that share predicates
			all.compact()
		}
	}
	all.compact()
	return all
}
