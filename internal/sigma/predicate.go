package sigma

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// A kind says what a predicate asks of a value.
type kind uint8

const (
	kindText kind = iota // text at the anchored place
	kindGlob             // text with wildcards
	kindRegexp
	kindCIDR
	kindLess
	kindLessEqual
	kindGreater
	kindGreaterEqual
	kindEqual    // as numbers
	kindFieldRef // the value of another field
	kindPresent  // the event has the field
	kindAbsent   // it has not
)

// An anchor says where in a value a text must lie.
type anchor uint8

const (
	anywhere anchor = 0
	atStart  anchor = 1
	atEnd    anchor = 2
	whole           = atStart | atEnd
)

// An identity is what tells predicates apart: two of the same identity always
// give the same answer.
type identity struct {
	field  string // "" for every string of the event
	kind   kind
	anchor anchor
	cased  bool
	text   string // what is looked for, in lower case unless cased
	part   string // of the value, which is a date: "minute", ...
}

// A predicate is one question about one field. It holds when it holds for any
// of the field's values.
type predicate struct {
	identity

	// literals are texts in lower case, one of which occurs in every value
	// the predicate holds for, case ignored. None: nothing is known.
	literals []string

	glob   *glob
	re     *regexp.Regexp
	reach  int // how many bytes of a value re is given
	prefix netip.Prefix
	number float64
}

// find reports whether the predicate holds for value, and for which bytes of
// it. It is not for fieldref, present and absent, which are not about one value.
func (p *predicate) find(value string) (start, end int, ok bool) {
	switch p.kind {
	case kindText:
		return findText(value, p.text, p.anchor, p.cased)
	case kindGlob:
		return p.glob.find(value)
	case kindRegexp:
		if loc := p.re.FindStringIndex(value[:min(len(value), p.reach)]); loc != nil {
			return loc[0], loc[1], true
		}
		return 0, 0, false
	case kindCIDR:
		return 0, len(value), p.inPrefix(value)
	default:
		return 0, len(value), p.compare(value)
	}
}

// holds reports whether the predicate holds for value.
func (p *predicate) holds(value string) bool {
	if p.kind == kindRegexp { // cheaper than asking where
		return p.re.MatchString(value[:min(len(value), p.reach)])
	}
	_, _, ok := p.find(value)
	return ok
}

func (p *predicate) inPrefix(value string) bool {
	value, _, _ = strings.Cut(value, "%") // the zone
	if strings.Trim(value, "0123456789abcdefABCDEF.:") != "" {
		return false // seen here rather than by netip, whose errors allocate
	}
	addr, err := netip.ParseAddr(value)
	return err == nil && p.prefix.Contains(addr.Unmap())
}

func (p *predicate) compare(value string) bool {
	n, ok := parseNumber(value)
	if p.part != "" {
		n, ok = datePart(value, p.part)
	}
	if !ok {
		return false
	}
	switch p.kind {
	case kindEqual:
		return n == p.number
	case kindLess:
		return n < p.number
	case kindLessEqual:
		return n <= p.number
	case kindGreater:
		return n > p.number
	default:
		return n >= p.number
	}
}

// refers reports whether value is, or begins or ends with, other.
func (p *predicate) refers(value, other string) bool {
	switch {
	case len(value) < len(other):
		return false
	case p.anchor == atStart:
		value = value[:len(other)]
	case p.anchor == atEnd:
		value = value[len(value)-len(other):]
	}
	return value == other || !p.cased && equalFold(value, other)
}

// parseNumber reads a decimal number: sign, digits, fraction, an exponent of at
// most two digits. It leaves to strconv only what cannot fail, since there a
// failure allocates.
func parseNumber(s string) (float64, bool) {
	const longest = 48
	rest := trimSign(s)
	rest, whole := trimDigits(rest)
	fraction := 0
	if rest != "" && rest[0] == '.' {
		rest, fraction = trimDigits(rest[1:])
	}
	if len(s) > longest || whole+fraction == 0 {
		return 0, false
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		exponent := 0
		if rest, exponent = trimDigits(trimSign(rest[1:])); exponent == 0 || exponent > 2 {
			return 0, false
		}
	}
	if rest != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

func trimSign(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

func trimDigits(s string) (rest string, n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[n:], n
}
