package sigma

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Filter narrows other rules: they match only where its own condition holds
// as well. Most filters therefore say "condition: not selection".
type Filter struct {
	Rules []string // ids or names; none means all whose log source the filter's includes
}

// filter reads the filter section of a rule. What it holds beside the rules is
// a detection.
func (p *parser) filter(r *Rule, n *yaml.Node) {
	f := &Filter{}
	r.Filter = f
	detection := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column}
	named := false
	for key, value := range p.pairs(n, "filter") {
		if key.Value != "rules" {
			detection.Content = append(detection.Content, key, value)
			continue
		}
		named = true
		f.Rules = p.texts(value, "rules")
		if len(f.Rules) == 1 && (strings.EqualFold(f.Rules[0], "any") || strings.EqualFold(f.Rules[0], "all")) {
			f.Rules = nil
		} else if len(f.Rules) == 0 {
			p.errorf(value, "rules is empty: name the rules, or write any")
		}
	}
	if !named {
		p.errorf(n, "filter has no rules: name those it narrows, or write any")
	}
	p.detection(r, detection)
}

// A body is what of a rule is compiled: its own selections and condition, and
// those of the filters on it.
type body struct {
	selections []selection
	condition  *expr
}

// narrow returns what to compile of each rule, its filters applied.
func (n *names) narrow(rules []*Rule) (map[*Rule]body, error) {
	bodies := make(map[*Rule]body)
	for _, r := range rules {
		bodies[r] = body{r.selections, r.condition}
	}
	var errs []error
	for _, f := range rules {
		if f.Filter == nil {
			continue
		}
		targets, err := n.targets(f, rules)
		if err != nil {
			errs = append(errs, &Error{File: f.File, Line: f.Line, Err: err})
			continue
		}
		for _, r := range targets {
			bodies[r] = bodies[r].and(f)
		}
	}
	return bodies, errors.Join(errs...)
}

// targets returns the rules a filter is for.
func (n *names) targets(f *Rule, rules []*Rule) ([]*Rule, error) {
	var list []*Rule
	if f.Filter.Rules == nil {
		for _, r := range rules {
			if r.IsDetection() && f.Logsource.includes(r.Logsource) {
				list = append(list, r)
			}
		}
		return list, nil
	}
	for _, name := range f.Filter.Rules {
		r, err := n.find(name)
		switch {
		case err != nil:
			return nil, err
		case !r.IsDetection():
			return nil, fmt.Errorf("%q is a correlation or a filter: filters are for detection rules, name those", name)
		case !f.Logsource.includes(r.Logsource):
			return nil, fmt.Errorf("the rule %q reads another log source than the filter: correct the filter's", name)
		}
		list = append(list, r)
	}
	return list, nil
}

// includes reports whether rules of log source m are among those l stands for.
func (l Logsource) includes(m Logsource) bool {
	return (l.Category == "" || l.Category == m.Category) &&
		(l.Product == "" || l.Product == m.Product) &&
		(l.Service == "" || l.Service == m.Service)
}

// and returns b with what f asks for added.
func (b body) and(f *Rule) body {
	from := len(b.selections)
	all := append(b.selections[:from:from], f.selections...)
	return body{all, &expr{op: opAnd, kids: []*expr{b.condition, f.condition.shifted(from)}}}
}

// shifted returns e with the numbers of the selections it names raised by n.
func (e *expr) shifted(n int) *expr {
	out := &expr{op: e.op, test: e.test, sel: e.sel}
	if e.op == opName {
		out.sel += n
	}
	for _, k := range e.kids {
		out.kids = append(out.kids, k.shifted(n))
	}
	return out
}
