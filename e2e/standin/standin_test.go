package standin_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gander/e2e/standin"
)

// obj is a JSON object, arr a JSON array.
type (
	obj = map[string]any
	arr = []any
)

func user(text string) obj {
	return obj{"role": "user", "content": arr{obj{"type": "text", "text": text}}}
}

func used(id string) obj {
	return obj{"role": "assistant", "content": arr{obj{"type": "tool_use", "id": id, "name": "Bash", "input": obj{}}}}
}

func result(id string, content any) obj {
	return obj{"role": "user", "content": arr{obj{"type": "tool_result", "tool_use_id": id, "content": content}}}
}

// ask sends a request that offers one tool.
func ask(t *testing.T, s *standin.Server, stream bool, messages ...any) *http.Response {
	t.Helper()
	return post(t, s, "/v1/messages?beta=true", obj{
		"model": "m", "stream": stream, "tools": arr{obj{"name": "Bash"}}, "messages": messages,
	})
}

func post(t *testing.T, s *standin.Server, path string, body any) *http.Response {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, s, path, bytes.NewReader(b))
}

func send(t *testing.T, s *standin.Server, path string, body io.Reader) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// A reply is an assistant message.
type reply struct {
	ID         string
	Role       string
	StopReason string `json:"stop_reason"`
	Content    []block
}

type block struct {
	Type, Text, ID, Name string
	Input                json.RawMessage
}

func whole(t *testing.T, resp *http.Response) (r reply) {
	t.Helper()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status is %s", resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// An sse is one event of a streamed reply.
type sse struct {
	Type         string
	Message      reply
	ContentBlock block `json:"content_block"`
	Delta        struct {
		Text        string
		PartialJSON string `json:"partial_json"`
		StopReason  string `json:"stop_reason"`
	}
}

// add puts a message together from its events, as a client does.
func (r *reply) add(e sse) {
	switch e.Type {
	case "message_start":
		*r = e.Message
	case "content_block_start":
		e.ContentBlock.Input = nil // an empty object, replaced by the pieces
		r.Content = append(r.Content, e.ContentBlock)
	case "content_block_delta":
		last := &r.Content[len(r.Content)-1]
		last.Text += e.Delta.Text
		last.Input = append(last.Input, e.Delta.PartialJSON...)
	case "message_delta":
		r.StopReason = e.Delta.StopReason
	}
}

func streamed(t *testing.T, resp *http.Response) (r reply, types []string) {
	t.Helper()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e sse
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("event %q: %v", data, err)
		}
		types = append(types, e.Type)
		r.add(e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return r, types
}

func bash(command string) standin.Call {
	return standin.Call{Name: "Bash", Input: obj{"command": command}}
}

func kinds(s *standin.Server) (list []standin.Kind) {
	for _, r := range s.Requests() {
		list = append(list, r.Kind)
	}
	return list
}

func TestTurnsFollowTheConversation(t *testing.T) {
	s := standin.Start(t, map[string]standin.Script{
		"main": {{Calls: []standin.Call{bash("ls"), bash("pwd")}}, {Text: "bye"}},
		"sub":  {{Calls: []standin.Call{bash("id")}}},
	})
	first := user(standin.Prompt("main", "go"))
	one := whole(t, ask(t, s, false, first))
	if len(one.Content) != 2 || one.StopReason != "tool_use" {
		t.Fatalf("first turn is %+v, want two calls", one)
	}
	again := whole(t, ask(t, s, false, first))
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("a repeated request got another answer: %s", diff)
	}
	two := whole(t, ask(t, s, false, first, used(one.Content[0].ID), result(one.Content[0].ID, "x")))
	if two.Content[0].Text != "bye" || two.StopReason != "end_turn" || two.ID == one.ID {
		t.Errorf("second turn is %+v, want the text in a message of its own", two)
	}
	sub := whole(t, ask(t, s, false, user(standin.Prompt("sub", "go"))))
	if string(sub.Content[0].Input) != `{"command":"id"}` {
		t.Errorf("subagent got %s", sub.Content[0].Input)
	}
	end := whole(t, ask(t, s, false, user(standin.Prompt("sub", "go")), used("x"), result("x", "y")))
	if end.StopReason != "end_turn" || end.Content[0].Text == "" {
		t.Errorf("after the last turn came %+v, want a text", end)
	}
	if got := len(s.Played()); got != 3 {
		t.Errorf("%d calls played, want each once: 3", got)
	}
}

