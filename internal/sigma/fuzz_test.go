package sigma_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"gander/internal/alert"
	"gander/internal/sigma"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(source("r", "s: {F|contains|all: [a, 'b*']}\ncondition: s")))
	f.Add([]byte(source("r", "s: [kw, {G|re|i: 'a+'}]\n_t: {F|windash|base64offset|contains: ' -x'}\ncondition: 1 of s* and not _t") + "---\ntitle: x\n"))
	f.Add([]byte("title: &a x\nid: *a\nlogsource: {product: linux}\ndetection: {s: {F: null, G|lt: 3, H|cidr: ::/0}, condition: [s, all of them]}\n"))
	f.Add([]byte("a: &a [*a]\ndetection: {s: *a, condition: s}"))
	f.Add([]byte("correlation: {}\n---\nfilter: {}\n---\n- x\n---\n"))
	f.Add([]byte("name: a\n" + source("r", "s: {F|hour|gte: 3}\ncondition: s") + "---\ntitle: c\ncorrelation: {type: temporal_ordered, rules: [a, d], group-by: [x, G], aliases: {x: {a: F, d: G}}, timespan: 5m, generate: true}\n" +
		"---\ntitle: d\ncorrelation: {type: value_count, rules: a, timespan: 1M, condition: {field: [F, G], gte: 1, neq: 7}}\n"))
	f.Add([]byte("name: a\n" + source("r", "s: {F: a}\ncondition: s") + "---\ntitle: c\ncorrelation: {type: value_percentile, rules: a, timespan: 1w, condition: {field: G, percentile: 0, lte: 1e9}}\n" +
		"---\ntitle: f\nlogsource: {category: test}\nfilter: {rules: any, s: {F: b}, condition: not s}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		rules, err := sigma.Parse("fuzz.yml", src)
		if err != nil && !strings.HasPrefix(err.Error(), "fuzz.yml:") {
			t.Errorf("error without its place: %v", err)
		}
		set, err := sigma.Compile(rules, func(sigma.Logsource) []string { return []string{"test"} })
		if err != nil {
			return
		}
		for _, r := range rules {
			r.Fields()
		}
		m, c := set.NewMatcher(), set.NewCorrelator()
		e := event{"F": {"a", "-x"}, "G": {"1"}}
		for i := range 4 {
			m.Match("test", e, func(h *sigma.Hit) bool {
				c.Add(h.Rule, e, time.Unix(int64(i*i), 0), &alert.EventRef{}, func(*sigma.Correlated) {})
				return true
			})
		}
	})
}

func FuzzCondition(f *testing.F) {
	for _, c := range []string{"a", "not a", "1 of b*", "all of them", "(a or b_1) and not (b_2)", "a |", "((((", "of of of", "1 of", "not not"} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, condition string) {
		quoted, err := yaml.Marshal(condition)
		if err != nil {
			t.Skip("not YAML")
		}
		src := source("r", "a: {F: a}\nb_1: {F: b}\nb_2: {G: c}\ncondition: "+strings.ReplaceAll(string(quoted), "\n", "\n        "))
		rules, err := sigma.Parse("fuzz.yml", []byte(src))
		if err != nil {
			return
		}
		hits(compile(t, rules).NewMatcher(), one("a"))
	})
}

// FuzzMatch makes a rule and events of the input and wants the engine and the
// naive evaluator to agree.
func FuzzMatch(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 64 {
		seed := make([]byte, 64+random.IntN(200))
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkAgreement(t, data)
	})
}

