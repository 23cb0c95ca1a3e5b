// Package agent is what the adapters of all agents share: the interface they
// implement, a strict reader of the JSON agents write, and the careful editing
// of the settings files of agents.
//
// Every byte an agent sends may have been chosen by an attacker. Reading never
// fails and never panics: what is odd becomes a fault, a short constant such as
// "duplicate-key", and the rest is read as far as it goes. Time and memory grow
// linearly with the input, and nesting is bounded.
//
// The package knows no agent by name. The list of adapters is the app's.
package agent

import (
	"path"
	"strings"

	"gander/internal/event"
)

// An Adapter understands what the hooks of one agent send. Its methods may be
// called from several goroutines at once.
type Adapter interface {
	// Name is the agent's name in records and on the command line: "claude-code".
	Name() string
	// Parse says what a payload means. It fills everything the payload tells;
	// Ref, Digest, Time, Agent, Host and Origin come from the record around it.
	// The event's byte slices are parts of payload, which must not change.
	Parse(payload []byte) event.Event
}

// A Form says what a line of JSON is to an adapter.
type Form string

// The forms of a line.
const (
	Foreign    Form = ""           // nothing the agent writes
	Hook       Form = "hook"       // the payload of a hook
	Transcript Form = "transcript" // a line of the agent's own transcript
)

// IsKnown reports whether f is one of the constants above.
func (f Form) IsKnown() bool { return f == Foreign || f == Hook || f == Transcript }

func (f Form) String() string { return string(f) }

// CleanPath makes p absolute and cleans it, taking a relative one from cwd.
// What cannot be decided here stays as it is: a path below "~", one of
// Windows, and any relative one when cwd is not absolute.
func CleanPath(cwd, p string) string {
	switch {
	case p == "" || isWindowsPath(p):
		return p
	case p == "~" || strings.HasPrefix(p, "~/"):
		if c := path.Clean(p); strings.HasPrefix(c, "~") {
			return c
		}
		return p // "~/../x" leaves the home directory, wherever that is
	case path.IsAbs(p):
		return path.Clean(p)
	case path.IsAbs(cwd):
		return path.Join(cwd, p)
	}
	return p
}

// isWindowsPath reports whether p begins with a drive or with two backslashes.
func isWindowsPath(p string) bool {
	if strings.HasPrefix(p, `\\`) {
		return true
	}
	return len(p) >= 3 && p[1] == ':' && (p[2] == '\\' || p[2] == '/') &&
		('a' <= p[0]|0x20 && p[0]|0x20 <= 'z')
}
