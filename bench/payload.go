package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A call is a PreToolUse payload of Claude Code, with the keys in its order.
type call struct {
	Session    string `json:"session_id"`
	Transcript string `json:"transcript_path"`
	CWD        string `json:"cwd"`
	PromptID   string `json:"prompt_id"`
	Mode       string `json:"permission_mode"`
	Effort     effort `json:"effort"`
	Event      string `json:"hook_event_name"`
	Tool       string `json:"tool_name"`
	Input      any    `json:"tool_input"`
	ID         string `json:"tool_use_id"`
}

type effort struct {
	Level string `json:"level"`
}

// input is a tool's input; its keys come out sorted.
type input map[string]any

// newCall makes the n-th call of a session that works in a project of its own.
func newCall(session, n int, tool string, in input) call {
	id := fmt.Sprintf("%08x-0000-4000-8000-%012x", 0x7f3a91c2+session, session)
	return call{
		Session:    id,
		Transcript: "/home/dev/.claude/projects/-home-dev-project/" + id + ".jsonl",
		CWD:        "/home/dev/project",
		PromptID:   fmt.Sprintf("1c4bbf5d-0000-4000-8000-%012x", n/20),
		Mode:       "bypassPermissions",
		Effort:     effort{"medium"},
		Event:      "PreToolUse",
		Tool:       tool,
		Input:      in,
		ID:         fmt.Sprintf("toolu_01%020d", n),
	}
}

// encode writes c as the agent does: on one line, without escaping HTML.
func (c call) encode() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		panic("bench: " + err.Error()) // strings, maps of strings and booleans always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// source is program text with what such text has to escape in JSON.
const source = `	if err != nil { // größer als 4 KiB → give up
		return fmt.Errorf("read %q: %w\n", name, err)
	}
	for i, line := range strings.Split(text, "\r\n") {
		fmt.Printf("%3d\t%s\n", i, strings.TrimSpace(line))
	}
`

// writeCall is a call that writes a file, of a little over size bytes in all.
func writeCall(size int) []byte {
	content := ""
	write := func() []byte {
		return newCall(1, 1, "Write", input{"file_path": "/home/dev/project/internal/table/table.go", "content": content}).encode()
	}
	bare := len(write())
	content = source
	perText := len(write()) - bare
	content = strings.Repeat(source, (size-bare)/perText)
	rest := size - len(write())
	content += strings.Repeat("x", max(0, rest))
	return write()
}
