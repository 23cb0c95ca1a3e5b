package app

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gander/internal/detect"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// A LintReport says what is wrong with files of rules.
type LintReport struct {
	SchemaVersion int       `json:"schema_version"`
	Rules         int       `json:"rules"`      // that load
	ForAgents     int       `json:"for_agents"` // of which these can match tool calls
	Errors        int       `json:"errors"`
	Warnings      int       `json:"warnings"`
	Problems      []Problem `json:"problems"`
}

// A Problem is one thing that is wrong with a rule.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // 0 when it is about no single line
	Warning bool   `json:"warning"`
	Text    string `json:"text"`
}

// LintRules checks the rules of files and directories; what correlations and
// filters name may also be a default rule. Without paths it checks those of the
// source.
func LintRules(s rules.Source, paths []string) (*LintReport, error) {
	own, err := rules.Load()
	if err != nil {
		return nil, err
	}
	rep := &LintReport{SchemaVersion: 1, Problems: []Problem{}}
	var list []*sigma.Rule
	if len(paths) > 0 {
		list, err = rules.ReadFiles(paths, false)
	} else {
		var c *rules.Collection
		if c, err = s.Read(); err == nil {
			list, own = c.Rules[c.Own:], c.Rules[:c.Own]
			rep.overrides(c)
		}
	}
	rep.add(err)
	rep.Rules = len(list)
	for _, r := range list {
		rep.rule(r)
	}
	all := append(others(own, list), list...)
	if _, err := detect.NewRules(all, note); err != nil {
		rep.add(err)
	} else {
		rep.groups(all, list)
	}
	slices.SortStableFunc(rep.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return rep, nil
}

// others returns the default rules that list does not hold itself, as it does
// when somebody works on their files.
func others(own, list []*sigma.Rule) []*sigma.Rule {
	there := make(map[string]bool)
	for _, r := range list {
		there[r.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(own), func(r *sigma.Rule) bool { return there[r.ID] })
}

// add takes in an error, which may be several.
func (rep *LintReport) add(err error) {
	if err == nil {
		return
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range many.Unwrap() {
			rep.add(err)
		}
		return
	}
	p := Problem{Text: err.Error()}
	if at := (*sigma.Error)(nil); errors.As(err, &at) {
		p = Problem{File: at.File, Line: at.Line, Text: at.Err.Error()}
	}
	rep.Errors++
	rep.Problems = append(rep.Problems, p)
}

func (rep *LintReport) warn(r *sigma.Rule, format string, args ...any) {
	rep.Warnings++
	rep.Problems = append(rep.Problems, Problem{File: r.File, Line: r.Line, Warning: true, Text: fmt.Sprintf(format, args...)})
}

// rule checks what can be said of a rule alone.
func (rep *LintReport) rule(r *sigma.Rule) {
	if r.Correlation == nil && !detect.ForAgents(r.Logsource) {
		return // somebody else's, for other machines
	}
	rep.ForAgents++
	if !r.Has("id") {
		rep.warn(r, "the rule has no id, so its title is taken: add a UUID, which stays when the title changes")
	}
	if r.Filter == nil && !r.Has("level") {
		rep.warn(r, "the rule has no level, so medium is taken: add one")
	}
	if r.Filter == nil && len(r.Tags) == 0 {
		rep.warn(r, "the rule has no tags: add the technique, like attack.t1105")
	}
	if unused := r.Unused(); len(unused) > 0 {
		rep.warn(r, "no condition names the selections %s: use them or take them out", strings.Join(unused, ", "))
	}
	if r.Correlation == nil {
		rep.fields(r)
	}
}

// fields checks that the events a rule reads can have its fields. A rule that
// was written for real machines may ask for more than a tool call tells.
func (rep *LintReport) fields(r *sigma.Rule) {
	for _, name := range r.Fields() {
		if detect.HasField(r.Logsource, name) {
			continue
		}
		if r.Logsource.Product != "ai_agent" {
			rep.warn(r, "no tool call has a field %q: what asks for it never holds", name)
			continue
		}
		rep.add(&sigma.Error{File: r.File, Line: r.Line, Err: fmt.Errorf("no event of this log source has a field %q: correct it; docs/detection.md lists the fields", name)})
	}
}

// groups checks what correlations of list ask of the rules they name.
func (rep *LintReport) groups(all, list []*sigma.Rule) {
	byRef := make(map[string]*sigma.Rule)
	for _, r := range all {
		byRef[r.Name] = r
	}
	for _, r := range all {
		byRef[r.ID] = r
	}
	for _, r := range list {
		if r.Correlation == nil {
			continue
		}
		for _, ref := range r.Correlation.Rules {
			rep.group(r, ref, byRef[ref])
		}
	}
}

func (rep *LintReport) group(r *sigma.Rule, ref string, needed *sigma.Rule) {
	switch {
	case needed == nil || needed.Correlation != nil:
		return
	case !detect.ForAgents(needed.Logsource):
		rep.warn(r, "the rule %q reads a log source no tool call is, so it never counts", ref)
		return
	}
	for _, name := range append(slices.Clone(r.Correlation.GroupBy), r.Correlation.Fields...) {
		if r.Correlation.Aliases[name] == nil && !detect.HasGroupField(needed.Logsource, name) {
			rep.add(&sigma.Error{File: r.File, Line: r.Line, Err: fmt.Errorf("no event of the rule %q has a field %q: correct it, or give it an alias", ref, name)})
		}
	}
}

// overrides checks that what a person changed is there.
func (rep *LintReport) overrides(c *rules.Collection) {
	there := make(map[string]bool)
	for _, r := range c.Rules {
		there[r.ID] = true
	}
	for id, o := range c.Overrides {
		if !there[id] {
			rep.Warnings++
			rep.Problems = append(rep.Problems, Problem{File: "overrides.yml", Line: o.Line, Warning: true, Text: fmt.Sprintf("there is no rule %q any more: take the line out", id)})
		}
	}
}
