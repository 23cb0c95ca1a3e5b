package sigma

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"gander/internal/alert"
)

// A Rule is one document of a rule file: a detection rule, or a correlation
// rule, or a filter. Rules come from [Parse] and are not changed afterwards.
type Rule struct {
	ID             string // the rule's id, or its title when it has none
	Name           string // what correlation rules may call it
	Title          string
	Description    string
	Status         string // "stable", "test", "experimental", ...
	Author         string
	Date           string      // as written, usually YYYY-MM-DD
	Level          alert.Level // medium when the rule names none
	Tags           []string    // "attack.t1105", ...
	References     []string
	FalsePositives []string
	Logsource      Logsource
	File           string // as given to Parse
	Line           int    // where the rule begins in File, from 1

	Correlation *Correlation // of a correlation rule, which has no log source and no selections
	Filter      *Filter      // of a filter, whose selections are what it asks for

	// Custom holds the top-level keys that are not Sigma's, undecoded.
	Custom map[string]*yaml.Node

	selections []selection // in the order they are written
	condition  *expr
	keys       []string // of the document
	generate   bool     // of a correlation: its rules raise alerts of their own too
}

// A selection is a named part of a rule's detection.
type selection struct {
	name string
	expr *expr
}

// Fields returns the names of the fields the rule reads, sorted. Keywords name
// no field.
func (r *Rule) Fields() []string {
	var names []string
	for _, s := range r.selections {
		s.expr.predicates(func(p *predicate) {
			names = append(names, p.field)
			if p.kind == kindFieldRef {
				names = append(names, p.text)
			}
		})
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 0 && names[0] == "" {
		names = names[1:]
	}
	return names
}

// Has reports whether the document has a top-level key, such as level.
func (r *Rule) Has(key string) bool { return slices.Contains(r.keys, key) }

// Unused returns the names of the selections no condition names.
func (r *Rule) Unused() []string {
	used := make(map[int]bool)
	var walk func(e *expr)
	walk = func(e *expr) {
		if e.op == opName {
			used[e.sel] = true
		}
		for _, k := range e.kids {
			walk(k)
		}
	}
	if r.condition != nil {
		walk(r.condition)
	}
	var names []string
	for i, s := range r.selections {
		if !used[i] {
			names = append(names, s.name)
		}
	}
	return names
}

// IsDetection reports whether r is a detection rule, neither a correlation nor
// a filter.
func (r *Rule) IsDetection() bool { return r.Correlation == nil && r.Filter == nil }

// An Error is one thing that is wrong with a rule file.
type Error struct {
	File string
	Line int // from 1
	Err  error
}

// Error returns "file:line: what is wrong and what to do".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the error without its place.
func (e *Error) Unwrap() error { return e.Err }
