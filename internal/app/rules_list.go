package app

import (
	"fmt"
	"strings"

	"gander/internal/detect"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// A RuleInfo is a rule as gander rule list and show print it.
type RuleInfo struct {
	SchemaVersion int    `json:"schema_version"`
	ID            string `json:"id"`
	Name          string `json:"name,omitempty"`
	Title         string `json:"title"`
	Kind          string `json:"kind"` // detection, correlation or filter
	Level         string `json:"level"`
	// State is on, off (disabled), silent (it only serves a correlation), or
	// foreign: it reads a log source no tool call is.
	State          string          `json:"state"`
	Own            bool            `json:"own"` // comes with gander
	Overridden     bool            `json:"overridden"`
	File           string          `json:"file"`
	Line           int             `json:"line"`
	Logsource      sigma.Logsource `json:"logsource,omitzero"`
	Description    string          `json:"description,omitempty"`
	Tags           []string        `json:"tags,omitempty"`
	Fields         []string        `json:"fields,omitempty"`
	Correlates     []string        `json:"correlates,omitempty"`
	Why            string          `json:"why,omitempty"`
	Advice         string          `json:"advice,omitempty"`
	FalsePositives []string        `json:"falsepositives,omitempty"`
	Match          int             `json:"match"` // cases of its own that it must match
	Miss           int             `json:"miss"`  // and that it must not
}

// ListRules describes all rules of a source.
func ListRules(s rules.Source) ([]RuleInfo, error) {
	c, err := s.Read()
	if err != nil {
		return nil, err
	}
	set, err := sigma.Compile(c.Active(), func(sigma.Logsource) []string { return nil })
	if err != nil {
		return nil, err
	}
	var list []RuleInfo
	for i, r := range c.Rules {
		info := describe(r)
		info.Own = i < c.Own
		_, info.Overridden = c.Overrides[r.ID]
		switch {
		case c.Off(r):
			info.State = "off"
		case info.State == "on" && set.Silent(r):
			info.State = "silent"
		}
		list = append(list, info)
	}
	return list, nil
}

func describe(r *sigma.Rule) RuleInfo {
	n := rules.NoteOf(r)
	match, miss := rules.Cases(r)
	info := RuleInfo{
		SchemaVersion: 1, ID: r.ID, Name: r.Name, Title: r.Title, Kind: "detection", Level: r.Level.String(), State: "on",
		File: r.File, Line: r.Line, Logsource: r.Logsource, Description: r.Description, Tags: r.Tags, Fields: r.Fields(),
		Why: n.Why, Advice: n.Advice, FalsePositives: r.FalsePositives, Match: len(match), Miss: len(miss),
	}
	switch {
	case r.Correlation != nil:
		info.Kind, info.Correlates = "correlation", r.Correlation.Rules
	case r.Filter != nil:
		info.Kind, info.Correlates = "filter", r.Filter.Rules
	}
	if r.Correlation == nil && !detect.ForAgents(r.Logsource) {
		info.State = "foreign"
	}
	return info
}

// FindRule returns the one rule with an id, a name, or the only id that begins
// so.
func FindRule(list []RuleInfo, id string) (RuleInfo, error) {
	var found []RuleInfo
	for _, r := range list {
		if r.ID == id || r.Name == id {
			return r, nil
		}
		if strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return RuleInfo{}, fmt.Errorf("there is no rule %q: gander rule list shows all", id)
	case 1:
		return found[0], nil
	}
	return RuleInfo{}, fmt.Errorf("%d rules have ids that begin with %q: give more of it", len(found), id)
}

// SwitchRule lets one rule of a source raise nothing, or again what its file
// says. It returns the rule.
func SwitchRule(s rules.Source, id string, on bool) (RuleInfo, error) {
	list, err := ListRules(s)
	if err != nil {
		return RuleInfo{}, err
	}
	r, err := FindRule(list, id)
	if err != nil {
		return r, err
	}
	if on {
		return r, rules.Enable(s.Config, r.ID)
	}
	return r, rules.Disable(s.Config, r.ID)
}
