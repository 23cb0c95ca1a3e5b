package claudecode

import (
	"path"
	"strings"

	"gander/internal/agent"
	"gander/internal/event"
)

// actions are the tools of the client, also those of older versions.
var actions = map[string]event.Action{
	"Bash":       event.Exec,
	"Monitor":    event.Exec,
	"PowerShell": event.Exec,

	"Read":         event.Read,
	"NotebookRead": event.Read,
	"Write":        event.Write,
	"Edit":         event.Write,
	"MultiEdit":    event.Write,
	"NotebookEdit": event.Write,
	"Glob":         event.Search,
	"Grep":         event.Search,
	"LS":           event.Search,

	"WebFetch":  event.Fetch,
	"WebSearch": event.Query,

	"Agent":        event.Spawn,
	"Task":         event.Spawn,
	"Workflow":     event.Spawn,
	"Skill":        event.Skill,
	"SlashCommand": event.Skill,

	"AskUserQuestion": event.Control,
	"BashOutput":      event.Control,
	"CronCreate":      event.Control,
	"CronDelete":      event.Control,
	"CronList":        event.Control,
	"EnterPlanMode":   event.Control,
	"EnterWorktree":   event.Control,
	"ExitPlanMode":    event.Control,
	"ExitWorktree":    event.Control,
	"KillShell":       event.Control,
	"ListAgents":      event.Control,
	"ReportFindings":  event.Control,
	"ScheduleWakeup":  event.Control,
	"SendMessage":     event.Control,
	"TaskCreate":      event.Control,
	"TaskGet":         event.Control,
	"TaskList":        event.Control,
	"TaskOutput":      event.Control,
	"TaskStop":        event.Control,
	"TaskUpdate":      event.Control,
	"TodoWrite":       event.Control,
	"ToolSearch":      event.Control,
}

// The members of a tool's input that become part of an event. The client's
// tools use each name in one sense only, so they need no table per tool.
const (
	argCommand = iota
	argFile
	argNotebook
	argPath
	argPattern
	argURL
	argContent
	argNewString
	argNewSource
	argEdits
	argPrompt
	argScript
)

var argNames = []string{
	argCommand:   "command",
	argFile:      "file_path",
	argNotebook:  "notebook_path",
	argPath:      "path",
	argPattern:   "pattern",
	argURL:       "url",
	argContent:   "content",
	argNewString: "new_string",
	argNewSource: "new_source",
	argEdits:     "edits",
	argPrompt:    "prompt",
	argScript:    "script",
}

// fillTool fills the fields of e that follow from its tool and the tool's
// input, which is the given member of o.
func fillTool(e *event.Event, o *agent.Object, input int) {
	e.Action = actions[e.Tool]
	e.Input = o.Value(input)
	if rest, ok := strings.CutPrefix(e.Tool, "mcp__"); ok {
		e.Action = event.MCP
		e.MCPServer, e.MCPTool = splitMCP(rest, e.MCPServer)
	}
	in := o.Object(input, argNames)
	fillCall(e, &in)
	switch e.Action {
	case event.Exec:
		in.Require(argCommand)
	case event.Fetch:
		in.Require(argURL)
	case event.Read, event.Write:
		if len(e.Paths) == 0 {
			in.Require(argFile)
		}
	case event.Search:
	default:
		return // which types another tool takes is its own affair
	}
	o.AddFaults(in.Faults()...)
}

func fillCall(e *event.Event, in *agent.Object) {
	switch e.Action {
	case event.Exec, event.MCP, event.None:
		e.Command = in.String(argCommand)
	case event.Search:
		addPath(e, globPath(e.Tool, in))
	default: // "command" means something else there
	}
	for _, i := range [...]int{argFile, argNotebook, argPath} {
		addPath(e, in.String(i))
	}
	if u := in.String(argURL); u != "" {
		e.URLs = append(e.URLs, u)
	}
	e.Content = firstText(in, argContent, argNewString, argNewSource)
	if edits := in.Value(argEdits); edits != nil && e.Content == "" {
		e.Content = newStrings(edits)
	}
	if p := firstText(in, argPrompt, argScript); p != "" {
		e.Prompt = p
	}
}

func firstText(in *agent.Object, members ...int) string {
	for _, i := range members {
		if s := in.String(i); s != "" {
			return s
		}
	}
	return ""
}

// globPath makes a path of a Glob's pattern: "/home/u/.ssh/*" names files as
// much as a path does. The pattern of other tools is a regular expression.
func globPath(tool string, in *agent.Object) string {
	if tool != "Glob" {
		return ""
	}
	pattern := in.String(argPattern)
	if pattern == "" || path.IsAbs(pattern) || pattern[0] == '~' {
		return pattern
	}
	return path.Join(in.String(argPath), pattern)
}

// newStrings joins the new texts of a MultiEdit, one a line.
func newStrings(edits []byte) string {
	var b strings.Builder
	agent.Elements(edits, func(e []byte) {
		o := agent.ReadObject(e, argNames)
		b.WriteString(o.String(argNewString))
		b.WriteByte('\n')
	})
	return b.String()
}

func addPath(e *event.Event, p string) {
	if p != "" {
		e.Paths = append(e.Paths, agent.CleanPath(e.CWD, p))
	}
}

// splitMCP splits "server__tool". A server's name may hold "__" itself; then
// only the name the client told says where it ends.
func splitMCP(rest, server string) (string, string) {
	if tool, ok := strings.CutPrefix(rest, toolPrefix(server)+"__"); ok && server != "" {
		return server, tool
	}
	name, tool, _ := strings.Cut(rest, "__")
	return name, tool
}

// toolPrefix is how the client writes a server's name in a tool's.
func toolPrefix(server string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, server)
}
