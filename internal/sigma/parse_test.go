package sigma_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gander/internal/alert"
	"gander/internal/sigma"
)

func TestParseReadsAllOfARule(t *testing.T) {
	const src = `# a comment
---
title: Secret copied
id: 11111111-2222-4333-8444-555555555555
name: secret_copied
status: test
description: |
    Two
    lines
author: A. Author
date: 2026-11-22
modified: 2026-11-23
references: https://example.org
tags: [attack.t1552, atlas.aml.t0055]
falsepositives:
    - Backups
    - Tests
level: high
logsource: {product: linux, category: process_creation, service: s, definition: words}
detection:
    s: {Image|endswith: /cp, CommandLine|contains: .ssh, User|fieldref: Owner}
    kw: [word]
    condition: s or kw
gander:
    advice: look
`
	rules := parse(t, src)
	if len(rules) != 1 {
		t.Fatalf("%d rules", len(rules))
	}
	r := rules[0]
	got := fmt.Sprint([]any{
		r.Title, r.ID, r.Name, r.Status, r.Description, r.Author, r.Date, r.References, r.Tags,
		r.FalsePositives, r.Level, r.Logsource, r.File, r.Line, r.Fields(), len(r.Custom),
	})
	want := fmt.Sprint([]any{
		"Secret copied", "11111111-2222-4333-8444-555555555555", "secret_copied", "test", "Two\nlines\n", "A. Author", "2026-11-22",
		[]string{"https://example.org"},
		[]string{"attack.t1552", "atlas.aml.t0055"},
		[]string{"Backups", "Tests"},
		alert.High,
		sigma.Logsource{Category: "process_creation", Product: "linux", Service: "s"},
		"test.yml", 3,
		[]string{"CommandLine", "Image", "Owner", "User"},
		2,
	})
	if got != want {
		t.Errorf("rule:\n got %s\nwant %s", got, want)
	}
	var own struct{ Advice string }
	if err := r.Custom["gander"].Decode(&own); err != nil || own.Advice != "look" {
		t.Errorf("custom key: %+v, %v", own, err)
	}
}

func TestWhatARuleMayLeaveOut(t *testing.T) {
	r := parse(t, "title: T\nlogsource: {service: s}\ndetection: {s: {F: a}, condition: s}\n")[0]
	if r.ID != "T" || r.Level != alert.Medium {
		t.Errorf("id %q, level %v; want the title and medium", r.ID, r.Level)
	}
}

func TestAFileMayHoldNoOrManyRules(t *testing.T) {
	for src, want := range map[string]int{
		"":                                     0,
		"# words\n---\n---":                    0,
		source("a", "s: {F: a}\ncondition: s"): 1,
		source("a", "s: {F: a}\ncondition: s") + "---\n" + source("b", "s: {F: a}\ncondition: s") + "---\n": 2,
	} {
		if rules := parse(t, src); len(rules) != want {
			t.Errorf("%d rules, want %d, in %q", len(rules), want, src)
		}
	}
}

// rule and field put a detection, or one field of it, into a rule. The
// detection begins on line 6.
func rule(detection string) string { return source("r", detection) }
func field(item string) string     { return rule("s:\n    " + item + "\ncondition: s") }

