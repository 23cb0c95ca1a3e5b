package detect_test

import (
	"strings"

	"gander/internal/event"
)

func call(tool string, action event.Action) event.Event {
	return event.Event{
		Kind: event.ToolCall, Agent: "claude-code", Session: "s", CallID: "c",
		CWD: "/home/u/project", Tool: tool, Action: action,
	}
}

func bash(command string) event.Event {
	e := call("Bash", event.Exec)
	e.Command = command
	return e
}

func readOf(path string) event.Event {
	e := call("Read", event.Read)
	e.Paths = []string{path}
	return e
}

func editOf(path string, size int) event.Event {
	e := call("Edit", event.Write)
	e.Paths = []string{path}
	e.Content = strings.Repeat("\tif err != nil {\n\t\treturn fmt.Errorf(\"read: %w\", err)\n\t}\n", size/60)
	return e
}
