package detect_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gander/internal/alert"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// A trail is the events of one session, in order.
type trail struct {
	id     string
	dir    string // every session has its own project, unless they share one
	now    time.Time
	gap    time.Duration
	events []*event.Event
}

func newTrail(id string) *trail {
	return &trail{id: id, dir: "/home/u/project" + strings.ReplaceAll(id, " ", ""), now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), gap: 7 * time.Second}
}

func (t *trail) add(e event.Event) *event.Event {
	t.now = t.now.Add(t.gap)
	e.CWD = t.dir
	e.Session, e.Time, e.Digest = t.id, t.now, fmt.Sprintf("%016x", len(t.events))
	if e.Kind == event.ToolCall {
		e.CallID = fmt.Sprintf("%s-%d", t.id, len(t.events))
	}
	t.events = append(t.events, &e)
	return &e
}

// brings adds the result of a call.
func (t *trail) brings(c *event.Event, result string) {
	e := *c
	e.Kind = event.ToolResult
	e.Result, _ = json.Marshal(map[string]string{"stdout": result})
	t.add(e)
}

func (t *trail) fails(c *event.Event) {
	e := *c
	e.Kind = event.ToolFailure
	e.Result = []byte(`"Exit code 1"`)
	t.add(e)
}

func (t *trail) bash(command string) *event.Event { return t.add(bash(command)) }

func (t *trail) read(path, result string) {
	e := readOf(path)
	t.brings(t.add(e), result)
}

func (t *trail) write(path, content string) {
	e := call("Write", event.Write)
	e.Paths, e.Content = []string{path}, content
	t.add(e)
}

func (t *trail) fetch(url, result string) {
	e := call("WebFetch", event.Fetch)
	e.URLs = []string{url}
	t.brings(t.add(e), result)
}

func (t *trail) mcp(server, tool, input string) *event.Event {
	e := call("mcp__"+server+"__"+tool, event.MCP)
	e.MCPServer, e.MCPTool, e.Input = server, tool, []byte(input)
	return t.add(e)
}

func (t *trail) ask(text string) {
	t.add(event.Event{Kind: event.Prompt, Prompt: text})
}

// do adds one step: a command, or for some words a tool: "Read PATH",
// "Write PATH CONTENT", "Fetch URL RESULT", "MCP SERVER TOOL INPUT", "Ask TEXT",
// "Result TEXT" of the command before.
func (t *trail) do(step string) {
	step = strings.ReplaceAll(step, "/home/u/project", t.dir)
	kind, rest, _ := strings.Cut(step, " ")
	first, second, _ := strings.Cut(rest, " ")
	switch kind {
	case "Read":
		t.read(first, second)
	case "Write":
		t.write(first, second)
	case "Fetch":
		t.fetch(first, second)
	case "MCP":
		tool, input, _ := strings.Cut(second, " ")
		t.mcp(first, tool, input)
	case "Ask":
		t.ask(rest)
	case "Result":
		t.brings(t.events[len(t.events)-1], rest)
	default:
		t.bash(step)
	}
}

// noise are the steps of everyday work.
var noise = []string{
	"git status -s", "go build ./...", "ls -la", "npm test 2>&1 | tail -20", "git diff --stat", "cat package.json | jq .scripts",
	"grep -rn TODO src | head", "Read /home/u/project/README.md # A project\nRun `npm install` and `npm test`.", "git log --oneline -5",
	"Write /home/u/project/src/a.ts export const a = 1", "mkdir -p build && cp -r assets build/", "python3 -m pytest -q",
	"curl -s http://localhost:8080/health", "docker compose ps", "sed -i 's/a/b/' src/a.ts", "find . -name '*.ts' | wc -l",
}

// among puts steps between others, a few of them.
func among(r *rand.Rand, t *trail, steps []string) {
	for _, s := range steps {
		for range r.IntN(3) {
			if strings.HasPrefix(s, "Result ") {
				break // belongs to the step before
			}
			t.do(noise[r.IntN(len(noise))])
		}
		t.do(s)
	}
	for range r.IntN(3) {
		t.do(noise[r.IntN(len(noise))])
	}
}

// A judge asks the rules and then the sessions behind them.
type judge struct {
	rules    *detect.Rules
	sessions *detect.Sessions
}

func newJudge(tb testing.TB) *judge {
	tb.Helper()
	list, err := rules.Load()
	if err != nil {
		tb.Fatal(err)
	}
	r, err := detect.NewRules(list, func(r *sigma.Rule) detect.Note { return detect.Note(rules.NoteOf(r)) })
	if err != nil {
		tb.Fatal(err)
	}
	return &judge{r, detect.NewSessions(r)}
}

// A statement is a finding and what it was made for.
type statement struct {
	alert.Finding
	on *event.Event
}

// all is what the sessions detector states about a trail.
func (j *judge) all(t *trail) (out []statement) {
	for _, e := range t.events {
		j.rules.Detect(e)
		for _, f := range j.sessions.Detect(e) {
			out = append(out, statement{f, e})
		}
	}
	return out
}

// worst is the highest level among statements, of a rule or of any.
func worst(list []statement, rule string) alert.Level {
	level := alert.Informational
	for _, s := range list {
		if rule == "" || s.Rule.ID == rule {
			level = max(level, s.Level)
		}
	}
	return level
}

// fake stands for a secret in the results of calls.
const fake = "aws_access_key_id = AKIAEXAMPLEEXAMPLE00\naws_secret_access_key = exampleEXAMPLEexample0123456789notARealKey\n"

const fakeEnv = "DB_PASSWORD=not-a-real-passw0rd-1\nSTRIPE_KEY=example_not_real_1234567890\nJWT_SECRET=exampleJwtSecret0123456789\nAPI_URL=https://api.mine.example\n"
