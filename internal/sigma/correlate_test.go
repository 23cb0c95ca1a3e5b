package sigma_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gander/internal/alert"
	"gander/internal/sigma"
)

// basics are three rules, found by the value of the field kind.
var basics = named("a") + "---\n" + named("b") + "---\n" + named("c") + "---\n"

func named(name string) string {
	return "name: rule_" + name + "\n" + source("id-"+name, "s: {kind: "+name+"}\ncondition: s")
}

func correlation(body string) string {
	return "title: corr\nid: corr\ncorrelation:\n    " + strings.ReplaceAll(strings.TrimSpace(body), "\n", "\n    ") + "\n"
}

// A feeder runs events through a matcher and a correlator.
type feeder struct {
	*sigma.Correlator
	m     *sigma.Matcher
	n     int
	found []string
	lost  []string
}

func feederOf(tb testing.TB, src string) *feeder {
	tb.Helper()
	set := compile(tb, parse(tb, src))
	f := &feeder{m: set.NewMatcher(), Correlator: set.NewCorrelator()}
	f.Lost = func(r *sigma.Rule, l sigma.Loss) { f.lost = append(f.lost, r.ID+" "+string(l)) }
	return f
}

// at makes an event at a second, of "kind field=value ...", and returns what
// correlates.
func (f *feeder) at(second float64, text string) []string {
	f.n++
	words := strings.Fields(text)
	e := event{"kind": strings.Split(words[0], "+")}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		e[name] = strings.Split(value, ",")
	}
	f.found = nil
	ref := &alert.EventRef{CallID: fmt.Sprint(f.n)}
	at := time.Unix(1_800_000_000, 0).Add(time.Duration(second * float64(time.Second)))
	f.m.Match("test", e, func(h *sigma.Hit) bool {
		f.Add(h.Rule, e, at, ref, func(c *sigma.Correlated) {
			var calls []string
			for _, r := range c.Events {
				calls = append(calls, r.CallID)
			}
			f.found = append(f.found, fmt.Sprintf("%s %v of %s", c.Rule.ID, c.Number, strings.Join(calls, " ")))
		})
		return true
	})
	return f.found
}

// A step is an event and what is found at it.
type step struct {
	at    float64
	event string
	want  string
}

