package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gander/internal/hook"
	"gander/internal/journal"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gander-hook-test")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "gander-hook")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	code := m.Run()
	os.Remove(binary)
	os.Remove(dir)
	os.Exit(code)
}

// payload is one line of JSON of about size bytes, different for every n.
func payload(n, size int) []byte {
	head := fmt.Sprintf(`{"session_id":"7f3a91c2-0000-4000-8000-%012d","hook_event_name":"PreToolUse","tool_input":{"content":"`, n)
	fill := strings.Repeat("all work and no play; ", size/22+1)[:size]
	return []byte(head + fill + "\"}}\n")
}

// run starts the hook on a payload and returns its exit code and output.
func run(t *testing.T, stdin []byte, args ...string) (code int, out string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = []string{}
	cmd.Stdin = bytes.NewReader(stdin)
	var buf bytes.Buffer
	cmd.Stdout, cmd.Stderr = &buf, &buf
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), buf.String()
}

// entries reads the live segment of a journal to its end.
func entries(t *testing.T, dir string) (whole map[string]int, corrupt int) {
	t.Helper()
	f, err := os.Open(journal.LivePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	whole = make(map[string]int)
	r := journal.NewReader(f, 0)
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.Err != nil {
			corrupt++
			continue
		}
		whole[string(e.Record.Payload)]++
	}
	if _, torn := r.Rest(); torn {
		corrupt++
	}
	return whole, corrupt
}

func TestHookRecordsWhatItReads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	code, out := run(t, payload(1, 100), "--journal", dir, "claude-code")
	if code != 0 || out != "" {
		t.Fatalf("exit %d, output %q; want 0 and nothing", code, out)
	}
	f, err := os.Open(journal.LivePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e, err := journal.NewReader(f, 0).Next()
	if err != nil || e.Err != nil {
		t.Fatal(err, e.Err)
	}
	r := e.Record
	if r.Session != "7f3a91c2" || r.Agent != "claude-code" || r.UID != os.Getuid() || r.Parent != os.Getpid() || r.PID == 0 {
		t.Errorf("header %+v", r.Header)
	}
	if age := time.Since(r.Time); age < 0 || age > time.Minute {
		t.Errorf("recorded %s ago", age)
	}
	if want := strings.TrimSpace(string(payload(1, 100))); string(r.Payload) != want {
		t.Errorf("payload %q, want %q", r.Payload, want)
	}
}

func TestHookMistakesOfTheCommandLineDoNotBlock(t *testing.T) {
	for _, args := range [][]string{nil, {"claude-code"}, {"--journal"}, {"--journal", "relative", "x"}, {"--journal", "/x", "Bad Name"}, {"--what"}, {"--journal", "/x", "a", "b"}, {"--journal", "/x", "--on-failure", "maybe", "a"}} {
		code, out := run(t, payload(1, 10), args...)
		if code != 0 || !strings.Contains(out, "usage:") {
			t.Errorf("%q: exit %d, output %q", args, code, out)
		}
	}
}

func TestManyHooksAtOnceLoseNothing(t *testing.T) {
	sizes := []int{1 << 10, 64 << 10, 2 << 20, 10 << 20}
	if testing.Short() {
		sizes = sizes[:2]
	}
	dir := filepath.Join(t.TempDir(), "journal")
	var wg sync.WaitGroup
	want := make(map[string]int)
	for n := range 32 {
		p := payload(n, sizes[n%len(sizes)])
		want[strings.TrimSpace(string(p))] = 1
		wg.Go(func() {
			if code, out := run(t, p, "--journal", dir, "claude-code"); code != 0 || out != "" {
				t.Errorf("exit %d, output %q", code, out)
			}
		})
	}
	wg.Wait()
	whole, corrupt := entries(t, dir)
	if corrupt != 0 || len(whole) != len(want) {
		t.Errorf("%d whole records and %d corrupt ones, want %d and 0", len(whole), corrupt, len(want))
	}
	for p := range want {
		if whole[p] != 1 {
			t.Errorf("a payload of %d bytes stands %d times in the journal", len(p), whole[p])
		}
	}
}

func TestKilledHookTakesNoOtherRecordWithIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	large := payload(0, 10<<20)
	const rounds = 20
	for n := range rounds {
		cmd := exec.Command(binary, "--journal", dir, "claude-code")
		cmd.Stdin = bytes.NewReader(large)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(rand.IntN(60))*time.Millisecond, func() { cmd.Process.Kill() })
		_ = cmd.Wait() // killed or not, both happen
		kill.Stop()
		if code, out := run(t, payload(n+1, 1<<10), "--journal", dir, "claude-code"); code != 0 {
			t.Fatalf("exit %d, output %q", code, out)
		}
	}
	whole, corrupt := entries(t, dir)
	for n := range rounds {
		if whole[strings.TrimSpace(string(payload(n+1, 1<<10)))] != 1 {
			t.Errorf("the record after kill %d cannot be read", n)
		}
	}
	t.Logf("%d of %d large records whole, %d torn", whole[strings.TrimSpace(string(large))], rounds, corrupt)
}

// marks are the marks the hooks of a journal left.
func marks(t *testing.T, dir string) []hook.Mark {
	t.Helper()
	m, err := hook.Marks(hook.MarkDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