func TestOnlyTheFirstMarkerOfAUserCounts(t *testing.T) {
	s := standin.Start(t, map[string]standin.Script{"a": {{Text: "from a"}}, "b": {{Text: "from b"}}})
	for _, tt := range []struct {
		name     string
		messages arr
		want     string
	}{
		{"a marker in a bare string", arr{obj{"role": "user", "content": standin.Prompt("b", "")}}, "from b"},
		{"text before the marker", arr{user("<reminder>"), user(standin.Prompt("a", ""))}, "from a"},
		{"a second marker", arr{user(standin.Prompt("a", "")), user(standin.Prompt("b", ""))}, "from a"},
		{"a marker in a result", arr{user("hi"), result("x", standin.Prompt("b", "")), user(standin.Prompt("a", ""))}, "from a"},
		{"a marker in a system message", arr{obj{"role": "system", "content": standin.Prompt("b", "")}, user(standin.Prompt("a", ""))}, "from a"},
		{"no marker", arr{user("hi")}, ""},
		{"an unknown script", arr{user(standin.Prompt("nosuch", ""))}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := whole(t, ask(t, s, false, tt.messages...)).Content[0].Text; got != tt.want {
				t.Errorf("answered %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSideRequestsUseUpNoTurn(t *testing.T) {
	s := standin.Start(t, map[string]standin.Script{"main": {{Text: "first"}}})
	title := post(t, s, "/v1/messages?beta=true", obj{"messages": arr{user(standin.Prompt("main", "a title for:"))}})
	if r := whole(t, title); r.Content[0].Type != "text" || r.StopReason != "end_turn" {
		t.Errorf("title is %+v, want a text", r)
	}
	var count struct {
		InputTokens int `json:"input_tokens"`
	}
	resp := post(t, s, "/v1/messages/count_tokens?beta=true", obj{})
	if err := json.NewDecoder(resp.Body).Decode(&count); err != nil || count.InputTokens == 0 {
		t.Errorf("counted %d tokens: %v", count.InputTokens, err)
	}
	if resp := post(t, s, "/api/event_logging", obj{}); resp.StatusCode != http.StatusNotFound {
		t.Errorf("unknown path: status %s", resp.Status)
	}
	whole(t, ask(t, s, false, user(standin.Prompt("main", ""))))
	want := []standin.Kind{standin.Aside, standin.Counted, standin.Unknown, standin.Turned}
	if diff := cmp.Diff(want, kinds(s)); diff != "" {
		t.Errorf("kinds of request: %s", diff)
	}
}

func TestAStreamCarriesTheWholeMessage(t *testing.T) {
	long := strings.Repeat("€", 50_000) // 150 kB in several pieces, none of which may part a rune
	s := standin.Start(t, map[string]standin.Script{"main": {{Calls: []standin.Call{bash(long), bash("ls")}}}})
	resp := ask(t, s, true, user(standin.Prompt("main", "")))
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type is %q", ct)
	}
	got, types := streamed(t, resp)
	if want := whole(t, ask(t, s, false, user(standin.Prompt("main", "")))); !cmp.Equal(want, got) {
		t.Errorf("streamed and whole message differ: %s", cmp.Diff(want, got))
	}
	if types[0] != "message_start" || types[len(types)-1] != "message_stop" {
		t.Errorf("events run from %s to %s", types[0], types[len(types)-1])
	}
}

func TestResultsAreKeptByID(t *testing.T) {
	s := standin.Start(t, nil)
	failed := obj{"role": "user", "content": arr{obj{
		"type": "tool_result", "tool_use_id": "b", "is_error": true,
		"content": arr{obj{"type": "text", "text": "no"}, obj{"type": "image"}, obj{"type": "text", "text": "way"}},
	}}}
	whole(t, ask(t, s, false, user("hi"), result("a", "yes"), failed))
	for _, want := range []standin.Result{{ID: "a", Text: "yes"}, {ID: "b", Text: "no\nway", IsError: true}} {
		if got, ok := s.Result(want.ID); !ok || got != want {
			t.Errorf("result is %+v, want %+v", got, want)
		}
	}
	if _, ok := s.Result("c"); ok {
		t.Error("a result nobody sent was found")
	}
}

func TestWhatAClientGoneWildSendsIsRefused(t *testing.T) {
	s := standin.Start(t, nil)
	if resp := send(t, s, "/v1/messages", strings.NewReader("{")); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("broken JSON: status %s", resp.Status)
	}
	for range 300 {
		resp := ask(t, s, false, user("hi"))
		resp.Body.Close()
		if resp.StatusCode == http.StatusBadRequest {
			return
		}
	}
	t.Error("300 requests were answered")
}