func TestCorrelationsHold(t *testing.T) {
	for _, tt := range []struct {
		name, correlation string
		steps             []step
	}{
		{"events are counted within the timespan", "type: event_count\nrules: rule_a\ntimespan: 1m\ncondition: {gte: 3}", []step{
			{0, "a", ""}, {30, "a", ""}, {60, "a", ""}, {61, "a", "corr 3 of 2 3 4"}, {62, "b", ""},
		}},
		{"a count that goes on speaks once a timespan", "type: event_count\nrules: rule_a\ntimespan: 1m\ncondition: {gt: 1}", []step{
			{0, "a", ""}, {10, "a", "corr 2 of 1 2"}, {20, "a", ""}, {50, "a", ""}, {69, "a", ""}, {121, "a", "corr 2 of 5 6"}, {130, "a", ""},
		}},
		{"a count speaks anew after a pause", "type: event_count\nrules: rule_a\ntimespan: 10s\ncondition: {gte: 2}", []step{
			{0, "a", ""}, {1, "a", "corr 2 of 1 2"}, {20, "a", ""}, {21, "a", "corr 2 of 3 4"},
		}},
		{"a range", "type: event_count\nrules: rule_a\ntimespan: 1m\ncondition: {gt: 1, lte: 2}", []step{
			{0, "a", ""}, {1, "a", "corr 2 of 1 2"}, {2, "a", ""},
		}},
		{"exactly so many", "type: event_count\nrules: rule_a\ntimespan: 1m\ncondition: {eq: 2}", []step{
			{0, "a", ""}, {1, "a", "corr 2 of 1 2"}, {2, "a", ""}, {61, "a", "corr 2 of 3 4"},
		}},
		{"another number", "type: event_count\nrules: rule_a\ntimespan: 1m\ncondition: {neq: 1, lt: 3}", []step{
			{0, "a", ""}, {1, "a", "corr 2 of 1 2"}, {2, "a", ""},
		}},
		{"groups are counted apart", "type: event_count\nrules: rule_a\ngroup-by: [u, v]\ntimespan: 1m\ncondition: {gte: 2}", []step{
			{0, "a u=1 v=1", ""}, {1, "a u=1 v=2", ""}, {2, "a u=2 v=1", ""}, {3, "a", ""}, {4, "a u=1 v=2", "corr 2 of 2 5"}, {5, "a", "corr 2 of 4 6"},
		}},
		{"fields that only join to the same text are other groups", "type: event_count\nrules: rule_a\ngroup-by: [u, v]\ntimespan: 1m\ncondition: {gte: 2}", []step{
			{0, "a u=1 v=23", ""}, {1, "a u=12 v=3", ""}, {2, "a u=1,2 v=3", ""}, {3, "a u=12 v=3", "corr 2 of 2 4"},
		}},
		{"several rules are counted together", "type: event_count\nrules: [rule_a, id-b]\ntimespan: 1m\ncondition: {gte: 2}", []step{
			{0, "a", ""}, {1, "c", ""}, {2, "b", "corr 2 of 1 3"},
		}},
		{"different values are counted", "type: value_count\nrules: rule_a\ntimespan: 1m\ncondition: {field: f, gte: 3}", []step{
			{0, "a f=x", ""}, {1, "a f=x", ""}, {2, "a f=y", ""}, {3, "a", ""}, {60.5, "a f=z", "corr 3 of 2 3 5"}, {60.6, "a f=z", ""},
		}},
		{"the values of a list count each", "type: value_count\nrules: rule_a\ntimespan: 1m\ncondition: {field: f, gte: 3}", []step{
			{0, "a f=x,y,z", "corr 3 of 1"},
		}},
		{"several fields are one value", "type: value_count\nrules: rule_a\ntimespan: 1m\ncondition: {field: [f, g], gte: 3}", []step{
			{0, "a f=x g=1", ""}, {1, "a f=x g=2", ""}, {2, "a f=x g=1", ""}, {3, "a f=y g=1", "corr 3 of 1 2 3 4"},
		}},
		{"a sum", "type: value_sum\nrules: rule_a\ntimespan: 1m\ncondition: {field: n, gt: 10}", []step{
			{0, "a n=4", ""}, {1, "a n=6", ""}, {2, "a n=x", ""}, {3, "a n=0.5", "corr 10.5 of 1 2 4"}, {62, "a n=9", ""},
		}},
		{"an average", "type: value_avg\nrules: rule_a\ntimespan: 1m\ncondition: {field: n, gte: 5}", []step{
			{0, "a n=1", ""}, {1, "a n=8", ""}, {2, "a n=6", "corr 5 of 1 2 3"},
		}},
		{"a median", "type: value_median\nrules: rule_a\ntimespan: 1m\ncondition: {field: n, gte: 5}", []step{
			{0, "a n=1", ""}, {1, "a n=100", "corr 50.5 of 1 2"}, {2, "a n=2", ""}, {3, "a n=8", "corr 5 of 1 2 3 4"},
		}},
		{"a percentile", "type: value_percentile\nrules: rule_a\ntimespan: 1m\ncondition: {field: n, percentile: 75, gte: 5}", []step{
			{0, "a n=1", ""}, {1, "a n=2", ""}, {2, "a n=3", ""}, {3, "a n=9", ""}, {4, "a n=9", "corr 9 of 1 2 3 4 5"},
		}},
		{"a value that is rare", "type: value_percentile\nrules: rule_a\ntimespan: 1m\ncondition: {field: f, lte: 20}", []step{
			{0, "a f=x", ""}, {1, "a f=x", ""}, {2, "a f=x", ""}, {3, "a f=x", ""}, {4, "a f=y", "corr 20 of 1 2 3 4 5"}, {5, "a f=x", ""}, {6, "a f=z", "corr 14.285714285714286 of 1 2 3 4 5 6 7"},
		}},
		{"several rules within a timespan", "type: temporal\nrules: [rule_a, rule_b, rule_c]\ntimespan: 1m", []step{
			{0, "b", ""}, {10, "a", ""}, {59, "b", ""}, {65, "c", "corr 3 of 2 3 4"}, {66, "b", ""}, {71, "c", ""}, {75, "a", "corr 3 of 5 6 7"},
		}},
		{"some of several rules", "type: temporal\nrules: [rule_a, rule_b, rule_c]\ntimespan: 1m\ncondition: {gte: 2}", []step{
			{0, "b", ""}, {1, "b", ""}, {2, "c", "corr 2 of 2 3"}, {3, "a", ""},
		}},
		{"one event may match them all", "type: temporal\nrules: [rule_a, rule_b]\ntimespan: 1m", []step{
			{0, "a+b", "corr 2 of 1"},
		}},
		{"in order", "type: temporal_ordered\nrules: [rule_a, rule_b, rule_c]\ntimespan: 1m", []step{
			{0, "c", ""},
			{1, "b", ""},
			{2, "a", ""},
			{3, "c", ""},
			{4, "b", ""},
			{5, "c", "corr 3 of 3 5 6"},
			{6, "c", ""},
			{7, "b", ""},
			{8, "c", ""},
			{20, "a", ""},
			{61.9, "c", ""},
			{62, "b", ""},
			{63, "c", "corr 3 of 10 12 13"},
		}},
		{"in order, and the beginning too old", "type: temporal_ordered\nrules: [rule_a, rule_b]\ntimespan: 10s", []step{
			{0, "a", ""}, {10, "b", ""}, {11, "a", ""}, {20.9, "b", "corr 2 of 3 4"},
		}},
		{"in order within one event", "type: temporal_ordered\nrules: [rule_b, rule_a]\ntimespan: 10s", []step{
			{0, "a+b", "corr 2 of 1"},
		}},
		{"in order, however they arrive", "type: temporal_ordered\nrules: [rule_a, rule_b]\ntimespan: 1m", []step{
			{1, "b", ""}, {0.5, "a", "corr 2 of 1 2"}, {5, "a", ""}, {4.5, "b", ""}, {5.5, "b", "corr 2 of 3 5"},
		}},
		{"in order at one time, as they arrive", "type: temporal_ordered\nrules: [rule_a, rule_b]\ntimespan: 10s", []step{
			{0, "b", ""}, {0, "a", ""}, {0, "b", "corr 2 of 2 3"},
		}},
		{"in order by groups", "type: temporal_ordered\nrules: [rule_a, rule_b]\ngroup-by: s\ntimespan: 1m", []step{
			{0, "a s=1", ""}, {1, "b s=2", ""}, {2, "b s=1", "corr 2 of 1 3"},
		}},
		{"fields of other names are one by an alias", "type: temporal_ordered\nrules: [rule_a, id-b]\ngroup-by: [ip]\naliases: {ip: {rule_a: src, rule_b: dst}}\ntimespan: 1m", []step{
			{0, "a src=1 dst=2", ""}, {1, "b src=1 dst=2", ""}, {2, "b src=2 dst=1", "corr 2 of 1 3"},
		}},
		{"a late event counts", "type: event_count\nrules: rule_a\ntimespan: 1m\ncondition: {gte: 3}", []step{
			{0, "a", ""}, {8, "a", ""}, {2, "a", "corr 3 of 1 2 3"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := feederOf(t, basics+correlation(tt.correlation))
			for i, s := range tt.steps {
				if got := strings.Join(f.at(s.at, s.event), "; "); got != s.want {
					t.Errorf("event %d, %q: %q, want %q", i+1, s.event, got, s.want)
				}
			}
			if len(f.lost) > 0 {
				t.Errorf("lost %q", f.lost)
			}
		})
	}
}

func TestTimespans(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "5m": 5 * time.Minute, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "2w": 14 * 24 * time.Hour,
		"1M": 2_629_746 * time.Second, "1y": 31_556_952 * time.Second,
	} {
		rules := parse(t, correlation("type: temporal\nrules: [a, b]\ntimespan: "+text))
		if got := rules[0].Correlation.Timespan; got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
}

// many is three of a within a minute; then is many and after it a b.
const (
	many = "---\nname: many\n" + "title: many\nid: many\ncorrelation:\n    type: event_count\n    rules: rule_a\n    group-by: [u]\n    timespan: 1m\n    condition: {gte: 3}\n"
	then = "---\ntitle: then\nid: then\ncorrelation:\n    type: temporal_ordered\n    rules: [many, rule_b]\n    group-by: [s]\n    timespan: 5m\n"
)

func TestCorrelationsStandOnOneAnother(t *testing.T) {
	f := feederOf(t, then+many+"---\n"+basics)
	for second := range 3 {
		f.at(float64(second), "b s=1")
		f.at(float64(second)+0.5, "a u=1 s=1")
	}
	if diff := cmp.Diff([]string{"then 2 of 2 4 6 7"}, f.at(200, "b s=1 u=9")); diff != "" {
		t.Error(diff)
	}
}

func TestARuleThatServesACorrelationIsSilent(t *testing.T) {
	other, err := sigma.Parse("other.yml", []byte(correlation("type: temporal\nrules: [rule_c, many]\ntimespan: 1m")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, generate, want string }{
		{"unless it is of another file", "", "id-a"},
		{"unless the correlation says otherwise", "    generate: true\n", ""},
		{"or its document", "generate: true\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules := append(parse(t, basics+strings.TrimPrefix(many, "---\n")+tt.generate), other...)
			set := compile(t, rules)
			var silent []string
			for _, r := range rules {
				if set.Silent(r) {
					silent = append(silent, r.ID)
				}
			}
			if got := strings.Join(silent, " "); got != tt.want {
				t.Errorf("silent: %q", got)
			}
		})
	}
}

func TestMistakesInCorrelationsAndFiltersAreNamed(t *testing.T) {
	chain := ""
	for i := range 10 {
		chain += fmt.Sprintf("---\ntitle: l%d\nname: l%d\ncorrelation: {type: event_count, rules: l%d, timespan: 1s, condition: {gte: 1}}\n", i, i, i-1)
	}
	long := strings.TrimSuffix(strings.Repeat("r%d, ", 17), ", ")
	filter := func(body string) string {
		return "title: f\nlogsource: {category: test}\nfilter: " + body + "\n"
	}
	for _, tt := range []struct{ name, src, want string }{
		{"nothing in it", "title: t\ncorrelation: {}", "test.yml:2: correlation must be a map with at least one key"},
		{"no type", correlation("rules: rule_a\ntimespan: 1m\ncondition: {gte: 1}"), "has no type"},
		{"an unknown type", correlation("type: near\nrules: rule_a\ntimespan: 1m\ncondition: {gte: 1}"), `type "near" is not known`},
		{"no rules", correlation("type: temporal\ntimespan: 1m"), "has no rules"},
		{"a rule twice", correlation("type: temporal\nrules: [a, a]\ntimespan: 1m"), `"a" twice`},
		{"too many in order", correlation("type: temporal_ordered\nrules: [" + fmt.Sprintf(long, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16) + "]\ntimespan: 1m"), "at most 16"},
		{"an unknown key", correlation("type: temporal\nrules: [a, b]\ntimespan: 1m\nwindow: 3"), `test.yml:7: correlation has no key "window"`},
		{"a timespan without a unit", correlation("type: temporal\nrules: [a, b]\ntimespan: 10"), `timespan "10"`},
		{"a timespan of none", correlation("type: temporal\nrules: [a, b]\ntimespan: 0s"), `timespan "0s"`},
		{"a timespan of ages", correlation("type: temporal\nrules: [a, b]\ntimespan: 99y"), "at most ten years"},
		{"no condition", correlation("type: event_count\nrules: rule_a\ntimespan: 1m"), "has no condition"},
		{"a condition of names", correlation("type: temporal\nrules: [a, b]\ntimespan: 1m\ncondition: a and b"), "chain correlations"},
		{"a condition without a number", correlation("type: event_count\nrules: a\ntimespan: 1m\ncondition: {gte: many}"), `gte needs a number, not "many"`},
		{"a condition that compares nothing", correlation("type: value_count\nrules: a\ntimespan: 1m\ncondition: {field: f}"), "compares with nothing"},
		{"no field", correlation("type: value_sum\nrules: a\ntimespan: 1m\ncondition: {gte: 1}"), "needs a field"},
		{"a field for nothing", correlation("type: event_count\nrules: a\ntimespan: 1m\ncondition: {field: f, gte: 1}"), "counts no values"},
		{"two fields to add up", correlation("type: value_sum\nrules: a\ntimespan: 1m\ncondition: {field: [f, g], gte: 1}"), "single field"},
		{"a percentile beyond all", correlation("type: value_percentile\nrules: a\ntimespan: 1m\ncondition: {field: f, percentile: 101, gte: 1}"), "from 0 to 100"},
		{"a percentile of a sum", correlation("type: value_sum\nrules: a\ntimespan: 1m\ncondition: {field: f, percentile: 1, gte: 1}"), "value_percentile only"},
		{"more than is remembered", correlation("type: event_count\nrules: a\ntimespan: 1m\ncondition: {gte: 5000}"), "at most 4096 events"},
		{"part of an order", correlation("type: temporal_ordered\nrules: [a, b]\ntimespan: 1m\ncondition: {gte: 1}"), "all its rules"},
		{"an alias nobody uses", correlation("type: temporal\nrules: [a, b]\ntimespan: 1m\naliases: {x: {a: f}}"), `the alias "x"`},
		{"an alias that is incomplete", basics + correlation("type: temporal\nrules: [rule_a, rule_b]\ngroup-by: x\ntimespan: 1m\naliases: {x: {rule_a: f}}"), `says nothing about the rule "rule_b"`},
		{"a log source", correlation("type: temporal\nrules: [a, b]\ntimespan: 1m") + "logsource: {category: test}\n", "no logsource, detection or filter"},
		{"generate maybe", correlation("type: temporal\nrules: [a, b]\ntimespan: 1m\ngenerate: maybe"), "true or false"},
		{"an unknown rule", correlation("type: event_count\nrules: a\ntimespan: 1m\ncondition: {gte: 1}"), `test.yml:1: there is no rule with the id or name "a"`},
		{"a name of two rules", named("a") + "---\nname: rule_a\n" + source("x", "s: {F: a}\ncondition: s") + "---\n" + correlation("type: event_count\nrules: rule_a\ntimespan: 1m\ncondition: {gte: 1}"), "use an id"},
		{"itself", correlation("type: event_count\nrules: corr\ntimespan: 1m\ncondition: {gte: 1}"), "needs itself"},
		{"a circle", many + "---\nname: rule_a\n" + correlation("type: event_count\nrules: many\ntimespan: 1m\ncondition: {gte: 1}"), "needs itself"},
		{"too long a chain", chain + "---\nname: l-1\n" + source("x", "s: {F: a}\ncondition: s"), "more than 8 correlations"},
		{"a filter of nothing", filter("{s: {F: a}, condition: s}"), "filter has no rules"},
		{"a filter of an unknown rule", filter("{rules: x, s: {F: a}, condition: s}"), `"x"`},
		{"a filter without a condition", filter("{rules: any, s: {F: a}}"), "no condition"},
		{"a filter of a correlation", basics + strings.TrimPrefix(many, "---\n") + "---\n" + filter("{rules: many, s: {F: a}, condition: s}"), "detection rules"},
		{"a filter of another log source", named("a") + "---\ntitle: f\nlogsource: {category: other}\nfilter: {rules: rule_a, s: {F: a}, condition: s}\n", "another log source"},
		{"a filter that correlates", basics + filter("{rules: any, s: {F: a}, condition: s}") + "---\n" + correlation("type: event_count\nrules: f\ntimespan: 1m\ncondition: {gte: 1}"), "is a filter"},
		{"a filter with a detection", filter("{rules: any, s: {F: a}, condition: s}") + "detection: {s: {F: a}, condition: s}\n", "has no detection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := sigma.Parse("test.yml", []byte(tt.src))
			if err == nil {
				_, err = sigma.Compile(rules, func(sigma.Logsource) []string { return []string{"test"} })
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "test.yml:") {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestFiltersNarrowRules(t *testing.T) {
	filter := "---\ntitle: f\nlogsource: {category: test}\nfilter: {rules: %s, selection: {user: root}, condition: not selection}\n"
	two := "---\ntitle: g\nlogsource: {category: test}\nfilter: {rules: [rule_a], s_1: {dir|startswith: /tmp}, s_2: {dir|exists: false}, condition: 1 of s_*}\n"
	for _, tt := range []struct {
		name, filters string
		want          map[string]string // an event and the rules it matches
	}{
		{"those it names", fmt.Sprintf(filter, "[rule_a, id-b]"), map[string]string{"a+b+c user=root": "id-c", "a+b+c user=me": "id-a id-b id-c", "a": "id-a"}},
		{"all of a log source", fmt.Sprintf(filter, "any"), map[string]string{"a+b+c user=root": "", "a+b user=me": "id-a id-b"}},
		{"several at once", fmt.Sprintf(filter, "rule_a") + two, map[string]string{"a+b user=root dir=/tmp": "id-b", "a user=me dir=/tmp/x": "id-a", "a dir=/x": "", "a": "id-a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := compile(t, parse(t, basics+strings.TrimPrefix(tt.filters, "---\n"))).NewMatcher()
			for text, want := range tt.want {
				words := strings.Fields(text)
				e := event{"kind": strings.Split(words[0], "+")}
				for _, w := range words[1:] {
					name, value, _ := strings.Cut(w, "=")
					e[name] = []string{value}
				}
				if got := strings.Join(hits(m, e), " "); got != want {
					t.Errorf("%s: %q, want %q", text, got, want)
				}
			}
		})
	}
}

// TestACorrelatorThatStartsLaterAgrees gives one correlator all events and
// another only those within the horizon: they say the same from then on.
func TestACorrelatorThatStartsLaterAgrees(t *testing.T) {
	src := basics + strings.TrimPrefix(many, "---\n") + then + "---\n" + correlation("type: event_count\nrules: [rule_a, rule_b]\ntimespan: 30s\ncondition: {gte: 5}") +
		"---\ntitle: t\ncorrelation: {type: temporal, rules: [rule_a, rule_b, rule_c], timespan: 20s}\n" +
		"---\ntitle: v\ncorrelation: {type: value_count, rules: [rule_a, rule_c], timespan: 1m, condition: {field: u, gt: 2}}\n"
	all := feederOf(t, src)
	horizon := compile(t, parse(t, src)).Horizon().Seconds()
	if horizon != 3*60+3*300 {
		t.Errorf("horizon %v", horizon)
	}
	found := 0
	for start := 1000.0; start < 20_000; start += 3000 {
		warm := feederOf(t, src)
		agree(t, all, warm, start, horizon, &found)
	}
	if found < 20 {
		t.Errorf("only %d correlations: the sample says little", found)
	}
}

func agree(t *testing.T, all, warm *feeder, start, horizon float64, found *int) {
	t.Helper()
	random := uint32(start)
	for now := start; now < start+horizon+1000; {
		random = random*1664525 + 1013904223
		now += float64(random>>24) / 20
		text := fmt.Sprintf("%c u=%d s=1", 'a'+random>>12%3, random>>16%4)
		want := all.at(now, text)
		got := warm.at(now, text)
		if now < start+horizon {
			continue
		}
		*found += len(want)
		for i := range want { // the numbers of the events differ
			want[i], _, _ = strings.Cut(want[i], " of")
		}
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], " of")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("at %v: %s", now, diff)
		}
	}
}

func TestAdoptGoesOnWhereAnotherCorrelatorWas(t *testing.T) {
	src := basics + correlation("type: event_count\nrules: rule_a\ngroup-by: u\ntimespan: 1m\ncondition: {gte: 3}")
	for _, tt := range []struct{ name, src, want string }{
		{"the same", src, "corr 3 of 1 2 3"},
		{"changed", strings.Replace(src, "1m", "2m", 1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old := feederOf(t, src)
			old.at(0, "a u=1")
			old.at(1, "a u=1")
			f := feederOf(t, tt.src)
			f.Adopt(old.Correlator)
			f.n = 2
			if got := strings.Join(f.at(2, "a u=1"), ""); got != tt.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestPartsOfDates(t *testing.T) {
	for _, tt := range []struct {
		field   string
		yes, no []string
	}{
		{"F|hour: 3", []string{"2026-11-22T03:59:00Z", "2026-11-22 03:00"}, []string{"2026-11-22T13:59:00Z", "2026-11-22", "3", "", "2026-11-22T24:00:00Z"}},
		{"F|hour|gte: 22", []string{"2026-11-22T22:00:00.123+01:00"}, []string{"2026-11-22T21:59:59Z"}},
		{"F|minute: [0, 30]", []string{"2026-11-22T22:30", "2026-11-22t22:00"}, []string{"2026-11-22T22:3", "2026-11-22T22:60"}},
		{"F|day|lt: 8", []string{"2026-11-07"}, []string{"2026-11-08", "2026-11-00"}},
		{"F|week: 53", []string{"2026-12-31"}, []string{"2026-12-24"}},
		{"F|month|neq: 12", []string{"2026-11-07"}, []string{"2026-12-08"}},
		{"F|year: 2026", []string{"2026-11-07"}, []string{"2025-12-08", "20261107", "2026/11/07", "x026-11-07"}},
	} {
		t.Run(tt.field, func(t *testing.T) {
			for _, v := range tt.yes {
				if !matches(t, "s:\n    "+tt.field+"\ncondition: s", one(v)) {
					t.Errorf("%q does not match", v)
				}
			}
			for _, v := range tt.no {
				if matches(t, "s:\n    "+tt.field+"\ncondition: s", one(v)) && !strings.Contains(tt.field, "neq") {
					t.Errorf("%q matches", v)
				}
			}
		})
	}
	for _, field := range []string{"F|hour|contains: 3", "F|hour|day: 3", "F|hour: x", "F|hour|base64: 3", "F|hour: null", "'|hour': 3", "F|hour|cased: 3"} {
		if _, err := sigma.Parse("f.yml", []byte(source("r", "s:\n    "+field+"\ncondition: s"))); err == nil {
			t.Errorf("%s is taken", field)
		}
	}
}
