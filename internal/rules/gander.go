package rules

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"gander/internal/sigma"
)

// customKey is the key of a rule that is ours.
const customKey = "gander"

// A Note is what a rule says to people. Both parts are empty for a rule that
// says nothing of its own, as those of others do.
type Note struct {
	Why    string // one sentence: what happened and why it matters
	Advice string // what to do now
}

// A Case is one tool call a rule must match, or must not.
type Case struct {
	Tool  string         // "Bash", unless the case says otherwise
	Input map[string]any // the tool's input; of a Bash call usually only "command"
	CWD   string         // "/home/u/project", unless the case says otherwise
	Note  string         // why the case is there
	Other bool           // of a near miss: another rule does raise an alert for it
}

// The defaults of a Case.
const (
	defaultTool = "Bash"
	defaultCWD  = "/home/u/project"
)

// NoteOf returns what a rule says to people.
func NoteOf(r *sigma.Rule) Note {
	s, _ := read(r) // Check says what is wrong
	return Note{Why: s.Why, Advice: s.Advice}
}

// Cases returns the calls a rule must match and those it must not.
func Cases(r *sigma.Rule) (match, miss []Case) {
	s, _ := read(r)
	return s.Match, s.Miss
}

// Check returns what is wrong with a rule's gander key: an unknown key, a value
// of the wrong kind. The error is a [*sigma.Error], or several joined.
func Check(r *sigma.Rule) error {
	_, err := read(r)
	return err
}

// A section is the value of the gander key.
type section struct {
	Why    string
	Advice string
	Match  []Case
	Miss   []Case
}

// A reader collects what is wrong in one file.
type reader struct {
	file string
	errs []error
}

func read(r *sigma.Rule) (section, error) {
	var s section
	n := r.Custom[customKey]
	if n == nil {
		return s, nil
	}
	rd := &reader{file: r.File}
	rd.mapping(n, func(key string, value *yaml.Node) bool {
		switch key {
		case "why":
			rd.decode(value, &s.Why)
		case "advice":
			rd.decode(value, &s.Advice)
		case "match":
			s.Match = rd.cases(value)
		case "miss":
			s.Miss = rd.cases(value)
		default:
			return false
		}
		return true
	})
	return s, errors.Join(rd.errs...)
}

func (rd *reader) errorf(n *yaml.Node, format string, args ...any) {
	rd.errs = append(rd.errs, &sigma.Error{File: rd.file, Line: n.Line, Err: fmt.Errorf(format, args...)})
}

// mapping calls known for each key of n, and reports those it refuses.
func (rd *reader) mapping(n *yaml.Node, known func(key string, value *yaml.Node) bool) {
	if n.Kind != yaml.MappingNode {
		rd.errorf(n, "this must be a map")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; !known(key.Value, n.Content[i+1]) {
			rd.errorf(key, "key %q is not known here: correct it or take it out", key.Value)
		}
	}
}

func (rd *reader) decode(n *yaml.Node, to any) {
	if err := n.Decode(to); err != nil {
		rd.errorf(n, "not the kind of value that belongs here: %w", err)
	}
}

func (rd *reader) cases(n *yaml.Node) []Case {
	if n.Kind != yaml.SequenceNode {
		rd.errorf(n, "this must be a list of cases")
		return nil
	}
	var list []Case
	for _, item := range n.Content {
		list = append(list, rd.oneCase(item))
	}
	return list
}

// oneCase reads a case: a command line, or a map. In the map a command may
// stand for a Bash call's input.
func (rd *reader) oneCase(n *yaml.Node) Case {
	c := Case{Tool: defaultTool, CWD: defaultCWD}
	if n.Kind == yaml.ScalarNode {
		c.Input = map[string]any{"command": n.Value}
		return c
	}
	rd.mapping(n, func(key string, value *yaml.Node) bool {
		switch key {
		case "tool":
			rd.decode(value, &c.Tool)
		case "input":
			rd.decode(value, &c.Input)
		case "command":
			var command string
			rd.decode(value, &command)
			c.Input = map[string]any{"command": command}
		case "cwd":
			rd.decode(value, &c.CWD)
		case "note":
			rd.decode(value, &c.Note)
		case "other":
			rd.decode(value, &c.Other)
		default:
			return false
		}
		return true
	})
	if len(c.Input) == 0 {
		rd.errorf(n, "the case has no input: write the command, or tool and input")
	}
	return c
}
