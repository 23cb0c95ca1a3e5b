package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The types of correlation.
const (
	EventCount      = "event_count"      // how many events
	ValueCount      = "value_count"      // how many different values of a field
	ValueSum        = "value_sum"        // of the numbers in a field
	ValueAvg        = "value_avg"        // the same
	ValueMedian     = "value_median"     // the same
	ValuePercentile = "value_percentile" // the same; without a percentile, how common the event's value is, in percent
	Temporal        = "temporal"         // how many of the rules matched
	TemporalOrdered = "temporal_ordered" // all rules matched, in their order
)

var correlationTypes = []string{EventCount, ValueCount, ValueSum, ValueAvg, ValueMedian, ValuePercentile, Temporal, TemporalOrdered}

// A Correlation is what a correlation rule asks of the matches of other rules.
type Correlation struct {
	Type     string
	Rules    []string                     // ids or names of rules and other correlations
	GroupBy  []string                     // fields, or aliases: matches that differ in them are counted apart
	Aliases  map[string]map[string]string // alias -> rule, as in Rules or by its name -> field
	Timespan time.Duration
	// Condition must hold in full. It is empty for TemporalOrdered.
	Condition  []Threshold
	Fields     []string // whose values count, for the value types; several are one value together
	Percentile int      // for ValuePercentile: 0 to 100, or -1
}

// A Threshold compares what was counted with a number.
type Threshold struct {
	Operator string // gt, gte, lt, lte, eq, neq
	Value    float64
}

func (t Threshold) holds(n float64) bool {
	switch t.Operator {
	case "gt":
		return n > t.Value
	case "gte":
		return n >= t.Value
	case "lt":
		return n < t.Value
	case "lte":
		return n <= t.Value
	case "eq":
		return n == t.Value
	default:
		return n != t.Value
	}
}

// What one correlation may name. A sequence keeps more of each group.
const (
	maxCorrelated = 64
	maxSequence   = 16
	maxGroupBy    = 16 // fields, and fields whose values count
)

// correlation reads the correlation section of a rule.
func (p *parser) correlation(r *Rule, n *yaml.Node) {
	c := &Correlation{Percentile: -1}
	r.Correlation = c
	var condition *yaml.Node
	has := make(map[string]bool)
	for key, value := range p.pairs(n, "correlation") {
		has[key.Value] = true
		switch key.Value {
		case "type":
			c.Type = p.text(value, "type")
		case "rules":
			c.Rules = p.texts(value, "rules")
		case "group-by":
			c.GroupBy = p.texts(value, "group-by")
		case "timespan":
			c.Timespan = p.timespan(value)
		case "aliases":
			p.aliases(c, value)
		case "condition":
			condition = value
		case "generate":
			p.generate(r, value)
		default:
			p.errorf(key, "correlation has no key %q: correct it or take it out", key.Value)
		}
	}
	for _, key := range []string{"type", "rules", "timespan"} {
		if !has[key] {
			p.errorf(n, "correlation has no %s: add it", key)
		}
	}
	p.correlated(c, n)
	p.correlationCondition(c, n, condition)
}

// generate reads the switch of that name, which some put beside the
// correlation and some into it.
func (p *parser) generate(r *Rule, n *yaml.Node) {
	var on bool
	if n.ShortTag() != "!!bool" || n.Decode(&on) != nil {
		p.errorf(n, "generate needs true or false, not %q", n.Value)
	}
	r.generate = r.generate || on
}

// correlated checks the rules and groups of c.
func (p *parser) correlated(c *Correlation, n *yaml.Node) {
	if c.Type != "" && !slices.Contains(correlationTypes, c.Type) {
		p.errorf(n, "correlation type %q is not known: use one of %s", c.Type, strings.Join(correlationTypes, ", "))
	}
	most := maxCorrelated
	if c.Type == TemporalOrdered {
		most = maxSequence
	}
	switch {
	case len(c.Rules) > most:
		p.errorf(n, "correlation names %d rules: a %s takes at most %d; chain several", len(c.Rules), c.Type, most)
		return
	case len(c.GroupBy) > maxGroupBy:
		p.errorf(n, "group-by names %d fields: write at most %d", len(c.GroupBy), maxGroupBy)
		return
	}
	for i, name := range c.Rules {
		if slices.Contains(c.Rules[:i], name) {
			p.errorf(n, "correlation names the rule %q twice: take one out", name)
		}
	}
	for alias := range c.Aliases {
		if !slices.Contains(c.GroupBy, alias) {
			p.errorf(n, "group-by does not use the alias %q: add it there or take the alias out", alias)
		}
	}
}

func (p *parser) aliases(c *Correlation, n *yaml.Node) {
	c.Aliases = make(map[string]map[string]string)
	for alias, fields := range p.pairs(n, "aliases") {
		if len(c.Aliases) == maxGroupBy || len(deref(fields).Content) > 2*maxCorrelated {
			p.errorf(alias, "there are more than %d aliases, or an alias is for more than %d rules: write fewer", maxGroupBy, maxCorrelated)
			return
		}
		c.Aliases[alias.Value] = make(map[string]string)
		for rule, field := range p.pairs(fields, "the alias") {
			c.Aliases[alias.Value][rule.Value] = p.text(field, "the field of an alias")
		}
	}
}

