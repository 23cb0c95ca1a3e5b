package detect

import (
	"strings"

	"gander/internal/sigma"
)

// The classes of log event a tool call is turned into, after Sigma's log
// source categories. docs/detection.md lists their fields.
const (
	classProcess = "process_creation"   // one per simple command
	classRead    = "file_access"        // one per file read
	classWrite   = "file_event"         // one per file created or written
	classChange  = "file_change"        // one per file renamed, or whose mode, owner or times change
	classDelete  = "file_delete"        // one per file deleted
	classWeb     = "proxy"              // one per URL asked for
	classConnect = "network_connection" // one per bare connection: nc, /dev/tcp
	classTool    = "tool_call"          // the call itself
)

// agentProduct is the product of rules that were written for agents: those that
// ask for a field Sigma does not know, or for a category of our own.
const agentProduct = "ai_agent"

// anyModification is our own category: a rule that guards a file wants every
// way to lose it.
const anyModification = "file_modification"

// classes says which of our classes a rule's log source reads. A tool call
// does not tell the operating system it runs on, and Linux's rules hold for a
// Mac's shell more often than not: both are taken. What no agent's call can be
// (the Windows event log, a firewall) is none.
func classes(l sigma.Logsource) []string {
	if l.Service != "" {
		return nil
	}
	switch l.Product {
	case "", "linux", "macos", agentProduct:
	default:
		return nil
	}
	switch l.Category {
	case classProcess, classRead, classWrite, classChange, classDelete, classWeb, classConnect:
		return []string{l.Category}
	case classTool:
		if l.Product == agentProduct {
			return []string{classTool}
		}
	case anyModification:
		if l.Product == agentProduct {
			return []string{classWrite, classChange, classDelete}
		}
	}
	return nil
}

// HasField reports whether events of a log source can have a field of that
// name. A rule that asks for another can never match.
func HasField(l sigma.Logsource, name string) bool {
	of := classes(l)
	if len(of) == 0 {
		return false
	}
	if strings.HasPrefix(name, inputPrefix) {
		return of[0] == classTool
	}
	f, ok := fieldIndex[name]
	if !ok {
		return false
	}
	for _, class := range of {
		if fieldClasses[f]&classBits[class] == 0 {
			return false
		}
	}
	return true
}

// A field is a field of log events by its place in logEvent.values.
type field uint8

const (
	fieldImage field = iota
	fieldCommandLine
	fieldCurrentDirectory
	fieldProjectDirectory
	fieldParentImage
	fieldParentCommandLine
	fieldStdinImage
	fieldStdinCommandLine
	fieldEnvironment
	fieldDecodedBy
	fieldShellFacts
	fieldFileName
	fieldTargetFilename
	fieldContent
	fieldContainsProject
	fieldURI
	fieldHost
	fieldDestinationHost
	fieldDestinationPort

	fieldToolName
	fieldAction
	fieldCommand
	fieldFilePath
	fieldURL
	fieldText
	fieldPrompt
	fieldMCPServer
	fieldMCPTool
	fieldMCPInput
	fieldAgentName
	fieldAgentType
	fieldPermissionMode
	fieldSessionID
	fieldCWD
	fieldFacts

	numFields
)

// inputPrefix is how a rule asks for a member of the tool's own input.
const inputPrefix = "tool_input."

var fieldNames = [numFields]string{
	fieldImage: "Image", fieldCommandLine: "CommandLine", fieldCurrentDirectory: "CurrentDirectory", fieldProjectDirectory: "ProjectDirectory",
	fieldParentImage: "ParentImage", fieldParentCommandLine: "ParentCommandLine",
	fieldStdinImage: "StdinImage", fieldStdinCommandLine: "StdinCommandLine", fieldEnvironment: "Environment",
	fieldDecodedBy: "DecodedBy", fieldShellFacts: "ShellFacts",
	fieldFileName: "FileName", fieldTargetFilename: "TargetFilename", fieldContent: "Content",
	fieldContainsProject: "ContainsProject", fieldURI: "c-uri", fieldHost: "cs-host",
	fieldDestinationHost: "DestinationHostname", fieldDestinationPort: "DestinationPort",

	fieldToolName: "tool_name", fieldAction: "action", fieldCommand: "command", fieldFilePath: "file_path", fieldURL: "url", fieldText: "content",
	fieldPrompt: "prompt", fieldMCPServer: "mcp_server", fieldMCPTool: "mcp_tool", fieldMCPInput: "mcp_input",
	fieldAgentName: "agent", fieldAgentType: "agent_type", fieldPermissionMode: "permission_mode", fieldSessionID: "session_id",
	fieldCWD: "cwd", fieldFacts: "shell_facts",
}

// A classSet holds one bit for each class.
type classSet uint8

var classBits = map[string]classSet{
	classProcess: 1, classRead: 2, classWrite: 4, classChange: 8, classDelete: 16, classWeb: 32, classConnect: 64, classTool: 128,
}

// fieldClasses says which classes have a field.
var fieldClasses = func() (of [numFields]classSet) {
	all := ^classSet(0)
	for f := range of {
		of[f] = all &^ classBits[classTool]
		if field(f) >= fieldToolName {
			of[f] = classBits[classTool]
		}
	}
	of[fieldFileName] = classBits[classRead]
	of[fieldTargetFilename] = classBits[classWrite] | classBits[classChange] | classBits[classDelete]
	of[fieldContent], of[fieldContainsProject] = of[fieldTargetFilename], of[fieldTargetFilename]
	of[fieldURI], of[fieldHost] = classBits[classWeb], classBits[classWeb]
	of[fieldDestinationHost], of[fieldDestinationPort] = classBits[classConnect], classBits[classConnect]
	return of
}()

var fieldIndex = func() map[string]field {
	index := make(map[string]field, numFields)
	for f, name := range fieldNames {
		index[name] = field(f)
	}
	return index
}()

// A logEvent is one log event made of a tool call. It is used again and again,
// so that a call costs no memory however many events it makes.
type logEvent struct {
	class  string
	has    uint64 // a bit for each field that is set
	values [numFields]sigma.Value
	input  inputFields // for classTool
}

var _ sigma.Event = (*logEvent)(nil)

// Field finds a field by name.
func (l *logEvent) Field(name string) (sigma.Value, bool) {
	if f, ok := fieldIndex[name]; ok {
		if l.has>>f&1 == 0 {
			return sigma.Value{}, false
		}
		return l.values[f], true
	}
	if key, ok := strings.CutPrefix(name, inputPrefix); ok && l.class == classTool {
		return l.input.get(key)
	}
	return sigma.Value{}, false
}

// Strings yields every value.
func (l *logEvent) Strings(yield func(string) bool) {
	for f := range l.values {
		if l.has>>f&1 == 0 {
			continue
		}
		v := &l.values[f]
		if !yield(v.One) {
			return
		}
		for _, s := range v.More {
			if !yield(s) {
				return
			}
		}
	}
}

// begin makes l an empty event of a class.
func (l *logEvent) begin(class string) {
	l.class = class
	l.has = 0
}

func (l *logEvent) unset(f field) { l.has &^= 1 << f }

// set gives a field its value. What is empty is not there.
func (l *logEvent) set(f field, value string) {
	if value != "" {
		l.values[f] = sigma.Value{One: value}
		l.has |= 1 << f
	}
}

func (l *logEvent) setAll(f field, values []string) {
	if len(values) > 0 {
		l.values[f] = sigma.Value{One: values[0], More: values[1:]}
		l.has |= 1 << f
	}
}
