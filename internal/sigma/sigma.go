// Package sigma reads Sigma detection rules and matches events against them.
//
// [Parse] reads and checks the rules of a file, [Compile] turns them into one
// immutable program per class of events, a [Matcher] runs events through a
// program. Everything that can be wrong with a rule is said by Parse or
// Compile, with file and line; matching cannot fail.
//
// A program holds each distinct question about a field once, as a predicate.
// One pass over a field's value finds all literal text that any predicate asks
// for, and a rule is looked at only when a predicate it cannot match without
// has fired. An event that matches no rule costs no allocation. The time to
// match grows with the length of the event's values, but a regular expression
// sees only the first 2^24/n bytes of one, n being the instructions it
// compiles to: the agent chooses the value, and must not stall the watcher.
//
// A [Correlator] follows the matches over time and knows when a correlation
// rule holds. It goes by the time of the events, never the clock, so that the
// same events give the same answers; what it remembers is bounded, and what it
// had to forget is told.
//
// What the Sigma specification leaves open is decided here:
//   - case is ignored for the letters a-z, unless the rule says cased;
//   - a number or boolean of a rule is compared as the text it is written as;
//   - null, and exists: false, hold when the event has no such field;
//   - a field with several values matches when one of them does, and neq when
//     the field is there and none of them does;
//   - a keyword may lie anywhere in any string of the event;
//   - regular expressions are those of package regexp, which has no
//     look-around and no back-references;
//   - a filter's condition is added to a rule's own with and, so that most
//     filters say "not selection";
//   - a rule that only serves a correlation of its own file raises nothing by
//     itself, unless the correlation says "generate: true";
//   - a group-by field an event has not counts as empty;
//   - value_percentile with a percentile is about the numbers of a field, without
//     one about the share of the events that have the same value.
package sigma

import "gander/internal/alert"

// A Logsource says which events a rule reads. Empty fields match any.
type Logsource struct {
	Category string `yaml:"category"`
	Product  string `yaml:"product"`
	Service  string `yaml:"service"`
}

// A Value is what a field of an event holds: one string, or several when the
// field is a list. Numbers and booleans are given as their text.
type Value struct {
	One  string
	More []string // the other values of a list, usually nil
}

// An Event is what rules are matched against. Implementations must be cheap:
// Field is called once per field a program reads.
type Event interface {
	// Field returns a field's value, and false when the event has no such field.
	Field(name string) (Value, bool)
	// Strings yields every string of the event, for keyword searches.
	Strings(yield func(string) bool)
}

// A Hit is one rule that matched one event. It is valid until the next Match.
type Hit struct {
	Rule       *Rule
	Selections []string      // the names of the selections in the condition that held
	Matches    []alert.Match // which field matched, and where in its value; a keyword's field is ""
}