var errorTests = []struct {
	name, src string
	line      int
	want      string
}{
	{"broken YAML", "a: b\n c: d", 2, "not readable as YAML"},
	{"no map", "- a", 1, "a rule is a map"},
	{"no title", "logsource: {service: s}\ndetection: {s: a, condition: s}", 1, "no title"},
	{"no logsource", "title: t\ndetection: {s: a, condition: s}", 1, "no logsource"},
	{"no detection", "title: t\nlogsource: {service: s}", 1, "no detection"},
	{"an empty logsource", "title: t\nlogsource: {definition: s}\ndetection: {s: a, condition: s}", 2, "category, product or service"},
	{"an unknown level", "title: t\nlevel: severe\nlogsource: {service: s}\ndetection: {s: a, condition: s}", 2, "use informational"},
	{"another taxonomy", "title: t\ntaxonomy: ours\nlogsource: {service: s}\ndetection: {s: a, condition: s}", 2, "field names"},
	{"a title that is a list", "title: [t]\nlogsource: {service: s}\ndetection: {s: a, condition: s}", 1, "single text"},
	{"a key twice", "title: t\nid: a\nid: b\nlogsource: {service: s}\ndetection: {s: a, condition: s}", 3, `"id" twice`},
	{"a collection", "action: global\ntitle: t", 1, "document of its own"},
	{"a merge key", "title: t\nx: &x {a: b}\nlogsource: {<<: *x}\ndetection: {s: a, condition: s}", 3, "not plain text"},
	{"no condition", rule("s: {F: a}"), 6, "no condition"},
	{"an empty condition", rule("s: {F: a}\ncondition:"), 7, "a selection"},
	{"an absent selection", rule("s: {F: a}\ncondition: s and t"), 7, `no selection "t"`},
	{"a pattern nothing fits", rule("s: {F: a}\ncondition: 1 of t*"), 7, "called like"},
	{"an unclosed bracket", rule("s: {F: a}\ncondition: (s"), 7, "closing bracket"},
	{"a bracket too many", rule("s: {F: a}\ncondition: s)"), 7, "not expected"},
	{"two names in a row", rule("s: {F: a}\ncondition: s s"), 7, "not expected"},
	{"an operator at the end", rule("s: {F: a}\ncondition: s and"), 7, "missing at the end"},
	{"two operators", rule("s: {F: a}\ncondition: s and or s"), 7, "missing before"},
	{"another quantity", rule("s: {F: a}\ncondition: 2 of s*"), 7, "write 1 of"},
	{"of nothing", rule("s: {F: a}\ncondition: 1 of"), 7, "selection pattern"},
	{"an aggregation", rule("s: {F: a}\ncondition: s | count() > 5"), 7, "correlation rule"},
	{"a timeframe", rule("s: {F: a}\ntimeframe: 5m\ncondition: s"), 7, "correlation rule"},
	{"odd characters", rule("s: {F: a}\ncondition: s & s"), 7, `"&"`},
	{"a condition too deep", rule("s: {F: a}\ncondition: " + strings.Repeat("(", 100_000)), 7, "flatter"},
	{"a condition of too many", rule("s: {F: a}\ncondition: s" + strings.Repeat(" or s", 2000)), 7, "shorter"},
	{"an empty selection", rule("s: []\ncondition: s"), 6, "empty"},
	{"an empty map", rule("s: {}\ncondition: s"), 6, "at least one key"},
	{"a list in a list", rule("s: [[a]]\ncondition: s"), 6, "inner list"},
	{"a map as value", field("F: {a: b}"), 7, "needs a value"},
	{"a list among values", field("F: [a, [b]]"), 7, "plain values"},
	{"no values", field("F: []"), 7, "needs a value"},
	{"a field twice", rule("s: {F: a, F: b}\ncondition: s"), 6, `"F" twice`},
	{"an unknown modifier", field("F|like: a"), 7, `modifier "like"`},
	{"an empty modifier", field("F|: a"), 7, `modifier ""`},
	{"a modifier twice", field("F|all|all: a"), 7, "twice"},
	{"two operators on one field", field("F|contains|re: a"), 7, "exclude each other"},
	{"a flag without re", field("F|i: a"), 7, "write re|i"},
	{"an encoded expression", field("F|re|base64: a"), 7, "plain values"},
	{"a cased expression", field("F|re|cased: a"), 7, "cased has no meaning"},
	{"base64offset of the whole", field("F|base64offset: abc"), 7, "base64offset|contains"},
	{"base64offset of too little", field("F|base64offset|contains: ''"), 7, "too short"},
	{"a wildcard in base64", field("F|base64: 'a*'"), 7, "wildcards"},
	{"neq and all", field("F|neq|all: a"), 7, "take all out"},
	{"neq and lt", field("F|lt|neq: 1"), 7, "opposite"},
	{"exists and all", field("F|exists|all: true"), 7, "stands alone"},
	{"exists of a text", field("F|exists: 'yes'"), 7, "true or false"},
	{"a number that is none", field("F|lt: ten"), 7, "decimal number"},
	{"a network that is none", field("F|cidr: 10.0.0"), 7, "no network"},
	{"a network with host bits", field("F|cidr: 10.1.0.0/8"), 7, "write 10.0.0.0/8"},
	{"null with a modifier", field("F|contains: null"), 7, "null is no text"},
	{"fieldref of nothing", field("F|fieldref: ''"), 7, "other field"},
	{"fieldref and contains", field("F|fieldref|contains: G"), 7, "exclude each other"},
	{"a placeholder", field("F|expand: '%name%'"), 7, "write the values out"},
	{"too many dashes", field("F|windash: ' -a -b -c -d -e'"), 7, "split the value"},
	{"a keyword that must exist", field("'|exists': true"), 7, "no field"},
	{"a keyword that differs", field("'|neq': a"), 7, "no field"},
	{"a null keyword", rule("s: [null]\ncondition: s"), 6, "null is no text"},
	{"look-ahead", field("F|re: 'a(?=b)'"), 7, "look-around"},
	{"a back-reference", field(`F|re: '(a)\1'`), 7, "back-references"},
	{"an unclosed group", field("F|re: '(a'"), 7, "missing closing )"},
	{"too long a repetition", field("F|re: 'a{2000}'"), 7, "1000"},
	{"too large an expression", field("F|re: '(abcdefghijklmnop){1000}'"), 7, "repeat less"},
	{"too long an expression", field("F|re: " + strings.Repeat("a", 5000)), 7, "at most 4096"},
}

