//go:build e2e

package e2e_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gander/e2e/standin"
	"gander/internal/alert"
)

func TestGander(t *testing.T) {
	gander := buildGander(t)
	eachClient(t, func(t *testing.T, bin string) {
		for _, tt := range []struct {
			name string
			test func(*testing.T, *machine)
		}{
			{"a day's work raises no alert", testEveryday},
			{"a stolen secret raises one within a second", testTheft},
			{"a thieving subagent is named", testSubagentTheft},
			{"parallel calls are all recorded", testParallel},
			{"a big file is recorded whole", testBigWrite},
			{"a record is what the client sent", testBytes},
			{"the client does not notice", testUnnoticed},
			{"a lost record raises an alert", testLostRecord},
			{"a deleted log is proof of its deletion", testCoverUp},
		} {
			t.Run(tt.name, func(t *testing.T) { tt.test(t, newMachine(t, gander, bin)) })
		}
	})
}

func testEveryday(t *testing.T, m *machine) {
	m.ready(t)
	s, _ := m.play(t, alone(inTurn(everyday(m.user)...)))
	m.wantQuiet(t)
	seen := payloads(m.records(t))
	wantWhole(t, s, seen)
	wantCoverage(t, m.user, seen)
}

func testTheft(t *testing.T, m *machine) {
	m.ready(t)
	sink := newSink(t)
	s, _ := m.play(t, alone(inTurn(theft(t, m.user, sink.url)...)))
	m.wantAlarm(t, s)
	sink.wantSecret(t)
}

func testSubagentTheft(t *testing.T, m *machine) {
	m.ready(t)
	sink := newSink(t)
	s, _ := m.play(t, delegated(inTurn(theft(t, m.user, sink.url)...)))
	a := m.wantAlarm(t, s)
	seen := payloads(m.records(t))
	if want := subagentOf(t, seen); a.Subagent != want {
		t.Errorf("alert names subagent %q, want %q", a.Subagent, want)
	}
	wantWhole(t, s, seen)
	wantCoverage(t, m.user, seen)
	sink.wantSecret(t)
}

func testParallel(t *testing.T, m *machine) {
	m.ready(t)
	s, _ := m.play(t, alone(atOnce(manyReads(t, m.user, 20)...)))
	m.wantQuiet(t)
	seen := payloads(m.records(t))
	if got := len(named(seen, "PreToolUse")); got != 20 {
		t.Errorf("%d PreToolUse records, want 20", got)
	}
	wantWhole(t, s, seen)
	wantCoverage(t, m.user, seen)
}

