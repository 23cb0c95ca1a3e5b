package sigma_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gander/internal/alert"
	"gander/internal/sigma"
)

var hitTests = []struct {
	name, detection string
	event           event
	selections      []string
	matches         []alert.Match
}{
	{
		"text anywhere", "s: {F|contains: bc}\ncondition: s", one("aBCd"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "aBCd", Start: 1, End: 3}},
	},
	{
		"the start and the end", "s: {F|startswith: ab, G|endswith: yz}\ncondition: s",
		event{"F": {"abc"}, "G": {"xyz"}},
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "abc", End: 2}, {Field: "G", Value: "xyz", Start: 1, End: 3}},
	},
	{
		"the whole value", "s: {F: abc}\ncondition: s", one("ABC"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "ABC", End: 3}},
	},
	{
		"wildcards", "s: {F|contains: 'b*d?f'}\ncondition: s", one("abcdefg"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "abcdefg", Start: 1, End: 6}},
	},
	{
		"a regular expression", `s: {F|re: '\d+'}` + "\ncondition: s", one("ab12c"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "ab12c", Start: 2, End: 4}},
	},
	{
		"the value of several that matched", "s: {F|contains: b}\ncondition: s", one("a", "xb", "b"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "xb", Start: 1, End: 2}},
	},
	{
		"every alternative that held", "s: {F|contains: [a, b, c]}\ncondition: s", one("ac"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "ac", End: 1}, {Field: "F", Value: "ac", Start: 1, End: 2}},
	},
	{
		"a keyword has no field", "s: [err]\ncondition: s",
		event{"G": {"an error"}},
		[]string{"s"},
		[]alert.Match{{Value: "an error", Start: 3, End: 6}},
	},
	{
		"a filter is no evidence", "s: {F: a}\nf: {G: b}\ng: {G: c}\ncondition: s and not (f and g)",
		event{"F": {"a"}, "G": {"b"}},
		[]string{"s", "f"},
		[]alert.Match{{Field: "F", Value: "a", End: 1}},
	},
	{
		"what differs is shown", "s: {F|neq: a}\ncondition: s", one("bc"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "bc", End: 2}},
	},
	{
		"an absent field cannot be shown", "s: {F: null}\ncondition: s",
		event{},
		[]string{"s"},
		nil,
	},
	{
		"networks, numbers and other fields", "s: {F|cidr: 10.0.0.0/8, G|gt: 5, H|fieldref: F}\ncondition: s",
		event{"F": {"10.0.0.1"}, "G": {"6"}, "H": {"10.0.0.1"}},
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "10.0.0.1", End: 8}, {Field: "G", Value: "6", End: 1}, {Field: "H", Value: "10.0.0.1", End: 8}},
	},
	{
		"a selection the condition does not name is left out", "s: {F: a}\nt: {F: a}\ncondition: s", one("a"),
		[]string{"s"},
		[]alert.Match{{Field: "F", Value: "a", End: 1}},
	},
	{
		"only selections that held are named", "s1: {F: a}\ns2: {F: b}\ncondition: 1 of s*", one("b"),
		[]string{"s2"},
		[]alert.Match{{Field: "F", Value: "b", End: 1}},
	},
}

func TestHitsSayWhatMatched(t *testing.T) {
	for _, tt := range hitTests {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, parse(t, source("r", tt.detection))).NewMatcher()
			n := 0
			m.Match("test", tt.event, func(h *sigma.Hit) bool {
				n++
				if diff := cmp.Diff(tt.selections, h.Selections); diff != "" {
					t.Errorf("selections (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.matches, slices.Clone(h.Matches)); diff != "" && len(tt.matches)+len(h.Matches) > 0 {
					t.Errorf("matches (-want +got):\n%s", diff)
				}
				return true
			})
			if n != 1 {
				t.Errorf("%d hits", n)
			}
		})
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	var values []string
	for i := range 100 {
		values = append(values, fmt.Sprintf("'%d'", i))
	}
	m := compile(t, parse(t, source("r", "s: {F|contains: ["+strings.Join(values, ", ")+"]}\ncondition: s"))).NewMatcher()
	m.Match("test", one(strings.Join(values, " ")), func(h *sigma.Hit) bool {
		if len(h.Matches) > 16 {
			t.Errorf("%d matches", len(h.Matches))
		}
		return true
	})
}

// numbered returns n rules that match one event, every third of them without
// any text that could announce it.
func numbered(tb testing.TB, n int) (rules []*sigma.Rule, ids []string) {
	for i := range n {
		detection := "s: {F|contains: a}\ncondition: s"
		if i%3 == 0 {
			detection = "s: {F|contains: b}\ncondition: not s"
		}
		ids = append(ids, fmt.Sprint("r", i))
		rules = append(rules, parse(tb, source(ids[i], detection))...)
	}
	return rules, ids
}

