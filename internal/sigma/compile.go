package sigma

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A Set is rules compiled for matching: one program per class of events. It is
// immutable and safe for concurrent use.
type Set struct {
	programs     map[string]*program
	correlations []*correlation
	feeds        map[*Rule][]input // a rule -> the correlations that name it
	silent       map[*Rule]bool
}

// Compile makes a set of rules. classes maps a rule's logsource to the classes
// of events it is to be matched against; a rule without any is left out. It
// returns an error for rules that share an id, for filters and correlations
// that name rules that are not there, and when the rules together are too
// large.
func Compile(rules []*Rule, classes func(Logsource) []string) (*Set, error) {
	if err := checkRules(rules); err != nil {
		return nil, err
	}
	n := newNames(rules)
	bodies, err := n.narrow(rules)
	if err != nil {
		return nil, err
	}
	set := &Set{programs: make(map[string]*program), feeds: make(map[*Rule][]input), silent: make(map[*Rule]bool)}
	if err := set.correlate(rules, n); err != nil {
		return nil, err
	}
	if err := set.compile(rules, bodies, classes); err != nil {
		return nil, err
	}
	return set, nil
}

// compile makes the programs.
func (s *Set) compile(rules []*Rule, bodies map[*Rule]body, classes func(Logsource) []string) error {
	byClass := make(map[string][]*Rule)
	for _, r := range rules {
		if !r.IsDetection() {
			continue
		}
		for _, class := range classes(r.Logsource) {
			if of := byClass[class]; len(of) == 0 || of[len(of)-1] != r { // named twice
				byClass[class] = append(of, r)
			}
		}
	}
	budget := maxTable
	for _, class := range slices.Sorted(maps.Keys(byClass)) {
		c := &compiler{prog: new(program), index: make(map[identity]int32), fields: make(map[string]int32)}
		for _, r := range byClass[class] {
			c.rule(r, bodies[r])
		}
		if err := c.automata(&budget); err != nil {
			return fmt.Errorf("compile the rules for %s: %w", class, err)
		}
		s.programs[class] = c.prog
	}
	return nil
}

// checkRules refuses rules that do not come from Parse and ids used twice.
func checkRules(rules []*Rule) error {
	var errs []error
	seen := make(map[string]*Rule)
	for _, r := range rules {
		if r.condition == nil && r.Correlation == nil {
			return fmt.Errorf("rule %q has no detection: use rules that Parse returned", r.Title)
		}
		if first := seen[r.ID]; first != nil {
			err := fmt.Errorf("the id %q is that of the rule at %s:%d: give one of them another", r.ID, first.File, first.Line)
			errs = append(errs, &Error{File: r.File, Line: r.Line, Err: err})
			continue
		}
		seen[r.ID] = r
	}
	return errors.Join(errs...)
}

// A compiler makes one program.
type compiler struct {
	prog   *program
	index  map[identity]int32
	fields map[string]int32
}

func (c *compiler) rule(r *Rule, b body) {
	compiled := compiledRule{rule: r}
	for _, s := range b.selections {
		compiled.selections = append(compiled.selections, compiledSelection{name: s.name, node: c.node(s.expr, nil)})
	}
	markNamed(b.condition, compiled.selections, false)
	compiled.condition = c.node(b.condition, compiled.selections)
	compiled.selections = slices.DeleteFunc(compiled.selections, func(s compiledSelection) bool { return !s.named })
	c.prog.rules = append(c.prog.rules, compiled)
	c.wake(int32(len(c.prog.rules)-1), compiled.condition)
}

// markNamed marks the selections that e names, and those it names other than
// under a not as evidence.
func markNamed(e *expr, selections []compiledSelection, negated bool) {
	switch e.op {
	case opName:
		s := &selections[e.sel]
		s.named = true
		s.evidence = s.evidence || !negated
	case opNot:
		negated = !negated
	}
	for _, k := range e.kids {
		markNamed(k, selections, negated)
	}
}

// node compiles e. The selections it names share their compiled nodes.
func (c *compiler) node(e *expr, selections []compiledSelection) node {
	switch e.op {
	case opName:
		return selections[e.sel].node
	case opTest:
		i := c.predicate(e.test)
		return node{op: opTest, predicate: i, effort: c.prog.predicates[i].method}
	}
	n := node{op: e.op}
	for _, k := range e.kids {
		kid := c.node(k, selections)
		n.effort = max(n.effort, kid.effort)
		n.kids = append(n.kids, kid)
	}
	slices.SortStableFunc(n.kids, func(a, b node) int { return cmp.Compare(a.effort, b.effort) })
	return n
}

// predicate returns the number of p, which is that of any other with the same
// identity.
func (c *compiler) predicate(p *predicate) int32 {
	if i, ok := c.index[p.identity]; ok {
		return i
	}
	compiled := compiledPredicate{predicate: p, method: byTest, slot: c.field(p.field)}
	switch {
	case p.kind == kindFieldRef:
		compiled.otherSlot = c.field(p.text)
	case len(p.literals) > 0 && p.kind == kindText:
		compiled.method = byLiteral
	case len(p.literals) > 0:
		compiled.method = byCheck
	}
	i := int32(len(c.prog.predicates))
	c.index[p.identity] = i
	c.prog.predicates = append(c.prog.predicates, compiled)
	return i
}

func (c *compiler) field(name string) int32 {
	i, ok := c.fields[name]
	if !ok {
		i = int32(len(c.prog.fields))
		c.fields[name] = i
		c.prog.fields = append(c.prog.fields, fieldPlan{name: name})
	}
	return i
}

// wake makes the cheapest set of predicates, one of which has fired whenever the
// condition holds, announce the rule.
func (c *compiler) wake(rule int32, condition node) {
	if word := int(rule / 64); word == len(c.prog.always) {
		c.prog.always = append(c.prog.always, 0)
	}
	need := c.necessary(&condition, false)
	if need.predicates == nil {
		c.prog.always[rule/64] |= 1 << (rule % 64)
		return
	}
	for _, i := range need.predicates {
		p := &c.prog.predicates[i]
		p.wakes = append(p.wakes, rule)
	}
}

// automata builds the tables that find the literals of each field.
func (c *compiler) automata(budget *int) error {
	byField := make([]map[string][]use, len(c.prog.fields))
	for i, p := range c.prog.predicates {
		for _, lit := range p.literals {
			if byField[p.slot] == nil {
				byField[p.slot] = make(map[string][]use)
			}
			byField[p.slot][lit] = append(byField[p.slot][lit], p.use(int32(i), lit))
		}
	}
	for i, uses := range byField {
		if err := c.prog.fields[i].build(uses, budget); err != nil {
			return fmt.Errorf("field %q: %w", c.prog.fields[i].name, err)
		}
	}
	return nil
}

func (p *compiledPredicate) use(i int32, literal string) use {
	u := use{predicate: i, length: len(literal)}
	if p.method == byLiteral {
		u.anchor = p.anchor
		if p.cased {
			u.exact = p.text
		}
	}
	return u
}

func (f *fieldPlan) build(uses map[string][]use, budget *int) error {
	if len(uses) == 0 {
		return nil
	}
	var literals []string
	for lit := range uses {
		literals = append(literals, lit)
	}
	slices.Sort(literals)
	for _, lit := range literals {
		f.literals = append(f.literals, uses[lit])
	}
	var err error
	if f.ac, err = newAutomaton(literals, *budget); err == nil {
		*budget -= len(f.ac.next)
	}
	return err
}