// units of a timespan. A month and a year are those of the Gregorian calendar
// on average.
var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
	'M': 2_629_746 * time.Second, 'y': 31_556_952 * time.Second,
}

// maxTimespan is ten years, so that times can be added without care.
const maxTimespan = 10 * 31_556_952 * time.Second

func (p *parser) timespan(n *yaml.Node) time.Duration {
	text := p.text(n, "timespan")
	if text != "" {
		count, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
		unit := units[text[len(text)-1]]
		if err == nil && count > 0 && unit > 0 && count <= int64(maxTimespan/unit) {
			return time.Duration(count) * unit
		}
	}
	p.errorf(n, "timespan %q: write a number and s, m, h, d, w, M or y, like 10m, of at most ten years", text)
	return 0
}

// correlationCondition reads the condition of c, which is missing where n is nil.
func (p *parser) correlationCondition(c *Correlation, at, n *yaml.Node) {
	counts := c.Type != Temporal && c.Type != TemporalOrdered
	switch {
	case n == nil && counts:
		p.errorf(at, "correlation has no condition: add one like {gte: 10}")
		return
	case n == nil:
		c.Condition = []Threshold{{"gte", float64(len(c.Rules))}}
	case n.Kind == yaml.ScalarNode:
		p.errorf(n, "a condition made of rule names is not read: list the rules under rules, and chain correlations for and, or, not")
		return
	default:
		p.thresholds(c, n)
	}
	p.checkCondition(c, at)
}

func (p *parser) thresholds(c *Correlation, n *yaml.Node) {
	for key, value := range p.pairs(n, "condition") {
		switch key.Value {
		case "field":
			c.Fields = p.texts(value, "field")
		case "percentile":
			percent, err := strconv.Atoi(p.text(value, "percentile"))
			if err != nil || percent < 0 || percent > 100 {
				p.errorf(value, "percentile needs a whole number from 0 to 100, not %q", value.Value)
			}
			c.Percentile = percent
		case "gt", "gte", "lt", "lte", "eq", "neq":
			number, ok := parseNumber(p.text(value, key.Value))
			if !ok {
				p.errorf(value, "%s needs a number, not %q", key.Value, value.Value)
			}
			c.Condition = append(c.Condition, Threshold{key.Value, number})
		default:
			p.errorf(key, "condition has no key %q: use gt, gte, lt, lte, eq, neq, field or percentile", key.Value)
		}
	}
}

func (p *parser) checkCondition(c *Correlation, n *yaml.Node) {
	all := float64(len(c.Rules))
	switch {
	case len(c.Condition) == 0:
		p.errorf(n, "condition compares with nothing: add gt, gte, lt, lte, eq or neq")
	case c.Percentile >= 0 && c.Type != ValuePercentile:
		p.errorf(n, "percentile is for value_percentile only: take it out")
	case c.Type == TemporalOrdered && (!c.holds(all) || c.holds(all-1)):
		p.errorf(n, "temporal_ordered wants all its rules, in order: take the condition out")
	}
	p.checkFields(c, n)
	if c.Type == EventCount || c.Type == ValueCount {
		p.checkReach(c, n)
	}
}

func (p *parser) checkFields(c *Correlation, n *yaml.Node) {
	values := strings.HasPrefix(c.Type, "value_")
	switch {
	case len(c.Fields) > maxGroupBy:
		p.errorf(n, "condition names %d fields: write at most %d", len(c.Fields), maxGroupBy)
	case values && len(c.Fields) == 0:
		p.errorf(n, "%s needs a field in its condition: name the one whose values count", c.Type)
	case !values && len(c.Fields) > 0:
		p.errorf(n, "%s counts no values: take field out of the condition, or use value_count", c.Type)
	case len(c.Fields) > 1 && c.numeric():
		p.errorf(n, "%s needs a single field: take the others out", c.Type)
	}
}

// checkReach refuses counts that the bounded state never reaches.
func (p *parser) checkReach(c *Correlation, n *yaml.Node) {
	for _, t := range c.Condition {
		if t.Value < 0 || t.Value >= maxStored {
			p.errorf(n, "%s: %v cannot be told from other counts: at most %d events of a group are kept; use a smaller number", t.Operator, t.Value, maxStored)
		}
	}
}

// numeric reports whether the values of the field are taken as numbers.
func (c *Correlation) numeric() bool {
	switch c.Type {
	case ValueSum, ValueAvg, ValueMedian:
		return true
	}
	return c.Type == ValuePercentile && c.Percentile >= 0
}

func (c *Correlation) holds(n float64) bool {
	for _, t := range c.Condition {
		if !t.holds(n) {
			return false
		}
	}
	return true
}

// fieldOf returns the field a group-by name stands for in events of a rule.
func (c *Correlation) fieldOf(name string, ref string, r *Rule) (string, error) {
	of, ok := c.Aliases[name]
	if !ok {
		return name, nil
	}
	for _, key := range []string{ref, r.Name, r.ID} {
		if field := of[key]; field != "" {
			return field, nil
		}
	}
	return "", fmt.Errorf("the alias %q says nothing about the rule %q: add its field", name, ref)
}
