package claudecode

import "gander/internal/event"

// hookEvents are the hook events of version 2.1.330, in the order of a
// session's life. Versions that do not know a name skip that entry alone.
var hookEvents = []struct {
	name     string
	kind     event.Kind
	register registration
}{
	{"Setup", event.Other, always},
	{"SessionStart", event.SessionStart, always},
	{"InstructionsLoaded", event.Other, always},
	{"UserPromptSubmit", event.Prompt, always},
	{"UserPromptExpansion", event.Prompt, always},
	{"PreToolUse", event.ToolCall, always},
	{"PermissionRequest", event.Permission, always},
	{"PermissionDenied", event.Permission, always},
	{"PostToolUse", event.ToolResult, always},
	{"PostToolUseFailure", event.ToolFailure, always},
	{"PostToolBatch", event.ToolBatch, always},
	{"SubagentStart", event.SpawnStart, always},
	{"SubagentStop", event.SpawnStop, always},
	{"TaskCreated", event.Notice, always},
	{"TaskCompleted", event.Notice, always},
	{"TeammateIdle", event.Notice, always},
	{"Elicitation", event.Notice, always},
	{"ElicitationResult", event.Notice, always},
	{"Notification", event.Notice, always},
	{"MessageDisplay", event.Notice, onDemand},
	{"ConfigChange", event.Config, always},
	{"CwdChanged", event.Notice, always},
	{"DirectoryAdded", event.Other, always},
	{"FileChanged", event.Notice, always},
	{"WorktreeCreate", event.Other, never},
	{"WorktreeRemove", event.Other, always},
	{"PreModelSwitch", event.Notice, always},
	{"PostModelSwitch", event.Notice, always},
	{"PreCompact", event.Notice, always},
	{"PostCompact", event.Notice, always},
	{"Stop", event.Stop, always},
	{"StopFailure", event.Stop, always},
	{"SessionEnd", event.SessionEnd, always},
}

// A registration says when Install registers an event.
type registration uint8

const (
	always registration = iota
	// onDemand is for MessageDisplay: the whole text the agent shows, in
	// pieces, which would be most of the journal.
	onDemand
	// never is for WorktreeCreate: a hook there replaces git and has to print
	// the path of the worktree it made.
	never
)

var kinds = func() map[string]event.Kind {
	m := make(map[string]event.Kind, len(hookEvents))
	for _, h := range hookEvents {
		m[h.name] = h.kind
	}
	return m
}()

// kindOf returns Other for a hook event this package does not know.
func kindOf(name string) event.Kind {
	if k, ok := kinds[name]; ok {
		return k
	}
	return event.Other
}

// Events returns the names of all hook events, in the order of a session's
// life.
func Events() []string {
	return eventNames(func(registration) bool { return true })
}

// Registered returns the names of the hook events Install registers, in the
// same order: all but WorktreeCreate, where a hook replaces what git does, and
// MessageDisplay unless it is asked for.
func Registered(messageDisplay bool) []string {
	return eventNames(func(r registration) bool {
		return r == always || r == onDemand && messageDisplay
	})
}

func eventNames(keep func(registration) bool) []string {
	var names []string
	for _, h := range hookEvents {
		if keep(h.register) {
			names = append(names, h.name)
		}
	}
	return names
}
