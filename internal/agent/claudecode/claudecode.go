// Package claudecode understands Claude Code: what its hooks send, what its
// transcripts hold, and where its settings register a hook.
//
// It was written against payloads of versions 2.1.197 and 2.1.330. Hook events
// and tools it does not know keep their names; nothing is dropped for being new
// or odd. All functions are pure and may be called at the same time; none reads
// the environment.
package claudecode

import (
	"gander/internal/agent"
	"gander/internal/event"
)

// Name is what records and commands call this agent.
const Name = "claude-code"

// An Adapter reads payloads of Claude Code's hooks, and its transcripts.
type Adapter struct{}

var _ agent.Adapter = Adapter{}

// Name returns "claude-code".
func (Adapter) Name() string { return Name }

// The members of a payload that become part of an event.
const (
	inSession = iota
	inTranscript
	inCWD
	inMode
	inAgentID
	inAgentType
	inEvent
	inTool
	inInput
	inResponse
	inCallID
	inMCPServer
	inMCPServerName
	inError
	inCalls
	inPrompt
	inFile
	inNewCWD
	inDirectory
	inWorktree
)

var payloadNames = []string{
	inSession:       "session_id",
	inTranscript:    "transcript_path",
	inCWD:           "cwd",
	inMode:          "permission_mode",
	inAgentID:       "agent_id",
	inAgentType:     "agent_type",
	inEvent:         "hook_event_name",
	inTool:          "tool_name",
	inInput:         "tool_input",
	inResponse:      "tool_response",
	inCallID:        "tool_use_id",
	inMCPServer:     "mcp_server",
	inMCPServerName: "mcp_server_name",
	inError:         "error",
	inCalls:         "tool_calls",
	inPrompt:        "prompt",
	inFile:          "file_path",
	inNewCWD:        "new_cwd",
	inDirectory:     "directory",
	inWorktree:      "worktree_path",
}

// Parse says what the payload of a hook means. A payload that is no JSON
// object, breaks off or names no event has the Kind Unreadable and as many
// fields as could be read. For a ToolFailure, Result is the JSON of the error
// text; for a ToolBatch, Input is the JSON array of its calls.
func (Adapter) Parse(payload []byte) event.Event {
	o := agent.ReadObject(payload, payloadNames)
	e := event.Event{
		Name:         o.String(inEvent),
		Session:      o.String(inSession),
		CallID:       o.String(inCallID),
		Subagent:     o.String(inAgentID),
		SubagentType: o.String(inAgentType),
		Mode:         o.String(inMode),
		CWD:          o.String(inCWD),
		Transcript:   o.String(inTranscript),
		Tool:         o.String(inTool),
		Prompt:       o.String(inPrompt),
		MCPServer:    mcpServer(&o),
		Raw:          payload,
	}
	o.Require(inEvent, inSession)
	e.Kind = kindOf(e.Name)
	if e.Name == "" || o.Broken() {
		e.Kind = event.Unreadable
	}
	for _, i := range [...]int{inFile, inNewCWD, inDirectory, inWorktree} {
		addPath(&e, o.String(i))
	}
	fillStep(&e, &o)
	e.Faults = o.Faults()
	return e
}

// fillStep fills what depends on the kind of event. A tool is understood
// wherever one is named, so that events of later versions are.
func fillStep(e *event.Event, o *agent.Object) {
	switch e.Kind {
	case event.ToolCall:
		o.Require(inTool, inInput, inCallID)
	case event.ToolResult:
		o.Require(inTool, inInput, inCallID)
		e.Result = o.Value(inResponse)
	case event.ToolFailure:
		o.Require(inTool, inInput, inCallID)
		e.Result = o.Value(inError)
	case event.Permission:
		o.Require(inTool, inInput)
	case event.ToolBatch:
		o.Require(inCalls)
		e.Input = o.Value(inCalls)
	default: // the others have nothing of their own
	}
	if e.Tool != "" || o.Value(inInput) != nil {
		fillTool(e, o, inInput)
	}
}

// mcpServer returns the server's name: newer clients send mcp_server with a
// call, and mcp_server_name with a server's question.
func mcpServer(o *agent.Object) string {
	if o.Value(inMCPServer) == nil {
		return o.String(inMCPServerName)
	}
	server := o.Object(inMCPServer, []string{"name"})
	return server.String(0)
}
