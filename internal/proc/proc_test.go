//go:build linux || darwin

package proc_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"gander/internal/proc"
)

// TestMain lets the test binary play a process that waits for its stdin to end.
func TestMain(m *testing.M) {
	if os.Getenv("PROC_TEST_CHILD") != "" {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// start runs a process called name, and returns its id. end makes it end and
// waits until it is a zombie, collect makes it disappear.
func start(t *testing.T, name string) (pid int, end, collect func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link)
	cmd.Env = append(os.Environ(), "PROC_TEST_CHILD=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	pid = cmd.Process.Pid
	end = func() { stdin.Close(); waitForZombie(t, pid) }
	return pid, end, func() { cmd.Wait() }
}

func TestAProcessIsAliveUntilItEnds(t *testing.T) {
	pid, end, collect := start(t, "child")
	began, err := proc.StartTime(pid)
	if err != nil || began == 0 {
		t.Fatalf("StartTime = %d, %v", began, err)
	}
	if again, err := proc.StartTime(pid); again != began {
		t.Errorf("second StartTime = %d, %v, want %d", again, err, began)
	}
	for _, tt := range []struct {
		name  string
		start uint64
		want  bool
	}{
		{"the process itself", began, true},
		{"a later process with the same id", began + 1, false},
		{"an earlier process with the same id", began - 1, false},
		{"a process with an unknown start", 0, false},
	} {
		if got := proc.Alive(pid, tt.start); got != tt.want {
			t.Errorf("%s: Alive = %v, want %v", tt.name, got, tt.want)
		}
	}

	end()
	if again, err := proc.StartTime(pid); again != began {
		t.Errorf("StartTime of the zombie = %d, %v, want %d", again, err, began)
	}
	if proc.Alive(pid, began) {
		t.Error("a zombie is taken for alive")
	}

	collect()
	if _, err := proc.StartTime(pid); !errors.Is(err, proc.ErrGone) {
		t.Errorf("StartTime after the end: %v, want ErrGone", err)
	}
	if proc.Alive(pid, began) {
		t.Error("alive after the end")
	}
}

func TestParentsStartBeforeChildren(t *testing.T) {
	pid, _, _ := start(t, "child")
	parent, err := proc.StartTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	child, err := proc.StartTime(pid)
	if err != nil {
		t.Fatal(err)
	}
	if child < parent {
		t.Errorf("child started at %d, before its parent at %d", child, parent)
	}
}

func TestANameCannotForgeTheStartTime(t *testing.T) {
	// The longest name that pretends to be the rest of a stat line.
	const name = "x) R 1 (\n) S 9"
	pid, _, _ := start(t, name)
	got, err := proc.Name(pid)
	if err != nil || got != name {
		t.Errorf("Name = %q, %v, want %q", got, err, name)
	}
	began, err := proc.StartTime(pid)
	if err != nil {
		t.Fatal(err)
	}
	if !proc.Alive(pid, began) {
		t.Error("not alive")
	}
	plain, _, _ := start(t, "child")
	later, err := proc.StartTime(plain)
	if err != nil {
		t.Fatal(err)
	}
	if second := perSecond(); later < began || later > began+60*second {
		t.Errorf("a child started right after %d is said to have started at %d", began, later)
	}
}

func perSecond() uint64 {
	if runtime.GOOS == "darwin" {
		return 1_000_000
	}
	return 100
}

func TestAProcessThatCannotBeIsGone(t *testing.T) {
	for _, pid := range []int{0, -1, -1 << 31, 1<<31 - 1} {
		if _, err := proc.StartTime(pid); !errors.Is(err, proc.ErrGone) {
			t.Errorf("StartTime(%d): %v, want ErrGone", pid, err)
		}
		if _, err := proc.Name(pid); !errors.Is(err, proc.ErrGone) {
			t.Errorf("Name(%d): %v, want ErrGone", pid, err)
		}
		if proc.Alive(pid, 1) {
			t.Errorf("Alive(%d) = true", pid)
		}
	}
	_, err := proc.StartTime(-1)
	if want := "look at process -1: no such process"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func BenchmarkStartTime(b *testing.B) {
	pid := unix.Getpid()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := proc.StartTime(pid); err != nil {
			b.Fatal(err)
		}
	}
}
