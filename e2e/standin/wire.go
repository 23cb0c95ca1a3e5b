package standin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// A conversation is what the stand-in needs of a request.
type conversation struct {
	Model    string            `json:"model"`
	Stream   bool              `json:"stream"`
	Tools    []json.RawMessage `json:"tools"`
	Messages []message         `json:"messages"`
}

type message struct {
	Role    string `json:"role"` // "user", "assistant" and, in newer clients, "system"
	Content blocks `json:"content"`
}

// blocks are a message's content: a list, or a bare string for one text.
type blocks []block

type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   blocks          `json:"content,omitempty"`
	IsError   bool            `json:"is_error,omitempty"`
}

func (b *blocks) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*b = blocks{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(data, (*[]block)(b))
}

// script is the name in the first marker a user's text holds. Later ones do
// not count: the report of a finished subagent, which repeats the subagent's
// prompt, comes as a user's text too.
func (c *conversation) script() string {
	for _, m := range c.Messages {
		for _, b := range m.Content {
			if m.Role != "user" || b.Type != "text" {
				continue
			}
			if found := marker.FindStringSubmatch(b.Text); found != nil {
				return found[1]
			}
		}
	}
	return ""
}

// turn is how many turns the conversation holds already.
func (c *conversation) turn() (n int) {
	for _, m := range c.Messages {
		if m.Role == "assistant" {
			n++
		}
	}
	return n
}

func (c *conversation) results() (list []Result) {
	for _, m := range c.Messages {
		for _, b := range m.Content {
			if b.Type == "tool_result" {
				list = append(list, Result{ID: b.ToolUseID, Text: b.Content.text(), IsError: b.IsError})
			}
		}
	}
	return list
}

func (b blocks) text() string {
	var parts []string
	for _, x := range b {
		if x.Type == "text" {
			parts = append(parts, x.Text)
		}
	}
	return strings.Join(parts, "\n")
}

// answer writes the blocks as one assistant message, streamed if that was
// asked for. Every turn needs an id of its own: the client takes two messages
// of one id for pieces of the same message and sends them back as one.
func (c *conversation) answer(w http.ResponseWriter, id string, content []block) {
	reason := "end_turn"
	if content[0].Type == "tool_use" {
		reason = "tool_use"
	}
	usage := map[string]int{"input_tokens": 10, "output_tokens": 10}
	msg := map[string]any{
		"id": id, "type": "message", "role": "assistant", "model": c.Model,
		"content": content, "stop_reason": reason, "stop_sequence": nil, "usage": usage,
	}
	if !c.Stream {
		writeJSON(w, http.StatusOK, msg)
		return
	}
	msg["content"], msg["stop_reason"] = []block{}, nil
	w.Header().Set("Content-Type", "text/event-stream")
	send(w, "message_start", map[string]any{"message": msg})
	for i, b := range content {
		stream(w, i, b)
	}
	stop := map[string]any{"stop_reason": reason, "stop_sequence": nil}
	send(w, "message_delta", map[string]any{"delta": stop, "usage": usage})
	send(w, "message_stop", map[string]any{})
}

// stream writes one content block: its start, its pieces, its stop.
func stream(w http.ResponseWriter, index int, b block) {
	start, piece, whole := map[string]any{"type": "text", "text": ""}, "text", b.Text
	delta := "text_delta"
	if b.Type == "tool_use" {
		start = map[string]any{"type": "tool_use", "id": b.ID, "name": b.Name, "input": map[string]any{}}
		delta, piece, whole = "input_json_delta", "partial_json", string(b.Input)
	}
	send(w, "content_block_start", map[string]any{"index": index, "content_block": start})
	for whole != "" {
		n := cut(whole, 32<<10)
		d := map[string]any{"type": delta, piece: whole[:n]}
		send(w, "content_block_delta", map[string]any{"index": index, "delta": d})
		whole = whole[n:]
	}
	send(w, "content_block_stop", map[string]any{"index": index})
}

// cut returns at most limit, less where that would part the bytes of a rune:
// half a rune does not survive a JSON string.
func cut(s string, limit int) int {
	if len(s) <= limit {
		return len(s)
	}
	for limit > 1 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return limit
}

// send writes one server-sent event. The client's own error tells of a lost
// connection, so none is returned here.
func send(w http.ResponseWriter, event string, data map[string]any) {
	data["type"] = event
	b, err := json.Marshal(data)
	if err != nil {
		panic("standin: " + err.Error()) // strings, numbers and checked JSON always marshal
	}
	_, _ = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, b)
	_ = http.NewResponseController(w).Flush()
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]any{
		"type":  "error",
		"error": map[string]string{"type": "invalid_request_error", "message": text},
	})
}