// TestEngineAgreesWithNaiveEvaluation is the fuzz target on a fixed sample,
// large enough to meet every modifier in company of most others.
func TestEngineAgreesWithNaiveEvaluation(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	matched, all := 0, 0
	for range 1000 {
		data := make([]byte, 40+random.IntN(300))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		m, n := checkAgreement(t, data)
		matched, all = matched+m, all+n
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d matched", matched, all)
	if matched < all/20 || matched > all*19/20 {
		t.Error("the sample says little: nearly all or nearly none match")
	}
}

func checkAgreement(t *testing.T, data []byte) (matched, all int) {
	t.Helper()
	c := &choices{data}
	var sources []string
	var detections []*yaml.Node
	for i := range 1 + c.n(3) {
		sources = append(sources, source(fmt.Sprint("r", i), c.detection()))
		var doc struct{ Detection yaml.Node }
		if err := yaml.Unmarshal([]byte(sources[i]), &doc); err != nil {
			t.Fatal(err)
		}
		detections = append(detections, &doc.Detection)
	}
	src := strings.Join(sources, "---\n")
	m := compile(t, parse(t, src)).NewMatcher()
	for range 8 {
		e := c.event()
		var want []string
		for i, d := range detections {
			if naiveMatch(d, e) {
				want = append(want, fmt.Sprint("r", i))
			}
		}
		all, matched = all+len(detections), matched+len(want)
		if got := hits(m, e); !slices.Equal(got, want) {
			t.Errorf("event %q: engine %q, naive %q, rules:\n%s", e, got, want, src)
		}
	}
	return matched, all
}

// choices turns bytes into decisions; once they are used up, always the first.
type choices struct{ data []byte }

func (c *choices) n(limit int) int {
	if len(c.data) == 0 {
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return int(b) % limit
}

func (c *choices) pick(of ...string) string { return of[c.n(len(of))] }

// text joins up to most pieces.
func (c *choices) text(most int, of ...string) string {
	var b strings.Builder
	for range c.n(most + 1) {
		b.WriteString(c.pick(of...))
	}
	return b.String()
}

func (c *choices) event() event {
	e := event{}
	for _, name := range []string{"F", "G", "H"} {
		for range c.n(3) {
			e[name] = append(e[name], c.text(6, "a", "b", "A", "B", "k", "s", "S", "ab", "\u212a", "\u017f", "é", "*", `\`, "-", "/", "–", " ", "1", "\n", "\xc3", "YWI="))
		}
	}
	return e
}

func (c *choices) detection() string {
	detection := map[string]any{}
	names := []string{"s_a", "s_b", "_c"}[:1+c.n(3)]
	for _, name := range names {
		detection[name] = c.selection()
	}
	detection["condition"] = c.condition(names, 3)
	out, err := yaml.Marshal(detection)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func (c *choices) selection() any {
	switch c.n(4) {
	case 0:
		return []any{c.value(), c.fields()}
	case 1:
		return []any{c.fields(), c.fields()}
	}
	return c.fields()
}

func (c *choices) fields() map[string]any {
	fields := map[string]any{}
	for range 1 + c.n(2) {
		key, value := c.item()
		fields[key] = value
	}
	return fields
}

func (c *choices) item() (string, any) {
	field := c.pick("F", "G", "H")
	switch c.n(12) {
	case 0:
		return field + "|exists", c.n(2) == 0
	case 1:
		return field, nil
	case 2:
		return field + "|fieldref" + c.pick("", "|cased", "|neq"), c.pick("F", "G", "H")
	case 3, 4:
		return c.pick(field, "") + "|re" + c.pick("", "|i", "|m", "|s", "|i|s") + c.pick("", "|all"), []any{c.regexp(), c.regexp()}
	case 5:
		return field + "|windash|contains", c.text(3, "-", "/", "–", "a", "b", " ", "é")
	case 6:
		return field + "|base64" + c.pick("", "|contains") + c.pick("", "|cased"), c.text(2, "a", "b", "ab")
	case 7:
		return c.pick("|all", "|contains|all", "|startswith", "|endswith"), []any{c.value(), c.value()}
	}
	key := field + c.pick("", "|contains", "|startswith", "|endswith") + c.pick("", "|cased") + c.pick("", "|all", "|neq")
	return key, []any{c.value(), c.value()}
}

func (c *choices) value() string {
	return c.text(5, "a", "b", "A", "k", "é", "*", "?", `\`, "-", "ab")
}

func (c *choices) regexp() string {
	return c.text(4, "a", "b", "k", "A", "é", ".", "(ab|k)", "(a|b*)", "[ab]", "[^a]", "a?", "b+", "(ba){1,2}", "(?i:k)", "(?i:sb)", "[kK]", "^", "$", `\b`, `\s`, "[a-z]", "(?:)", "(a{0,2}|é)")
}

func (c *choices) condition(names []string, depth int) string {
	if depth == 0 || c.n(2) == 0 {
		return c.pick(names[0], names[len(names)-1], "1 of them", "all of them", "1 of s_*", "all of s_*", "1 of *")
	}
	left, right := c.condition(names, depth-1), c.condition(names, depth-1)
	return c.pick("not "+left, left+" and "+right, left+" or "+right, "("+left+" or "+right+")", "not ("+left+" and "+right+")")
}
