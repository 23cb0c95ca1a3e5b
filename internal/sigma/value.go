package sigma

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strings"

	"go.yaml.in/yaml/v3"
)

// predicates turns one value of a rule into the questions it may be, any of
// which is enough.
func (m *modifiers) predicates(field string, n *yaml.Node) ([]*predicate, error) {
	switch {
	case n.ShortTag() == "!!null":
		return m.null(field)
	case m.fieldref:
		return m.ref(field, n.Value)
	case m.operator == "re":
		return compileRegexp(field, n.Value, m.flags)
	case m.operator == "cidr":
		return parseCIDR(field, n.Value)
	case m.operator == "exists":
		return parseExists(field, n)
	case !m.isText():
		return m.comparison(field, n.Value)
	}
	return m.text(field, n.Value)
}

func (m *modifiers) null(field string) ([]*predicate, error) {
	if m.operator != "" || m.part != "" || m.fieldref || len(m.encoders) > 0 || field == "" {
		return nil, errors.New("null is no text: write it as the only value of a field without modifiers, or quote it")
	}
	return []*predicate{{identity: identity{field: field, kind: kindAbsent}}}, nil
}

func (m *modifiers) ref(field, other string) ([]*predicate, error) {
	if other == "" {
		return nil, errors.New("fieldref needs the name of the other field as its value")
	}
	id := identity{field: field, kind: kindFieldRef, anchor: m.at(field), cased: m.cased, text: other}
	return []*predicate{{identity: id}}, nil
}

func parseCIDR(field, value string) ([]*predicate, error) {
	prefix, err := netip.ParsePrefix(value)
	if addr, notAddr := netip.ParseAddr(value); notAddr == nil && addr.Zone() == "" {
		prefix, err = addr.Prefix(addr.BitLen())
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no network: write one like 10.0.0.0/8 or fe80::/10", value)
	}
	if prefix != prefix.Masked() {
		return nil, fmt.Errorf("%s has bits set behind the prefix: write %s", value, prefix.Masked())
	}
	id := identity{field: field, kind: kindCIDR, text: prefix.String()}
	return []*predicate{{identity: id, prefix: prefix}}, nil
}

func parseExists(field string, n *yaml.Node) ([]*predicate, error) {
	var want bool
	if n.ShortTag() != "!!bool" || n.Decode(&want) != nil {
		return nil, fmt.Errorf("exists needs true or false, not %q", n.Value)
	}
	k := kindAbsent
	if want {
		k = kindPresent
	}
	return []*predicate{{identity: identity{field: field, kind: k}}}, nil
}

func (m *modifiers) comparison(field, value string) ([]*predicate, error) {
	number, ok := parseNumber(value)
	if !ok {
		return nil, fmt.Errorf("%s needs a decimal number, not %q", cmp.Or(m.operator, m.part), value)
	}
	id := identity{field: field, kind: kindEqual, text: value, part: m.part}
	if m.operator != "" {
		id.kind = comparisons[m.operator]
	}
	return []*predicate{{identity: id, number: number}}, nil
}

// text turns a plain value into its encoded forms.
func (m *modifiers) text(field, value string) ([]*predicate, error) {
	if m.expand {
		var err error
		if value, err = checkPlaceholders(value); err != nil {
			return nil, err
		}
	}
	patterns, err := m.encode(parsePattern(value))
	if err != nil {
		return nil, err
	}
	var out []*predicate
	for _, p := range patterns {
		out = append(out, p.predicate(field, m.at(field), m.cased))
	}
	return out, nil
}

func (m *modifiers) encode(p pattern) ([]pattern, error) {
	patterns := []pattern{p}
	for _, encoder := range m.encoders {
		var next []pattern
		for _, p := range patterns {
			coded, err := encodePattern(encoder, p)
			if err != nil {
				return nil, err
			}
			next = append(next, coded...)
		}
		patterns = next
	}
	return patterns, nil
}

func encodePattern(encoder string, p pattern) ([]pattern, error) {
	if encoder == "windash" {
		return windash(p)
	}
	text, ok := p.plain()
	if !ok {
		return nil, errWildcard
	}
	var out []pattern
	for _, coded := range encode(encoder, text) {
		out = append(out, pattern{{text: coded}})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q is too short for %s: give at least two bytes", text, encoder)
	}
	return out, nil
}

var placeholder = regexp.MustCompile(`(?:^|[^\\])%[^%\\]+%`)

// checkPlaceholders refuses placeholders, for which there is no source of
// values, and makes escaped percent signs plain.
func checkPlaceholders(value string) (string, error) {
	if placeholder.MatchString(value) {
		return "", fmt.Errorf("%q holds a placeholder and there is nothing to put in its place: write the values out, or take expand out to match the text itself", value)
	}
	return strings.ReplaceAll(value, `\%`, "%"), nil
}

const (
	maxRegexp     = 4096   // bytes of one regular expression
	maxRegexpProg = 10_000 // its compiled instructions

	// maxRegexpSteps bounds instructions times bytes of value, for at worst
	// every instruction is tried at every byte: that is a tenth of a second.
	// An expression of 128 instructions sees the longest argument Linux takes.
	maxRegexpSteps = 1 << 24
)

func compileRegexp(field, src, flags string) ([]*predicate, error) {
	if len(src) > maxRegexp {
		return nil, fmt.Errorf("regular expression of %d bytes: write at most %d", len(src), maxRegexp)
	}
	if flags != "" {
		src = "(?" + flags + ")" + src
	}
	tree, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		return nil, explainRegexp(err)
	}
	p := &predicate{identity: identity{field: field, kind: kindRegexp, text: src}}
	p.literals = requiredLiterals(tree) // before Simplify, which may change what it shares with tree
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, explainRegexp(err)
	}
	if len(prog.Inst) > maxRegexpProg {
		return nil, fmt.Errorf("regular expression needs %d instructions, more than %d: repeat less", len(prog.Inst), maxRegexpProg)
	}
	p.reach = maxRegexpSteps / len(prog.Inst)
	if p.re, err = regexp.Compile(src); err != nil {
		return nil, explainRegexp(err)
	}
	return []*predicate{p}, nil
}

// explainRegexp adds what to do to an error of the regexp packages, whose
// syntax lacks some of what rule authors know from PCRE.
func explainRegexp(err error) error {
	var bad *syntax.Error
	if !errors.As(err, &bad) {
		return fmt.Errorf("regular expression: %w", err)
	}
	advice := "correct it"
	switch bad.Code {
	case syntax.ErrInvalidPerlOp, syntax.ErrInvalidEscape, syntax.ErrMissingRepeatArgument, syntax.ErrInvalidRepeatOp:
		advice = "RE2 syntax has no look-around, back-references, possessive or atomic groups: write it without, or split it into several values"
	case syntax.ErrInvalidRepeatSize, syntax.ErrLarge:
		advice = "repeat at most 1000 times"
	}
	return fmt.Errorf("regular expression: %s: %q: %s", bad.Code, bad.Expr, advice)
}