func TestErrorsSayWhereAndWhatToDo(t *testing.T) {
	for _, tt := range errorTests {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := sigma.Parse("f.yml", []byte(tt.src))
			if len(rules) != 0 {
				t.Errorf("%d rules come of it", len(rules))
			}
			place := fmt.Sprintf("f.yml:%d: ", tt.line)
			if err == nil || !strings.HasPrefix(err.Error(), place) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %s… %s …", err, place, tt.want)
			}
		})
	}
}

func TestAllErrorsOfAFileAreGivenBesideItsSoundRules(t *testing.T) {
	src := source("a", "s: {F|x: a, G|y: b}\ncondition: s") + "---\n" +
		source("b", "s: {F: a}\ncondition: s") + "---\n" +
		source("c", "s: {F: a}\ncondition: t")
	rules, err := sigma.Parse("f.yml", []byte(src))
	if len(rules) != 1 || rules[0].ID != "b" {
		t.Errorf("rules %v, want b", rules)
	}
	var lines []int
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		var e *sigma.Error
		if !errors.As(err, &e) {
			t.Fatalf("%v is no *Error", err)
		}
		lines = append(lines, e.Line)
	}
	if diff := cmp.Diff([]int{6, 6, 23}, lines); diff != "" {
		t.Error(diff)
	}
}

func TestHostileFilesAreRefusedInTime(t *testing.T) {
	list := "[" + strings.Repeat("a,", 50_000) + "]"
	for name, src := range map[string]string{
		"aliases of a long list":       "x: &x " + list + "\n" + source("r", "s: [{F: *x}, {G: *x}, {H: *x}]\ncondition: s"),
		"aliases of aliases":           "x: &x " + list + "\ny: &y {F: *x, G: *x}\n" + source("r", "s: ["+strings.Repeat("*y,", 20_000)+"]\ncondition: s"),
		"an alias within itself":       "x: &x [*x, *x]\n" + source("r", "s: *x\ncondition: s"),
		"maps with wrong modifiers":    "x: &x {F|a: b, G|c: d}\n" + source("r", "s: ["+strings.Repeat("*x,", 50_000)+"]\ncondition: s"),
		"a correlation of many rules":  correlation("type: temporal\ntimespan: 1m\nrules: " + list),
		"a correlation of many groups": correlation("type: temporal\ntimespan: 1m\nrules: [a, b]\ngroup-by: " + list),
		"aliases of many fields":       "x: &x {" + strings.Repeat("a: b, ", 50_000) + "}\n" + correlation("type: temporal\ntimespan: 1m\nrules: [a, b]\naliases: {"+strings.Repeat("a: *x,", 50_000)+"}"),
		"a filter of aliases":          "x: &x " + list + "\ntitle: t\nlogsource: {category: c}\nfilter: {rules: any, condition: s, s: [{F: *x}, {G: *x}, {H: *x}]}\n",
		"deep nesting":                 strings.Repeat("[", 9000),
		"very deep nesting":            strings.Repeat("{a: ", 100_000),
		"too large a file":             strings.Repeat(" ", 17<<20),
	} {
		rules, err := sigma.Parse("f.yml", []byte(src))
		if len(rules) != 0 || err == nil {
			t.Errorf("%s: %d rules, %v", name, len(rules), err)
			continue
		}
		if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n > 100 {
			t.Errorf("%s: %d errors", name, n)
		}
	}
}
