package claudecode

import (
	"strings"
	"time"

	"gander/internal/agent"
	"gander/internal/event"
)

// The members of a transcript line that become part of an event.
const (
	lineType = iota
	lineSession
	lineCWD
	lineTime
	lineAgentID
	lineMode
	lineMessage
	lineResult
	lineMeta
	lineEvent
	lineHookSession
	lineUUID
	lineSidechain
)

var lineNames = []string{
	lineType:        "type",
	lineSession:     "sessionId",
	lineCWD:         "cwd",
	lineTime:        "timestamp",
	lineAgentID:     "agentId",
	lineMode:        "permissionMode",
	lineMessage:     "message",
	lineResult:      "toolUseResult",
	lineMeta:        "isMeta",
	lineEvent:       payloadNames[inEvent],
	lineHookSession: payloadNames[inSession],
	lineUUID:        "uuid",
	lineSidechain:   "isSidechain",
}

// The members of a message's content block.
const (
	blockType = iota
	blockID
	blockName
	blockInput
	blockCallID
	blockContent
	blockIsError
	blockText
)

var blockNames = []string{
	blockType:    "type",
	blockID:      "id",
	blockName:    "name",
	blockInput:   "input",
	blockCallID:  "tool_use_id",
	blockContent: "content",
	blockIsError: "is_error",
	blockText:    "text",
}

// ParseTranscriptLine returns the events a line of a transcript tells of: a
// ToolCall for each tool use, a ToolResult or ToolFailure for each result, and
// a Prompt for what a person, or for a subagent its parent, asked. Any other
// line, malformed ones included, has none. Name is the line's type, "assistant"
// or "user". A result does not name its tool: CallID joins it with the call.
func (Adapter) ParseTranscriptLine(line []byte) []event.Event {
	o := agent.ReadObject(line, lineNames)
	if o.Broken() {
		return nil
	}
	base := event.Event{
		Agent:    Name,
		Name:     o.String(lineType),
		Session:  o.String(lineSession),
		Subagent: o.String(lineAgentID),
		Mode:     o.String(lineMode),
		CWD:      o.String(lineCWD),
		Raw:      line,
	}
	if t, err := time.Parse(time.RFC3339Nano, o.String(lineTime)); err == nil {
		base.Time = t.UTC()
	}
	message := o.Object(lineMessage, []string{"content"})
	base.Faults = o.Faults()
	switch base.Name {
	case "assistant":
		return toolCalls(base, message.Value(0))
	case "user":
		return userEvents(base, &o, message.Value(0))
	}
	return nil
}

func toolCalls(base event.Event, content []byte) []event.Event {
	var events []event.Event
	agent.Elements(content, func(block []byte) {
		b := agent.ReadObject(block, blockNames)
		if b.String(blockType) != "tool_use" {
			return
		}
		e := base
		e.Kind = event.ToolCall
		e.CallID = b.String(blockID)
		e.Tool = b.String(blockName)
		b.Require(blockID, blockName, blockInput)
		fillTool(&e, &b, blockInput)
		e.Faults = append(e.Faults[:len(e.Faults):len(e.Faults)], b.Faults()...)
		events = append(events, e)
	})
	return events
}

func userEvents(base event.Event, line *agent.Object, content []byte) []event.Event {
	var events []event.Event
	var prompt []string
	if s, ok := agent.Text(content); ok {
		prompt = append(prompt, s)
	}
	agent.Elements(content, func(block []byte) {
		b := agent.ReadObject(block, blockNames)
		switch b.String(blockType) {
		case "text":
			prompt = append(prompt, b.String(blockText))
		case "tool_result":
			events = append(events, toolResult(base, &b))
		}
	})
	// The line's own result is richer than the block's, but belongs to it only
	// when there is one.
	if r := line.Value(lineResult); r != nil && len(events) == 1 {
		events[0].Result = r
	}
	if len(prompt) > 0 && len(events) == 0 && string(line.Value(lineMeta)) != "true" {
		base.Kind = event.Prompt
		base.Prompt = strings.Join(prompt, "\n")
		events = append(events, base)
	}
	return events
}

func toolResult(e event.Event, block *agent.Object) event.Event {
	e.Kind = event.ToolResult
	if string(block.Value(blockIsError)) == "true" {
		e.Kind = event.ToolFailure
	}
	e.CallID = block.String(blockCallID)
	e.Result = block.Value(blockContent)
	return e
}

// Detect says whether a line of JSON is the payload of a hook or a line of a
// transcript. Other agents have taken over this client's hooks, so that their
// payloads count too; their transcripts do not.
func (Adapter) Detect(line []byte) agent.Form {
	o := agent.ReadObject(line, lineNames)
	has := func(i int) bool { return o.String(i) != "" }
	switch {
	case o.Broken():
		return agent.Foreign
	case has(lineEvent) && has(lineHookSession):
		return agent.Hook
	case !has(lineType) || !has(lineSession):
		return agent.Foreign
	case has(lineUUID) && o.Value(lineSidechain) == nil:
		return agent.Foreign // a descendant of this client's format
	}
	return agent.Transcript
}
