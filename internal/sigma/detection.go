package sigma

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What one rule may hold. Far more than any rule written by hand, and little
// enough that a file made to exhaust memory, by aliases say, is refused.
const (
	maxSelections = 1000
	maxValues     = 100_000
)

// A detectionParser reads the detection section of one rule.
type detectionParser struct {
	*parser
	spent int // fields and values so far
}

// detection reads the selections and the condition of n into r.
func (p *parser) detection(r *Rule, n *yaml.Node) {
	d := &detectionParser{parser: p}
	var condition *yaml.Node
	var names []string
	for key, value := range p.pairs(n, "detection") {
		switch key.Value {
		case "condition":
			condition = value
		case "timeframe":
			p.errorf(key, "timeframe belongs to aggregations, which are no longer Sigma: write a correlation rule")
		default:
			names = append(names, key.Value)
			r.selections = append(r.selections, selection{name: key.Value, expr: d.selection(value)})
		}
	}
	switch {
	case condition == nil:
		p.errorf(n, "detection has no condition: add one that names the selections")
	case len(names) > maxSelections:
		p.errorf(n, "detection has %d selections: write at most %d", len(names), maxSelections)
	default:
		r.condition = p.condition(condition, names)
	}
}

// condition reads a condition, or a list of them, any of which is enough.
func (p *parser) condition(n *yaml.Node, names []string) *expr {
	c := &conditionParser{names: names}
	var kids []*expr
	for _, n := range p.scalars(n, "condition") {
		e, err := c.parse(n.Value)
		if err != nil {
			p.errorf(n, "condition: %w", err)
			return nil
		}
		kids = append(kids, e)
	}
	return join(opOr, kids)
}

// spend takes n from what the rule may hold, and reports whether it was there.
func (d *detectionParser) spend(at *yaml.Node, n int) bool {
	if d.spent <= maxValues && d.spent+n > maxValues {
		d.errorf(at, "the rule holds more than %d fields and values: split it", maxValues)
	}
	d.spent = min(d.spent+n, maxValues+1)
	return d.spent <= maxValues
}

// selection reads a map, all of whose fields must match, or a list of maps
// and keywords, any of which is enough.
func (d *detectionParser) selection(n *yaml.Node) *expr {
	n = deref(n)
	if n.Kind != yaml.SequenceNode {
		return d.selectionItem(n)
	}
	var kids []*expr
	for _, item := range n.Content {
		if !d.spend(item, 1) {
			break
		}
		kids = append(kids, d.selectionItem(deref(item)))
	}
	if len(kids) == 0 {
		d.errorf(n, "the selection is empty: give it a field or a keyword")
	}
	return join(opOr, kids)
}

func (d *detectionParser) selectionItem(n *yaml.Node) *expr {
	switch n.Kind {
	case yaml.ScalarNode:
		return d.values("", modifiers{}, n)
	case yaml.MappingNode:
		return d.fields(n)
	}
	d.errorf(n, "a selection is a map of fields, a list of such maps, or a list of keywords: take the inner list apart")
	return &expr{op: opOr}
}

func (d *detectionParser) fields(n *yaml.Node) *expr {
	var kids []*expr
	if !d.spend(n, len(n.Content)) {
		return &expr{op: opAnd}
	}
	for key, value := range d.pairs(n, "the selection") {
		names := strings.Split(key.Value, "|")
		m, err := parseModifiers(names[1:])
		if err == nil && names[0] == "" {
			err = m.checkKeyword()
		}
		if err != nil {
			d.errorf(key, "field %q: %w", key.Value, err)
			continue
		}
		kids = append(kids, d.values(names[0], m, value))
	}
	return join(opAnd, kids)
}

// values combines the values of one field: any of them, all of them with the
// modifier all, none of them with neq.
func (d *detectionParser) values(field string, m modifiers, n *yaml.Node) *expr {
	var kids []*expr
	if !d.spend(n, len(deref(n).Content)) {
		return &expr{op: opOr}
	}
	for _, n := range d.scalars(n, fmt.Sprintf("field %q", field)) {
		predicates, err := m.predicates(field, n)
		if err != nil {
			d.errorf(n, "field %q: %w", field, err)
			continue
		}
		if !d.spend(n, len(predicates)) {
			break
		}
		kids = append(kids, anyOf(predicates))
	}
	switch {
	case m.all:
		return join(opAnd, kids)
	case m.neq:
		present := &predicate{identity: identity{field: field, kind: kindPresent}}
		none := &expr{op: opNot, kids: []*expr{join(opOr, kids)}}
		return &expr{op: opAnd, kids: []*expr{{op: opTest, test: present}, none}}
	}
	return join(opOr, kids)
}

func anyOf(predicates []*predicate) *expr {
	var kids []*expr
	for _, p := range predicates {
		kids = append(kids, &expr{op: opTest, test: p})
	}
	return join(opOr, kids)
}
