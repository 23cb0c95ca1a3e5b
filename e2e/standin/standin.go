// Package standin is a Messages API for one test: it plays a script to a real
// coding agent instead of a model.
//
// It listens on loopback only and stops with the test. A script is chosen by a
// marker in the prompt (see [Prompt]), so the main thread and each subagent
// play their own. Which turn comes next is read off the conversation itself:
// as many turns were played as the request holds assistant messages. A request
// that the client sends twice is therefore answered twice the same.
//
// Only a request that offers tools and holds a marker is played to. What else
// the client asks for, such as a title for the session, gets a plain text and
// uses up no turn; an unknown path gets 404. Request bodies over 64 MiB and
// requests after the two hundredth are refused, so that a client gone wild ends.
package standin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"
)

const (
	maxBody     = 64 << 20
	maxRequests = 200
)

// A Call is one tool call for the client to make.
type Call struct {
	Name  string // "Bash"
	Input any    // marshalled to the tool's input object
}

// A Turn is what the model says at once: its calls, made in parallel when there
// are several, or a text when there are none.
type Turn struct {
	Calls []Call
	Text  string
}

// A Script is the turns of one thread in their order. After the last one the
// thread gets a short text for an answer, which ends it.
type Script []Turn

// A Played is a call that was sent to the client.
type Played struct {
	Script string // name of the script
	Turn   int    // index in the script
	ID     string // the tool_use id
	Name   string
	Input  json.RawMessage
}

// A Result is what the client told the model about a call.
type Result struct {
	ID      string // the tool_use id
	Text    string
	IsError bool
}

// A Request is one request of the client, without its conversation.
type Request struct {
	Method, Path string
	Kind         Kind
	Script       string // for Played requests
	Turn         int
}

// A Kind says how a request was answered.
type Kind string

// The kinds of request.
const (
	Turned  Kind = "turned"  // with the next turn of a script
	Aside   Kind = "aside"   // with a plain text: no tools or no marker in it
	Counted Kind = "counted" // with a number of tokens
	Unknown Kind = "unknown" // with 404
	Refused Kind = "refused" // with an error: unreadable, too large or too many
)

var marker = regexp.MustCompile(`\[\[play:([a-z0-9-]+)\]\]`)

// Prompt returns text with the marker that chooses the script of that name. A
// name is made of lower-case letters, digits and hyphens.
func Prompt(script, text string) string { return text + " [[play:" + script + "]]" }

// A Server is a running stand-in. Its methods may be called at any time.
type Server struct {
	url     string
	nonce   string // keeps ids of two servers apart
	scripts map[string]Script

	mu       sync.Mutex
	requests []Request
	played   map[string]Played // by tool_use id
	order    []string          // of played
	results  map[string]Result // by tool_use id
}

// Start runs a stand-in that plays the scripts, by name, until the test ends.
func Start(tb testing.TB, scripts map[string]Script) *Server {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen on loopback: %v", err)
	}
	s := &Server{
		url:     "http://" + l.Addr().String(),
		nonce:   rand.Text(),
		scripts: scripts,
		played:  map[string]Played{},
		results: map[string]Result{},
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // always an error: Close ends it
	}()
	tb.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return s
}

// URL is the base URL to give the client.
func (s *Server) URL() string { return s.url }

// Played returns the calls sent to the client so far, each once.
func (s *Server) Played() []Played {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Played
	for _, id := range s.order {
		list = append(list, s.played[id])
	}
	return list
}

// Result returns what the client reported for the call with that id.
func (s *Server) Result(id string) (r Result, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok = s.results[id]
	return r, ok
}

// Requests returns every request so far in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// ServeHTTP answers one request of the client.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	req := Request{Method: r.Method, Path: r.URL.Path, Kind: Unknown}
	if r.Method == http.MethodPost && r.URL.Path == "/v1/messages/count_tokens" {
		req.Kind = Counted
	}
	if r.Method == http.MethodPost && r.URL.Path == "/v1/messages" {
		s.messages(w, r, req)
		return
	}
	switch kind := s.note(req); kind {
	case Counted:
		writeJSON(w, http.StatusOK, map[string]int{"input_tokens": 10})
	case Refused:
		writeError(w, http.StatusBadRequest, "more requests than a test needs")
	default:
		writeError(w, http.StatusNotFound, "the stand-in knows no "+r.URL.Path)
	}
}

func (s *Server) messages(w http.ResponseWriter, r *http.Request, req Request) {
	body, err := io.ReadAll(r.Body)
	var c conversation
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err != nil {
		req.Kind = Refused
		s.note(req)
		writeError(w, http.StatusBadRequest, fmt.Sprintf("read the request: %v", err))
		return
	}
	var turn Turn
	req.Kind, req.Script, req.Turn = Aside, c.script(), c.turn()
	if script, ok := s.scripts[req.Script]; ok && len(c.Tools) > 0 {
		req.Kind, turn = Turned, script.at(req.Turn)
	}
	if s.note(req) == Refused {
		writeError(w, http.StatusBadRequest, "more requests than a test needs")
		return
	}
	blocks, err := s.play(req, turn, c.results())
	if err != nil {
		writeError(w, http.StatusBadRequest, err.Error())
		return
	}
	c.answer(w, "msg_01"+s.hash(req, -1), blocks)
}

// note keeps the request and returns its kind, or Refused when there were too
// many.
func (s *Server) note(r Request) Kind {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) >= maxRequests {
		return Refused
	}
	s.requests = append(s.requests, r)
	return r.Kind
}

// play keeps the results the client sent and turns t into content blocks. An
// id is made of the server, the script, the turn and the place in it: a turn
// asked for twice has the same ids.
func (s *Server) play(r Request, t Turn, results []Result) ([]block, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, res := range results {
		s.results[res.ID] = res
	}
	var blocks []block
	for i, c := range t.Calls {
		input, err := json.Marshal(c.Input)
		if err != nil {
			return nil, fmt.Errorf("input of call %d in turn %d of %s: %w", i, r.Turn, r.Script, err)
		}
		id := "toolu_01" + s.hash(r, i)
		if _, again := s.played[id]; !again {
			s.order = append(s.order, id)
		}
		s.played[id] = Played{Script: r.Script, Turn: r.Turn, ID: id, Name: c.Name, Input: input}
		blocks = append(blocks, block{Type: "tool_use", ID: id, Name: c.Name, Input: input})
	}
	if len(blocks) == 0 {
		blocks = []block{{Type: "text", Text: t.Text}}
	}
	return blocks, nil
}

// hash is 22 hex digits that are the same only for the same place.
func (s *Server) hash(r Request, index int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %d", s.nonce, r.Script, r.Turn, index))
	return hex.EncodeToString(sum[:11])
}

func (s Script) at(n int) Turn {
	if n < len(s) {
		return s[n]
	}
	return Turn{Text: "Done."}
}
