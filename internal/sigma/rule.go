package sigma

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"gander/internal/alert"
)

// A Rule is one detection rule as its file states it. Rules come from [Parse]
// and are not changed afterwards.
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

	// Custom holds the top-level keys that are not Sigma's, undecoded.
	Custom map[string]*yaml.Node

	selections []selection // in the order they are written
	condition  *expr
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

// ErrUnsupported is what an error wraps when a document is valid Sigma of a
// kind that is not read yet: a correlation rule or a filter.
var ErrUnsupported = errors.New("not supported yet")

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