func TestARegularExpressionReadsTheBeginningOfALongValue(t *testing.T) {
	pad := strings.Repeat("x", 100_000)
	for value, want := range map[string]bool{
		pad + "a1":                            true,
		"a1" + strings.Repeat(pad, 100):       true,
		strings.Repeat(pad, 100) + "a1" + pad: false,
	} {
		if got := matches(t, `s: {F|re: 'a\d'}`+"\ncondition: s", one(value)); got != want {
			t.Errorf("%d bytes: matches is %v", len(value), got)
		}
	}
}

func TestHitsComeInRuleOrder(t *testing.T) {
	rules, ids := numbered(t, 200)
	if diff := cmp.Diff(ids, hits(compile(t, rules).NewMatcher(), one("a"))); diff != "" {
		t.Error(diff)
	}
}

func TestMatchStopsWhenTold(t *testing.T) {
	rules, ids := numbered(t, 100)
	m := compile(t, rules).NewMatcher()
	n := 0
	m.Match("test", one("a"), func(*sigma.Hit) bool {
		n++
		return n < 3
	})
	if n != 3 {
		t.Errorf("%d hits after stopping at the third", n)
	}
	if got := hits(m, one("a")); len(got) != len(ids) {
		t.Errorf("%d hits on the next event, want %d", len(got), len(ids))
	}
}

func TestAMatcherForgetsTheEventBefore(t *testing.T) {
	m := compile(t, parse(t, source("r", "s: {F|contains: a, G|re: 'b+', H: null}\nk: [kw]\ncondition: s or k"))).NewMatcher()
	m.Age() // so that its counter starts anew on the way
	for i := range 10 {
		for _, tt := range []struct {
			event event
			want  int
		}{
			{event{"F": {"a"}, "G": {"b"}}, 1},
			{event{"F": {"a"}}, 0},
			{event{"G": {"b"}}, 0},
			{event{"F": {"a"}, "G": {"b"}, "H": {"c"}}, 0},
			{event{"X": {"kw"}}, 1},
			{event{}, 0},
		} {
			if got := len(hits(m, tt.event)); got != tt.want {
				t.Errorf("round %d: %d hits for %q, want %d", i, got, tt.event, tt.want)
			}
		}
	}
}

func TestRulesGoToTheClassesOfTheirLogsource(t *testing.T) {
	var rules []*sigma.Rule
	for _, category := range []string{"one", "both", "none", "twice"} {
		src := strings.Replace(source(category, "s: {F: a}\ncondition: s"), "category: test", "category: "+category, 1)
		rules = append(rules, parse(t, src)...)
	}
	set, err := sigma.Compile(rules, func(l sigma.Logsource) []string {
		return map[string][]string{"one": {"x"}, "both": {"x", "y"}, "twice": {"y", "y"}}[l.Category]
	})
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	for class, want := range map[string][]string{"x": {"one", "both"}, "y": {"both", "twice"}, "z": nil} {
		var got []string
		m.Match(class, one("a"), func(h *sigma.Hit) bool {
			got = append(got, h.Rule.ID)
			return true
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("class %s (-want +got):\n%s", class, diff)
		}
	}
}

func TestCompileRefusesIDsUsedTwice(t *testing.T) {
	src := source("same", "s: {F: a}\ncondition: s")
	rules := parse(t, src+"---\n"+src)
	_, err := sigma.Compile(rules, func(sigma.Logsource) []string { return nil })
	if err == nil || !strings.HasPrefix(err.Error(), "test.yml:9: ") || !strings.Contains(err.Error(), "test.yml:1") {
		t.Errorf("error %v does not name both places", err)
	}
}

func TestCompileRefusesRulesNotFromParse(t *testing.T) {
	_, err := sigma.Compile([]*sigma.Rule{{Title: "t"}}, func(sigma.Logsource) []string { return []string{"test"} })
	if err == nil {
		t.Error("no error")
	}
}

func TestTablesAreBounded(t *testing.T) {
	literals := []string{strings.Repeat("ab", 500), strings.Repeat("bc", 500)}
	if err := sigma.BuildAutomaton(literals, 1<<20); err != nil {
		t.Error(err)
	}
	if err := sigma.BuildAutomaton(literals, 2000); err == nil || !strings.Contains(err.Error(), "load fewer rules") {
		t.Errorf("error %v", err)
	}
}

func TestMatchersOfOneSetRunAtTheSameTime(t *testing.T) {
	rules, ids := numbered(t, 100)
	set := compile(t, rules)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			m := set.NewMatcher()
			for range 100 {
				if got := hits(m, one("a")); len(got) != len(ids) {
					t.Errorf("%d hits, want %d", len(got), len(ids))
				}
			}
		})
	}
	wg.Wait()
}
