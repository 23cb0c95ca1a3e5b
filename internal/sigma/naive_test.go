package sigma_test

import (
	"encoding/base64"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A naive evaluator reads a sound rule's YAML anew for every event and asks
// each question on its own, so that it shares no code and no idea with the
// engine. It panics on what it does not know.
type naive struct {
	selections map[string]*yaml.Node
	tokens     []string
	event      event
}

// naiveMatch reports whether the detection section n matches e.
func naiveMatch(n *yaml.Node, e event) bool {
	v := &naive{selections: map[string]*yaml.Node{}, event: e}
	var conditions []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		if key == "condition" {
			conditions = naiveList(value)
			continue
		}
		v.selections[key] = value
	}
	matched := false
	for _, c := range conditions {
		spaced := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(c.Value)
		v.tokens = strings.Fields(spaced)
		matched = v.or() || matched
	}
	return matched
}

func naiveList(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

func (v *naive) next() string {
	tok := v.tokens[0]
	v.tokens = v.tokens[1:]
	return tok
}

func (v *naive) at(word string) bool {
	if len(v.tokens) == 0 || v.tokens[0] != word {
		return false
	}
	v.tokens = v.tokens[1:]
	return true
}

func (v *naive) or() bool {
	held := v.and()
	for v.at("or") {
		held = v.and() || held
	}
	return held
}

func (v *naive) and() bool {
	held := v.not()
	for v.at("and") {
		held = v.not() && held
	}
	return held
}

func (v *naive) not() bool {
	switch {
	case v.at("not"):
		return !v.not()
	case v.at("("):
		held := v.or()
		v.next()
		return held
	}
	name := v.next()
	if !v.at("of") {
		return v.selection(v.selections[name])
	}
	pattern, n, held := v.next(), 0, 0
	for other, sel := range v.selections {
		if ok, _ := path.Match(pattern, other); ok || pattern == "them" && other[0] != '_' {
			n++
			if v.selection(sel) {
				held++
			}
		}
	}
	return held == n || name != "all" && held > 0
}

func (v *naive) selection(n *yaml.Node) bool {
	switch n.Kind {
	case yaml.SequenceNode:
		return slices.ContainsFunc(n.Content, v.selection)
	case yaml.ScalarNode:
		return v.field("", []*yaml.Node{n})
	}
	for i := 0; i < len(n.Content); i += 2 {
		if !v.field(n.Content[i].Value, naiveList(n.Content[i+1])) {
			return false
		}
	}
	return true
}

func (v *naive) field(key string, rule []*yaml.Node) bool {
	field, rest, _ := strings.Cut(key, "|")
	mods := strings.Split(rest, "|")
	have := v.event[field]
	if field == "" {
		v.event.Strings(func(s string) bool {
			have = append(have, s)
			return true
		})
	}
	held := 0
	for _, n := range rule {
		if v.value(mods, field == "", have, n) {
			held++
		}
	}
	switch {
	case slices.Contains(mods, "neq"):
		return len(have) > 0 && held == 0
	case slices.Contains(mods, "all"):
		return held == len(rule)
	}
	return held > 0
}

func (v *naive) value(mods []string, keyword bool, have []string, n *yaml.Node) bool {
	has := func(m string) bool { return slices.Contains(mods, m) }
	switch {
	case n.ShortTag() == "!!null":
		return len(have) == 0
	case has("exists"):
		return (len(have) > 0) == (n.Value == "true")
	case has("re"):
		return naiveRegexp(mods, have, n.Value)
	case has("cidr"):
		return naiveCIDR(have, n.Value)
	case has("fieldref"):
		return naiveRef(have, v.event[n.Value], has("cased"))
	}
	pattern := naivePattern(n.Value, has)
	atStart, atEnd := has("startswith"), has("endswith")
	inside := has("contains") || keyword && !atStart && !atEnd
	if inside || atEnd {
		pattern = append([]rune{star}, pattern...)
	}
	if inside || atStart {
		pattern = append(pattern, star)
	}
	return slices.ContainsFunc(have, func(s string) bool { return naiveGlob(pattern, naiveRunes(s, has("cased"))) })
}

func naiveRegexp(mods, have []string, src string) bool {
	for _, m := range mods {
		if m == "i" || m == "m" || m == "s" {
			src = "(?" + m + ")" + src
		}
	}
	return slices.ContainsFunc(have, regexp.MustCompile(src).MatchString)
}

func naiveCIDR(have []string, src string) bool {
	prefix := netip.MustParsePrefix(src)
	return slices.ContainsFunc(have, func(s string) bool {
		addr, err := netip.ParseAddr(s)
		return err == nil && prefix.Contains(addr)
	})
}

func naiveRef(have, other []string, cased bool) bool {
	return slices.ContainsFunc(have, func(a string) bool {
		return slices.ContainsFunc(other, func(b string) bool {
			return slices.Equal(naiveRunes(a, cased), naiveRunes(b, cased))
		})
	})
}

// Above all characters: what a pattern holds beside them, and bytes that are
// no characters.
const (
	star rune = 0x110000 + iota
	question
	anyDash
	notUTF8
)

func naivePattern(s string, has func(string) bool) []rune {
	var out []rune
	for rs := []rune(s); len(rs) > 0; rs = rs[1:] {
		switch {
		case rs[0] == '\\' && len(rs) > 1 && strings.ContainsRune(`\*?`, rs[1]):
			out = append(out, naiveRunes(string(rs[1]), true)...)
			rs = rs[1:]
		case rs[0] == '*':
			out = append(out, star)
		case rs[0] == '?':
			out = append(out, question)
		default:
			out = append(out, naiveRunes(string(rs[0]), has("cased") || has("base64"))...)
		}
	}
	if has("windash") {
		naiveDashes(out)
	}
	if has("base64") {
		out = naiveRunes(base64.StdEncoding.EncodeToString([]byte(string(out))), has("cased"))
	}
	return out
}

var wordRune = regexp.MustCompile(`^[\pL\p{Nd}_]$`)

func naiveDashes(pattern []rune) {
	isWord := func(i int) bool { return i >= 0 && i < len(pattern) && wordRune.MatchString(string(pattern[i])) }
	for i, r := range pattern {
		if strings.ContainsRune("-/–—―", r) && !isWord(i-1) && isWord(i+1) {
			pattern[i] = anyDash
		}
	}
}

// naiveRunes returns the characters of s, A-Z as a-z unless cased.
func naiveRunes(s string, cased bool) []rune {
	var out []rune
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			r = notUTF8 + rune(s[0])
		case !cased && r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		}
		out = append(out, r)
		s = s[size:]
	}
	return out
}

// naiveGlob fills a table: which ends of s does each prefix of pattern match.
func naiveGlob(pattern, s []rune) bool {
	ends := make([]bool, len(s)+1)
	ends[0] = true
	for _, p := range pattern {
		next := make([]bool, len(s)+1)
		for i := range next {
			switch {
			case p == star:
				next[i] = ends[i] || i > 0 && next[i-1]
			case i > 0 && ends[i-1]:
				next[i] = p == s[i-1] || p == question || p == anyDash && strings.ContainsRune("-/–—―", s[i-1])
			}
		}
		ends = next
	}
	return ends[len(s)]
}
