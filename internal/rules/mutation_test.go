package rules_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// TestEveryPartOfARuleIsNeeded takes one part after the other out of each rule:
// a value of a list, a field of a selection, an item of a list of selections,
// and makes each selection always and never hold. A case of the rule must
// notice, or the part has no reason to be there that anybody could check.
func TestEveryPartOfARuleIsNeeded(t *testing.T) {
	names, err := filepath.Glob("default/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	for _, name := range names {
		for _, doc := range documents(t, name) {
			t.Run(value(doc, "title").Value, func(t *testing.T) { mutate(t, name, doc) })
		}
	}
}

func documents(t *testing.T, name string) (docs []*yaml.Node) {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for dec := yaml.NewDecoder(bytes.NewReader(src)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		docs = append(docs, doc.Content[0])
	}
}

func value(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// mutate tries every mutant of one rule.
func mutate(t *testing.T, name string, doc *yaml.Node) {
	rule := parse(t, name, doc)
	match, miss := rules.Cases(rule)
	var hits, misses []event.Event
	for _, c := range match {
		hits = append(hits, call(t, c))
	}
	for _, c := range miss {
		misses = append(misses, call(t, c))
	}
	if !passes(t, rule, hits, misses) {
		t.Fatal("the rule fails its own cases")
	}
	detection := value(doc, "detection")
	for i := 0; i+1 < len(detection.Content); i += 2 {
		key, sel := detection.Content[i].Value, detection.Content[i+1]
		if key == "condition" {
			continue
		}
		mutants(sel, func(what string) {
			if passes(t, parse(t, name, doc), hits, misses) {
				t.Errorf("%s:%d: %s: %s and no case notices", name, sel.Line, key, what)
			}
		})
	}
}

// mutants changes a selection in place in every way, calls try after each, and
// puts it back.
func mutants(sel *yaml.Node, try func(what string)) {
	old := *sel
	for what, src := range map[string]string{
		"it always holds": "{NoSuchField: null}",
		"it never holds":  "{NoSuchField: x}",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(src), &doc); err != nil {
			panic(err)
		}
		*sel = *doc.Content[0]
		try(what)
		*sel = old
	}
	shrink(sel, try)
}

// shrink takes the parts of n out, one at a time, and those of its parts.
func shrink(n *yaml.Node, try func(what string)) {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i+step <= len(n.Content); i += step {
		if len(n.Content) > step {
			old := n.Content
			n.Content = slices.Delete(slices.Clone(old), i, i+step)
			try(fmt.Sprintf("without line %d (%.40s)", old[i].Line, old[i].Value))
			n.Content = old
		}
		if part := n.Content[i+step-1]; part.Kind != yaml.ScalarNode {
			shrink(part, try)
		}
	}
}

func parse(t *testing.T, name string, doc *yaml.Node) *sigma.Rule {
	t.Helper()
	src, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	list, err := sigma.Parse(name, src)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d rules: %v", len(list), err)
	}
	return list[0]
}

// passes reports whether a rule matches all of hits and none of misses.
func passes(t *testing.T, rule *sigma.Rule, hits, misses []event.Event) bool {
	t.Helper()
	d, err := detect.NewRules([]*sigma.Rule{rule}, func(*sigma.Rule) detect.Note { return detect.Note{} })
	if err != nil {
		t.Fatal(err)
	}
	for i := range hits {
		if len(d.Detect(&hits[i])) == 0 {
			return false
		}
	}
	for i := range misses {
		if len(d.Detect(&misses[i])) > 0 {
			return false
		}
	}
	return true
}
