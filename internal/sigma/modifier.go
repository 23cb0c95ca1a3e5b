package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// modifiers is what stands behind a field's name: "field|contains|all".
type modifiers struct {
	operator string   // "", contains, startswith, endswith, re, cidr, exists, lt, lte, gt, gte
	encoders []string // windash, wide, base64, ...: applied to the value in this order
	flags    string   // of re
	all      bool     // every value, instead of any
	neq      bool
	cased    bool
	expand   bool
	fieldref bool
	part     string // of a date: minute, hour, ...
}

// A modifierClass says which of the modifiers exclude each other.
type modifierClass uint8

const (
	classOperator modifierClass = iota + 1 // at most one
	classEncoder
	classFlag   // behind re
	classPart   // of a date, at most one
	classSwitch // on or off
)

var modifierClasses = map[string]modifierClass{
	"contains": classOperator, "startswith": classOperator, "endswith": classOperator,
	"re": classOperator, "cidr": classOperator, "exists": classOperator,
	"lt": classOperator, "lte": classOperator, "gt": classOperator, "gte": classOperator,
	"base64": classEncoder, "base64offset": classEncoder, "windash": classEncoder,
	"wide": classEncoder, "utf16": classEncoder, "utf16le": classEncoder, "utf16be": classEncoder,
	"i": classFlag, "m": classFlag, "s": classFlag,
	"minute": classPart, "hour": classPart, "day": classPart, "week": classPart, "month": classPart, "year": classPart,
	"all": classSwitch, "neq": classSwitch, "cased": classSwitch, "expand": classSwitch, "fieldref": classSwitch,
}

// comparisons are the operators for numbers.
var comparisons = map[string]kind{"lt": kindLess, "lte": kindLessEqual, "gt": kindGreater, "gte": kindGreaterEqual}

// parseModifiers reads the modifiers of one field.
func parseModifiers(names []string) (modifiers, error) {
	var m modifiers
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return m, fmt.Errorf("modifier %q is given twice: take one out", name)
		}
		if err := m.add(name); err != nil {
			return m, err
		}
	}
	return m, m.check()
}

func (m *modifiers) add(name string) error {
	switch modifierClasses[name] {
	case classOperator:
		if m.operator != "" {
			return fmt.Errorf("modifiers %q and %q exclude each other: keep one", m.operator, name)
		}
		m.operator = name
	case classEncoder:
		m.encoders = append(m.encoders, name)
	case classFlag:
		if m.operator != "re" {
			return fmt.Errorf("modifier %q must stand behind re: write re|%s", name, name)
		}
		m.flags += name
	case classPart:
		if m.part != "" {
			return fmt.Errorf("modifiers %q and %q exclude each other: keep one", m.part, name)
		}
		m.part = name
	case classSwitch:
		m.set(name)
	default:
		return fmt.Errorf("modifier %q is unknown or not supported: use one of %s", name, knownModifiers())
	}
	return nil
}

func (m *modifiers) set(name string) {
	switch name {
	case "all":
		m.all = true
	case "neq":
		m.neq = true
	case "cased":
		m.cased = true
	case "expand":
		m.expand = true
	case "fieldref":
		m.fieldref = true
	}
}

func knownModifiers() string {
	var names []string
	for name := range modifierClasses {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// isText reports whether the values are texts to be found in the field.
func (m *modifiers) isText() bool {
	switch m.operator {
	case "", "contains", "startswith", "endswith":
		return !m.fieldref && m.part == ""
	}
	return false
}

// at returns where the value must lie. A keyword may lie anywhere.
func (m *modifiers) at(field string) anchor {
	switch {
	case m.operator == "startswith":
		return atStart
	case m.operator == "endswith":
		return atEnd
	case m.operator == "contains", field == "":
		return anywhere
	}
	return whole
}

// check refuses combinations that mean nothing.
func (m *modifiers) check() error {
	if err := m.checkOperator(); err != nil || m.isText() {
		return err
	}
	switch {
	case len(m.encoders) > 0 || m.expand:
		return errors.New("encodings and expand are for plain values: take re, cidr, exists, fieldref or the comparison out")
	case m.cased && !m.fieldref:
		return fmt.Errorf("cased has no meaning with %s: take it out", m.operator)
	}
	return nil
}

func (m *modifiers) checkOperator() error {
	switch {
	case m.part != "" && (m.operator != "" && comparisons[m.operator] == 0 || len(m.encoders) > 0 || m.cased || m.expand || m.fieldref):
		return fmt.Errorf("%s gives a number: only lt, lte, gt, gte and neq go with it", m.part)
	case m.neq && m.all:
		return errors.New("neq already means none of the values: take all out")
	case m.fieldref && !slices.Contains([]string{"", "startswith", "endswith"}, m.operator):
		return fmt.Errorf("fieldref and %s exclude each other: fieldref goes with startswith, endswith or alone", m.operator)
	case m.operator == "exists" && (m.neq || m.all):
		return errors.New("exists stands alone: write exists: true or exists: false")
	case m.neq && comparisons[m.operator] != 0:
		return fmt.Errorf("neq and %s exclude each other: use the opposite comparison", m.operator)
	case m.operator != "contains" && slices.Contains(m.encoders, "base64offset"):
		return errors.New("base64offset gives fragments, which no whole value equals: write base64offset|contains")
	}
	return nil
}

// checkKeyword refuses what cannot be asked of a keyword, which has no field.
func (m *modifiers) checkKeyword() error {
	if m.neq || !m.isText() && m.operator != "re" {
		return errors.New("keywords have no field to test: put a field's name before the modifier, or use only contains, startswith, endswith, re and all")
	}
	return nil
}
