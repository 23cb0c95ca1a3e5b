package sigma

import (
	"errors"
	"fmt"
	"time"
)

// names finds rules by what filters and correlations call them.
type names struct {
	byID   map[string]*Rule
	byName map[string][]*Rule
}

func newNames(rules []*Rule) *names {
	n := &names{byID: make(map[string]*Rule), byName: make(map[string][]*Rule)}
	for _, r := range rules {
		n.byID[r.ID] = r
		if r.Name != "" {
			n.byName[r.Name] = append(n.byName[r.Name], r)
		}
	}
	return n
}

func (n *names) find(name string) (*Rule, error) {
	if r := n.byID[name]; r != nil {
		return r, nil
	}
	switch list := n.byName[name]; len(list) {
	case 1:
		return list[0], nil
	case 0:
		return nil, fmt.Errorf("there is no rule with the id or name %q: correct it, or load the file that has it", name)
	default:
		return nil, fmt.Errorf("the name %q is that of the rules at %s:%d and %s:%d: use an id", name, list[0].File, list[0].Line, list[1].File, list[1].Line)
	}
}

// A correlation is a correlation rule ready to run.
type correlation struct {
	*Correlation
	rule    *Rule
	groupBy [][]string // for each of its rules, the fields that tell groups apart
	needs   []*Rule    // its rules, in their order
	span    int64      // the timespan in microseconds
}

// An input is a place in a correlation's list of rules.
type input struct {
	correlation int // its number in the set
	position    int
}

// correlate compiles the correlations among rules.
func (s *Set) correlate(rules []*Rule, n *names) error {
	var errs []error
	for _, r := range rules {
		if r.Correlation == nil {
			continue
		}
		c, err := n.resolve(r)
		if err != nil {
			errs = append(errs, &Error{File: r.File, Line: r.Line, Err: err})
			continue
		}
		for i, needed := range c.needs {
			s.feeds[needed] = append(s.feeds[needed], input{len(s.correlations), i})
		}
		s.correlations = append(s.correlations, c)
	}
	if len(errs) == 0 {
		errs = append(errs, s.acyclic())
	}
	s.quiet()
	return errors.Join(errs...)
}

func (n *names) resolve(r *Rule) (*correlation, error) {
	c := &correlation{Correlation: r.Correlation, rule: r, span: r.Correlation.Timespan.Microseconds()}
	for _, ref := range c.Rules {
		needed, err := n.find(ref)
		if err != nil {
			return nil, err
		}
		if needed.Filter != nil {
			return nil, fmt.Errorf("%q is a filter, which matches nothing by itself: name rules", ref)
		}
		var fields []string
		for _, name := range c.GroupBy {
			field, err := c.fieldOf(name, ref, needed)
			if err != nil {
				return nil, err
			}
			fields = append(fields, field)
		}
		c.needs, c.groupBy = append(c.needs, needed), append(c.groupBy, fields)
	}
	return c, nil
}

func (c *correlation) errorf(format string, args ...any) error {
	return &Error{File: c.rule.File, Line: c.rule.Line, Err: fmt.Errorf(format, args...)}
}

// maxChain bounds how many correlations stand on one another.
const maxChain = 8

// acyclic refuses correlations that need themselves, and chains that are too long.
func (s *Set) acyclic() error {
	depth := make(map[*Rule]int) // 0 not seen, -1 being looked at
	byRule := make(map[*Rule]*correlation)
	for _, c := range s.correlations {
		byRule[c.rule] = c
	}
	var visit func(c *correlation) error
	visit = func(c *correlation) error {
		if depth[c.rule] > 0 {
			return nil
		}
		if depth[c.rule] < 0 {
			return c.errorf("the correlation needs itself, through the rules it names: take it out of them")
		}
		depth[c.rule] = -1
		below := 0
		for _, r := range c.needs {
			if kid := byRule[r]; kid != nil {
				if err := visit(kid); err != nil {
					return err
				}
				below = max(below, depth[r])
			}
		}
		if depth[c.rule] = below + 1; below >= maxChain {
			return c.errorf("more than %d correlations stand on one another: chain fewer", maxChain)
		}
		return nil
	}
	for _, c := range s.correlations {
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

// quiet finds the rules that only serve correlations of their own file.
func (s *Set) quiet() {
	loud := make(map[*Rule]bool)
	for _, c := range s.correlations {
		for _, r := range c.needs {
			if r.File == c.rule.File {
				s.silent[r] = true
				loud[r] = loud[r] || c.rule.generate
			}
		}
	}
	for r := range loud {
		if loud[r] {
			delete(s.silent, r)
		}
	}
}

// Silent reports whether r is not to raise alerts of its own: a correlation of
// the same file names it and does not say "generate: true". A correlation
// silences no rule of another file, which somebody else may count on.
func (s *Set) Silent(r *Rule) bool { return s.silent[r] }

// Horizon is how far back an event can still change what a correlator says: it
// must have seen that much of the past to go on where another one stopped.
func (s *Set) Horizon() time.Duration {
	var longest time.Duration
	reach := make(map[*Rule]time.Duration)
	for range maxChain { // correlations come in any order
		for _, c := range s.correlations {
			var below time.Duration
			for _, r := range c.needs {
				below = max(below, reach[r])
			}
			reach[c.rule] = below + windows*c.Timespan
			longest = max(longest, reach[c.rule])
		}
	}
	return longest
}

// Correlates reports whether a correlation names r.
func (s *Set) Correlates(r *Rule) bool { return len(s.feeds[r]) > 0 }