func testBigWrite(t *testing.T, m *machine) {
	m.ready(t)
	path, text := filepath.Join(m.user.Work, "big.txt"), bigText()
	s, _ := m.play(t, alone(inTurn(write(path, text))))
	m.wantQuiet(t)
	wantWhole(t, s, payloads(m.records(t)))
	var input struct{ Content string }
	if err := json.Unmarshal(before(t, m.records(t), s.Played()[0].ID).Input, &input); err != nil {
		t.Fatal(err)
	}
	if input.Content != text {
		t.Errorf("recorded content has %d bytes and is not the %d written", len(input.Content), len(text))
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != text {
		t.Errorf("the file has %d bytes and is not what was written: %v", len(data), err)
	}
}

// testBytes has a hook of the user's own beside gander's: both read the same
// payload, so every byte can be compared. That hook must outlive the install.
func testBytes(t *testing.T, m *machine) {
	dir := installRecorder(t, m.user)
	m.install(t)
	m.play(t, alone(inTurn(everyday(m.user)...)))
	raw, _ := recorded(t, dir)
	if len(raw) == 0 {
		t.Fatal("the user's own hook did not run")
	}
	var kept []string
	for _, r := range m.records(t) {
		if slices.Contains(hookEvents, r.Event) {
			kept = append(kept, string(r.Payload))
		}
	}
	slices.Sort(raw)
	slices.Sort(kept)
	if diff := cmp.Diff(raw, kept); diff != "" {
		t.Errorf("payloads sent (-) and recorded (+) differ: %s", diff)
	}
}

// testUnnoticed compares sessions with hooks to one without: what is printed,
// what every tool answered, and that all exit with 0 and tell of no hook. A
// hook that cannot write must not be noticed either; one that hangs runs into
// the session's time limit. How long it took is only told: a loaded machine
// would fail any limit that says something.
func testUnnoticed(t *testing.T, m *machine) {
	calls := repeatable(t, m.user)
	plain, plainTook := m.outcome(t, calls)
	m.install(t)
	journal := filepath.Join(m.state, "journal")
	live := filepath.Join(journal, "live.jsonl")
	t.Cleanup(func() { _ = os.Chmod(journal, 0o755) }) // to be deleted
	for _, tt := range []struct {
		name string
		prep func() error
	}{
		{"with hooks", func() error { return nil }},
		{"with a pipe for a journal", func() error { return replaceByPipe(live) }},
		{"with a journal that refuses", func() error { return errors.Join(os.Remove(live), os.Chmod(journal, 0o555)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.prep(); err != nil {
				t.Fatal(err)
			}
			got, took := m.outcome(t, calls)
			t.Logf("took %v, without hooks %v", took, plainTook)
			if diff := cmp.Diff(plain, got); diff != "" {
				t.Errorf("sessions without (-) and with hooks (+) differ: %s", diff)
			}
		})
	}
}

// testLostRecord has the journal's file replaced while the watcher runs, so
// that no hook can write: the watcher must find the marks they leave.
func testLostRecord(t *testing.T, m *machine) {
	m.ready(t)
	if err := replaceByPipe(filepath.Join(m.state, "journal", "live.jsonl")); err != nil {
		t.Fatal(err)
	}
	m.play(t, alone(inTurn(bash("true"))))
	m.wait(t, "alert of a call that was not recorded", func(a alert.Alert) bool {
		return a.Rule.ID == "gander.hook-failed" && a.Level >= alert.High
	})
}

// An outcome is what a session shows of itself.
type outcome struct {
	Printed    string           // on stdout and stderr
	Results    []standin.Result // of the calls in their order, without ids
	Complaints []string         // about hooks, in the transcripts
}

func (m *machine) outcome(t *testing.T, calls []standin.Call) (o outcome, took time.Duration) {
	t.Helper()
	s, out := m.play(t, alone(inTurn(calls...)))
	for _, call := range s.Played() {
		r, ok := s.Result(call.ID)
		if !ok {
			t.Errorf("%s %s has no result", call.Name, call.ID)
		}
		r.ID = ""
		o.Results = append(o.Results, r)
	}
	for _, l := range transcripts(t, m.user) {
		if c := l.complaint(); c != "" {
			o.Complaints = append(o.Complaints, c)
		}
	}
	o.Printed = out.Stdout + out.Stderr
	return o, out.Took
}

func replaceByPipe(path string) error {
	return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o666), os.Chmod(path, 0o666))
}

// wantQuiet checks that the watcher has judged every record and found nothing
// to look at.
func (m *machine) wantQuiet(t *testing.T) {
	t.Helper()
	m.probe(t)
	about, _ := m.alerts(t)
	about = slices.DeleteFunc(about, func(a alert.Alert) bool { return a.Level < alert.Medium })
	if len(about) > 0 {
		t.Errorf("false alarms: %s", summary(about))
	}
}

// wantAlarm checks that the upload, the last call played, has raised an alert
// within a second of its record.
func (m *machine) wantAlarm(t *testing.T, s *standin.Server) alert.Alert {
	t.Helper()
	calls := s.Played()
	upload := calls[len(calls)-1].ID
	a := m.waitFor(t, upload)
	made := before(t, m.records(t), upload).Time
	if late := a.Raised.Sub(made); late < 0 || late > time.Second {
		t.Errorf("alert %q was raised %v after its record", a.Title, late)
	} else {
		t.Logf("%s %s %q raised %v after its record", a.Level, a.Rule.ID, a.Title, late)
	}
	return a
}

// A sink is where a thief sends what it stole.
type sink struct {
	url      string
	received chan string
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{received: make(chan string, 10)}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		s.received <- string(body)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL + "/"
	return s
}

// wantSecret checks that the theft took place: an alarm about a call that was
// blocked or failed would prove less.
func (s *sink) wantSecret(t *testing.T) {
	t.Helper()
	select {
	case got := <-s.received:
		want := strings.ReplaceAll(fakeSecret, "\n", "") // curl -d drops line ends
		if got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	default:
		t.Error("the upload did not take place")
	}
}
