package hook_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"gander/internal/hook"
	"gander/internal/journal/record"
)

// parse reads the one record of a journal.
func parse(t *testing.T, dir string) record.Record {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, record.Live))
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Parse(bytes.Trim(b, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPayloadsOfEverySizeAroundTheBuffersAreWhole(t *testing.T) {
	const buffer = 128 << 10
	for _, size := range []int{0, 1, buffer - 9, buffer - 8, buffer - 1, buffer, buffer + 1, 3 * buffer} {
		dir := filepath.Join(t.TempDir(), "journal")
		payload := `"` + strings.Repeat("x", size) + `"`
		// A pipe gives what it has, half by half here.
		in := iotest.HalfReader(strings.NewReader(payload + "\n"))
		if code := hook.Run([]string{"--journal", dir, "claude-code"}, in, io.Discard); code != 0 {
			t.Fatalf("exit %d", code)
		}
		if got := string(parse(t, dir).Payload); got != payload {
			t.Errorf("%d bytes: recorded %d", len(payload), len(got))
		}
	}
}

func TestInputThatCannotBeReadLeavesAMark(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	var stderr bytes.Buffer
	code := hook.Run([]string{"--journal", dir, "--on-failure", "block", "claude-code"}, iotest.ErrReader(errors.New("gone")), &stderr)
	if code != 2 || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
	marks, err := hook.Marks(hook.MarkDir(dir))
	if err != nil || len(marks) != 1 || marks[0].Code != "stdin" || marks[0].PID != os.Getpid() {
		t.Errorf("marks %+v, %v", marks, err)
	}
}

// A reader that panics stands for a mistake of ours: a Go program that panics
// exits 2, which would block the user's call.
type panics struct{}

func (panics) Read([]byte) (int, error) { panic("a mistake") }

func TestPanicDoesNotBlockTheCall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	if code := hook.Run([]string{"--journal", dir, "claude-code"}, panics{}, io.Discard); code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
	if marks, _ := hook.Marks(hook.MarkDir(dir)); len(marks) != 1 || marks[0].Code != "panic" {
		t.Errorf("marks %+v", marks)
	}
}

func TestOnlyMarksAreTakenForMarks(t *testing.T) {
	for name, want := range map[string]bool{
		"20261122T140219.123456789Z_errno-28_7f3a91c2_5123": true,
		"20261122T140219.123456789Z_links_-_5123":           true,
		"20261122T140219.123456789Z_errno-28_7f3a91c2":      false,
		"20261122T140219.123456789Z_errno-28_7f3a91c2_x":    false,
		"yesterday_errno-28_7f3a91c2_5123":                  false,
		"notes.txt":                                         false,
	} {
		if _, ok := hook.ParseMark(name); ok != want {
			t.Errorf("%s: %t, want %t", name, ok, want)
		}
	}
}
