package sigma_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gander/internal/sigma"
)

// An event is field -> values; a field without values is one it has not.
type event map[string][]string

var _ sigma.Event = event(nil)

func (e event) Field(name string) (sigma.Value, bool) {
	if values := e[name]; len(values) > 0 {
		return sigma.Value{One: values[0], More: values[1:]}, true
	}
	return sigma.Value{}, false
}

func (e event) Strings(yield func(string) bool) {
	for _, name := range slices.Sorted(maps.Keys(e)) {
		for _, value := range e[name] {
			if !yield(value) {
				return
			}
		}
	}
}

// source writes a rule around a detection section, given without indentation.
func source(id, detection string) string {
	detection = "    " + strings.ReplaceAll(strings.TrimSpace(detection), "\n", "\n    ")
	return fmt.Sprintf("title: %s\nid: %s\nlogsource:\n    category: test\ndetection:\n%s\n", id, id, detection)
}

// parse reads rules that are known to be sound.
func parse(tb testing.TB, src string) []*sigma.Rule {
	tb.Helper()
	rules, err := sigma.Parse("test.yml", []byte(src))
	if err != nil {
		tb.Fatal(err)
	}
	return rules
}

// compile makes a set in which every rule is for class "test".
func compile(tb testing.TB, rules []*sigma.Rule) *sigma.Set {
	tb.Helper()
	set, err := sigma.Compile(rules, func(sigma.Logsource) []string { return []string{"test"} })
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// hits returns the ids of the rules that match e.
func hits(m *sigma.Matcher, e sigma.Event) []string {
	var ids []string
	m.Match("test", e, func(h *sigma.Hit) bool {
		ids = append(ids, h.Rule.ID)
		return true
	})
	return ids
}

func matches(t *testing.T, detection string, e event) bool {
	t.Helper()
	return len(hits(compile(t, parse(t, source("r", detection))).NewMatcher(), e)) == 1
}

func one(values ...string) event { return event{"F": values} }

var modifierTests = []struct {
	name, field string // a field and its value, in YAML
	yes, no     []event
}{
	{"a plain value is the whole value in any case", `F: Curl`, []event{one("curl"), one("CURL")}, []event{one("curl "), one("acurl"), one(""), {}}},
	{"the values of a list are alternatives", `F: [a, b]`, []event{one("a"), one("B")}, []event{one("ab"), one("c")}},
	{"a field with several values matches with one", `F: b`, []event{one("a", "b"), one("b", "a")}, []event{one("a", "c")}},
	{"a number is its text", `F: 0x10`, []event{one("0x10")}, []event{one("16")}},
	{"a boolean is its text", `F: true`, []event{one("true"), one("True")}, []event{one("1")}},
	{"the empty text is a value", `F: ''`, []event{one("")}, []event{one(" "), {}}},
	{"null is no field", `F: null`, []event{{}}, []event{one(""), one("a")}},
	{"null may be one of several", `F: [null, a]`, []event{{}, one("a")}, []event{one("b")}},
	{"a star is anything", `F: 'a*c'`, []event{one("ac"), one("abc"), one("a\nc"), one("AbbC")}, []event{one("ab"), one("xac"), one("acx"), one("c")}},
	{"a star alone is any value", `F: '*'`, []event{one(""), one("a")}, []event{{}}},
	{"several stars keep their order", `F: '*ab*cd*'`, []event{one("abcd"), one("xabxcdx"), one("cdabcd")}, []event{one("cdab"), one("abc")}},
	{"a star does not count a text twice", `F: 'ab*ba'`, []event{one("abba"), one("abxba")}, []event{one("aba")}},
	{"a question mark is one character", `F: 'a?c'`, []event{one("abc"), one("aéc"), one("a\xffc")}, []event{one("ac"), one("abbc"), one("aéec")}},
	{"question marks at the ends", `F: '?b?'`, []event{one("abc"), one("ébé")}, []event{one("b"), one("ab"), one("bc"), one("aabc")}},
	{"a question mark and a star", `F: '*?x'`, []event{one("ax"), one("aax")}, []event{one("x"), one("xa")}},
	{"an escaped star is a star", `F: 'a\*c'`, []event{one("a*c")}, []event{one("abc"), one(`a\*c`)}},
	{"an escaped question mark is one", `F: 'a\?'`, []event{one("a?")}, []event{one("ab")}},
	{"a backslash before other text is plain", `F: '\Temp\x'`, []event{one(`\temp\x`)}, []event{one("tempx")}},
	{"two backslashes are one", `F: '\\x\\'`, []event{one(`\x\`)}, []event{one(`\\x\\`)}},
	{"four backslashes are two", `F: '\\\\x'`, []event{one(`\\x`)}, []event{one(`\x`)}},
	{"two backslashes and a star", `F: 'c:\\*'`, []event{one(`c:\`), one(`c:\x`)}, []event{one("c:*"), one("c:x")}},
	{"three backslashes and a star", `F: 'c:\\\*'`, []event{one(`c:\*`)}, []event{one(`c:\x`)}},
	{"contains", `F|contains: BC`, []event{one("abcd"), one("bc")}, []event{one("bxc"), one("b"), {}}},
	{"contains with wildcards", `F|contains: 'b*d?f'`, []event{one("abcdefg")}, []event{one("abcdf")}},
	{"contains nothing", `F|contains: ''`, []event{one(""), one("x")}, []event{{}}},
	{"startswith", `F|startswith: '/usr/'`, []event{one("/usr/bin"), one("/USR/")}, []event{one("x/usr/"), one("/usr")}},
	{"endswith", `F|endswith: /sh`, []event{one("/bin/sh"), one("/SH")}, []event{one("/sh/"), one("sh")}},
	{"endswith finds the last of several", `F|endswith: aa`, []event{one("aaa"), one("aabaa")}, []event{one("aab")}},
	{"all", `F|contains|all: [a, b]`, []event{one("ab"), one("b-a"), one("a", "b")}, []event{one("a"), one("b")}},
	{"all in another order", `F|all|contains: [a, b]`, []event{one("ba")}, []event{one("a")}},
	{"cased", `F|cased: Ab`, []event{one("Ab")}, []event{one("ab"), one("AB")}},
	{"cased contains", `F|contains|cased: -O`, []event{one("x -O y"), one("-o -O")}, []event{one("x -o y")}},
	{"cased with wildcards", `F|cased: 'A*b'`, []event{one("Axb")}, []event{one("axb"), one("AxB")}},
	{"cased and not cased are told apart", "F|contains: Ab\nG|contains|cased: Ab", []event{{"F": {"ab"}, "G": {"Ab"}}}, []event{{"F": {"ab"}, "G": {"ab"}}}},
	{"a regular expression minds case and is found anywhere", `F|re: 'a.c'`, []event{one("xabcx")}, []event{one("xABCx"), one("a\nc")}},
	{"a regular expression without case", `F|re|i: 'a.c'`, []event{one("xABCx")}, []event{one("ac")}},
	{"a regular expression without case knows the Kelvin sign", `F|re|i: 'kill'`, []event{one("KILL"), one("\u212aill")}, []event{one("ill")}},
	{"a regular expression over lines", `F|re|m: '^b$'`, []event{one("a\nb\nc")}, []event{one("ab")}},
	{"a regular expression whose dot is any", `F|re|s: 'a.c'`, []event{one("a\nc")}, []event{one("ac")}},
	{"a regular expression with two flags", `F|re|i|s: 'a.c'`, []event{one("A\nC")}, []event{one("ac")}},
	{"a regular expression with alternatives", `F|re: '(foo|ba[rz])+\d'`, []event{one("baz1"), one("xfoo2")}, []event{one("foo"), one("bax1")}},
	{"a regular expression without text", `F|re: '^\d{3,}$'`, []event{one("1234")}, []event{one("12"), one("a123")}},
	{"a backslash of a regular expression is kept", `F|re: '^\\x\*$'`, []event{one(`\x*`)}, []event{one("x*")}},
	{"all regular expressions", `F|re|all: ['a+b', 'c+']`, []event{one("aab cc")}, []event{one("aab"), one("cc")}},
	{"exists", `F|exists: true`, []event{one(""), one("x")}, []event{{}}},
	{"exists not", `F|exists: false`, []event{{}}, []event{one("")}},
	{"cidr", `F|cidr: 10.0.0.0/8`, []event{one("10.1.2.3"), one("::ffff:10.1.2.3")}, []event{one("11.0.0.1"), one("10"), one("x"), one("10.1.2.3:80")}},
	{"cidr of IPv6", `F|cidr: ['fe80::/10', '::1']`, []event{one("fe80::1"), one("fe80::1%eth0"), one("::1")}, []event{one("::2"), one("1.2.3.4")}},
	{"cidr of one address", `F|cidr: 1.2.3.4`, []event{one("1.2.3.4")}, []event{one("1.2.3.5")}},
	{"lt", `F|lt: 10`, []event{one("9"), one("-10"), one("9.99"), one("1e0")}, []event{one("10"), one("a"), one(""), one("0x1"), {}}},
	{"lte", `F|lte: 10`, []event{one("10"), one("10.0")}, []event{one("10.01")}},
	{"gt", `F|gt: -1.5`, []event{one("0"), one("-1")}, []event{one("-2"), one("-1.5"), one("inf"), one("nan")}},
	{"gte", `F|gte: 1e3`, []event{one("1000")}, []event{one("999")}},
	{"neq", `F|neq: a`, []event{one("b"), one("ab")}, []event{one("a"), one("A"), one("b", "a"), {}}},
	{"neq of several is none of them", `F|neq: [a, b]`, []event{one("c")}, []event{one("a"), one("b")}},
	{"neq contains", `F|contains|neq: a`, []event{one("b")}, []event{one("xax"), {}}},
	{"fieldref", `F|fieldref: G`, []event{{"F": {"a"}, "G": {"A"}}, {"F": {"x", "b"}, "G": {"a", "b"}}}, []event{{"F": {"a"}, "G": {"b"}}, one("a"), {"G": {"a"}}, {}}},
	{"fieldref startswith", `F|fieldref|startswith: G`, []event{{"F": {"abc"}, "G": {"AB"}}}, []event{{"F": {"ab"}, "G": {"abc"}}, {"F": {"xab"}, "G": {"ab"}}}},
	{"fieldref endswith", `F|endswith|fieldref: G`, []event{{"F": {"xab"}, "G": {"ab"}}}, []event{{"F": {"abx"}, "G": {"ab"}}}},
	{"fieldref cased", `F|fieldref|cased: G`, []event{{"F": {"a"}, "G": {"a"}}}, []event{{"F": {"a"}, "G": {"A"}}}},
	{"fieldref neq", `F|fieldref|neq: G`, []event{{"F": {"a"}, "G": {"b"}}}, []event{{"F": {"a"}, "G": {"a"}}}},
	{"base64", `F|base64: foobar`, []event{one("Zm9vYmFy")}, []event{one("foobar")}},
	{"base64 cased", `F|base64|cased|contains: foobar`, []event{one("x Zm9vYmFy x")}, []event{one("zM9VyMfY")}},
	{"base64offset at any place", `F|base64offset|contains: secret`, []event{one("c2VjcmV0"), one("eHNlY3JldHg="), one("eHhzZWNyZXR4")}, []event{one("secret")}},
	{"wide", `F|wide|contains: ab`, []event{one("a\x00b\x00")}, []event{one("ab")}},
	{"wide and base64offset", `F|wide|base64offset|contains: ping`, []event{one("cABpAG4AZwA=")}, []event{one("cGluZw==")}},
	{"utf16le", `F|utf16le: a`, []event{one("a\x00")}, []event{one("\x00a")}},
	{"utf16be", `F|utf16be: a`, []event{one("\x00a")}, []event{one("a\x00")}},
	{"utf16", `F|utf16|base64: a`, []event{one("//5hAA==")}, []event{one("YQA=")}},
	{"windash", `F|windash|contains: ' -enc'`, []event{one("x -enc"), one("x /enc"), one("x –enc"), one("x —enc"), one("x ―enc")}, []event{one("x enc"), one("x=-enc")}},
	{"windash spares the dash inside a word", `F|contains|windash: '-a-b'`, []event{one("/a-b")}, []event{one("-a/b")}},
	{"windash of both dashes", `F|windash: '--a /b'`, []event{one("--a /b"), one("-/a -b")}, []event{one("/-a /b")}},
	{"expand without a placeholder", `F|expand: '100\%a\%'`, []event{one("100%a%")}, []event{one("100")}},
	{"percent signs without expand are text", `F: '%TEMP%'`, []event{one("%temp%")}, []event{one("/tmp")}},
}

func TestModifiers(t *testing.T) {
	for _, tt := range modifierTests {
		t.Run(tt.name, func(t *testing.T) {
			detection := "s:\n    " + strings.ReplaceAll(tt.field, "\n", "\n    ") + "\ncondition: s"
			for _, e := range tt.yes {
				if !matches(t, detection, e) {
					t.Errorf("%s does not match %q", tt.field, e)
				}
			}
			for _, e := range tt.no {
				if matches(t, detection, e) {
					t.Errorf("%s matches %q", tt.field, e)
				}
			}
		})
	}
}

func TestSelections(t *testing.T) {
	for _, tt := range []struct {
		name, detection string
		yes, no         []event
	}{
		{
			"the fields of a map are all needed", "s: {F: a, G: b}\ncondition: s",
			[]event{{"F": {"a"}, "G": {"b"}}},
			[]event{one("a"), {"G": {"b"}}},
		},
		{
			"one map of a list is enough", "s: [{F: a}, {G: b}]\ncondition: s",
			[]event{one("a"), {"G": {"b"}}},
			[]event{one("b")},
		},
		{
			"a keyword lies in any string", "s: [err, fail]\ncondition: s",
			[]event{one("an Error"), {"H": {"x", "failed"}}},
			[]event{one("er r"), {}},
		},
		{"a single keyword", "s: err\ncondition: s", []event{one("an error")}, []event{one("a")}},
		{"a keyword with wildcards", "s: ['a*c']\ncondition: s", []event{one("xabcx")}, []event{{"F": {"a"}, "G": {"c"}}}},
		{
			"all keywords, in whichever strings", "s: {'|all': [a, b]}\ncondition: s",
			[]event{one("ab"), {"F": {"a"}, "G": {"b"}}},
			[]event{one("a")},
		},
		{"a keyword as a regular expression", "s: {'|re': '^a+$'}\ncondition: s", []event{{"F": {"b"}, "G": {"aa"}}}, []event{one("ab")}},
		{"keywords and maps in one list", "s: [err, {G: b}]\ncondition: s", []event{one("err"), {"G": {"b"}}}, []event{one("b")}},
		{
			"keywords beside a field", "s: {'|contains': err, F: a}\ncondition: s",
			[]event{{"F": {"a"}, "G": {"err"}}},
			[]event{one("a"), {"G": {"err"}}},
		},
		{
			"an alias stands for its value", "s: {F: &x [a, b]}\nt: {G: *x}\ncondition: s and t",
			[]event{{"F": {"a"}, "G": {"b"}}},
			[]event{{"F": {"a"}, "G": {"c"}}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, e := range tt.yes {
				if !matches(t, tt.detection, e) {
					t.Errorf("does not match %q", e)
				}
			}
			for _, e := range tt.no {
				if matches(t, tt.detection, e) {
					t.Errorf("matches %q", e)
				}
			}
		})
	}
}

func TestConditions(t *testing.T) {
	const selections = "sel_a: {F|contains: a}\nsel_b: {F|contains: b}\nother: {F|contains: c}\n_hidden: {F|contains: d}\n"
	for _, tt := range []struct {
		condition string
		yes, no   []string
	}{
		{"sel_a", []string{"a"}, []string{"b"}},
		{"not sel_a", []string{"b", ""}, []string{"a"}},
		{"not not sel_a", []string{"a"}, []string{"b"}},
		{"sel_a and sel_b", []string{"ab"}, []string{"a", "b"}},
		{"sel_a or sel_b", []string{"a", "b"}, []string{"c"}},
		{"sel_a and not sel_b", []string{"a"}, []string{"ab", "b"}},
		{"sel_a or sel_b and other", []string{"a", "bc"}, []string{"b", "c"}},
		{"(sel_a or sel_b) and other", []string{"ac", "bc"}, []string{"a", "ab", "c"}},
		{"not (sel_a or sel_b)", []string{"c"}, []string{"a", "b"}},
		{"not (sel_a and sel_b)", []string{"a", "b", "c"}, []string{"ab"}},
		{"not sel_a and sel_b", []string{"b"}, []string{"ab", ""}},
		{"1 of sel_*", []string{"a", "b"}, []string{"c"}},
		{"any of sel_*", []string{"a", "b"}, []string{"c"}},
		{"all of sel_*", []string{"ab"}, []string{"a", "b"}},
		{"1 of *a", []string{"a"}, []string{"b"}},
		{"all of s*_*", []string{"ab"}, []string{"ac"}},
		{"1 of them", []string{"a", "b", "c"}, []string{"d"}},
		{"all of them", []string{"abc", "abcd"}, []string{"ab", "abd"}},
		{"1 of *", []string{"d"}, []string{"e"}},
		{"1 of _hid*", []string{"d"}, []string{"a"}},
		{"_hidden", []string{"d"}, []string{"a"}},
		{"other and not 1 of sel_*", []string{"c"}, []string{"ac", "bc"}},
		{"other and not all of sel_*", []string{"c", "ac"}, []string{"abc"}},
		{"1 of other", []string{"c"}, []string{"a"}},
		{"sel_a AND NOT sel_b", []string{"a"}, []string{"ab"}},
		{"((sel_a))", []string{"a"}, []string{"b"}},
		{"(sel_a)and(sel_b)", []string{"ab"}, []string{"a"}},
		{"[sel_a, sel_b and other]", []string{"a", "bc"}, []string{"b"}},
	} {
		t.Run(tt.condition, func(t *testing.T) {
			detection := selections + "condition: " + tt.condition
			for _, value := range tt.yes {
				if !matches(t, detection, one(value)) {
					t.Errorf("does not match %q", value)
				}
			}
			for _, value := range tt.no {
				if matches(t, detection, one(value)) {
					t.Errorf("matches %q", value)
				}
			}
		})
	}
}
