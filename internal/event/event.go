// Package event is what a record means: one tool call or one step of a
// session, in the same words whichever agent made it.
//
// An Event is built once by an agent's adapter, shared by every detector, and
// never changed after that. The package imports nothing of ours.
package event

import "time"

// A Ref says where the bytes of an event lie, so that an alert can point at
// its evidence. Segment and Offset are set for a journal, File and Line for a
// file that was scanned.
type Ref struct {
	Segment uint64 `json:"segment,omitempty"` // number of the journal segment, from 1
	Offset  int64  `json:"offset,omitempty"`  // of the line's first byte in its segment
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"` // from 1
}

// An Event is one tool call or session step.
type Event struct {
	Ref    Ref
	Digest string    // first 16 hex digits of the SHA-256 of the recorded line
	Time   time.Time // when the hook ran, UTC
	Agent  string    // "claude-code", "codex", ...
	Host   string
	Origin Process // who ran the hook

	Kind    Kind
	Name    string // the agent's own name of the hook event, "PreToolUse", or the type of a transcript line
	Session string // full session id
	CallID  string // joins a call with its result and with the transcript

	Subagent     string // id of the subagent, empty for the main thread
	SubagentType string
	Mode         string // permission mode: "default", "bypassPermissions", ...
	CWD          string
	Transcript   string // path of the transcript the agent writes

	Tool      string // the agent's name of the tool: "Bash", "mcp__github__create_issue"
	MCPServer string // set for a tool of an MCP server
	MCPTool   string
	Action    Action
	Command   string   // for Exec: the command line as given
	Paths     []string // files the call names: absolute and cleaned where CWD is known
	URLs      []string
	Content   string // text written to a file, or the new text of an edit
	Prompt    string // what was asked: by the user, of a subagent, about a fetched page, for later
	Input     []byte // JSON of the tool's input as the agent sent it; for ToolBatch of all its calls
	Result    []byte // JSON of what came back, for ToolResult; of the error, for ToolFailure

	// Faults are oddities of the record itself: "duplicate-key", or with a
	// detail after a colon "wrong-type:session_id". The event is still as
	// complete as the record allowed.
	Faults []string
	Raw    []byte // the payload, untouched
}

// A Process identifies the process a hook ran under. A pid alone is reused by
// the kernel; with its start time it is not.
type Process struct {
	UID         int
	PID         int    // the hook's own
	Parent      int    // the agent's, as the hook saw it
	ParentStart uint64 // Linux: clock ticks after boot; macOS: microseconds since 1970; 0 unknown
}

// A Kind says which step of a session an event is.
type Kind string

// The kinds of event. A hook event no kind fits is Other; its Name tells more.
const (
	ToolCall     Kind = "tool_call"    // about to run
	ToolResult   Kind = "tool_result"  // ran
	ToolFailure  Kind = "tool_failure" // ran and failed
	ToolBatch    Kind = "tool_batch"   // every call of one turn, also the invalid ones
	Permission   Kind = "permission"   // asked for, or denied
	Prompt       Kind = "prompt"
	SessionStart Kind = "session_start"
	SessionEnd   Kind = "session_end"
	Stop         Kind = "stop" // the agent, or a subagent, finished its turn
	SpawnStart   Kind = "subagent_start"
	SpawnStop    Kind = "subagent_stop"
	Config       Kind = "config_change"
	Notice       Kind = "notice" // tells, does nothing: notifications, compaction, displayed text
	Other        Kind = "other"
	Unreadable   Kind = "unreadable" // the payload could not be understood
)

// IsKnown reports whether k is one of the constants above. Unknown values are
// kept, never mapped.
func (k Kind) IsKnown() bool {
	switch k {
	case ToolCall, ToolResult, ToolFailure, ToolBatch, Permission, Prompt, SessionStart, SessionEnd,
		Stop, SpawnStart, SpawnStop, Config, Notice, Other, Unreadable:
		return true
	}
	return false
}

func (k Kind) String() string { return string(k) }

// An Action says what a tool call does, whatever the agent calls the tool.
type Action string

// The actions of a tool call.
const (
	None    Action = ""
	Exec    Action = "exec"   // runs a command line
	Read    Action = "read"   // reads a file
	Write   Action = "write"  // creates, replaces or edits a file
	Search  Action = "search" // looks through files: Glob, Grep
	Fetch   Action = "fetch"  // gets a URL
	Query   Action = "query"  // asks a web search engine
	Spawn   Action = "spawn"  // starts a subagent
	Skill   Action = "skill"
	MCP     Action = "mcp"     // a tool of an MCP server
	Control Action = "control" // steers the agent itself: plans, tasks, worktrees, schedules
)

// IsKnown reports whether a is one of the constants above.
func (a Action) IsKnown() bool {
	switch a {
	case None, Exec, Read, Write, Search, Fetch, Query, Spawn, Skill, MCP, Control:
		return true
	}
	return false
}

func (a Action) String() string { return string(a) }
