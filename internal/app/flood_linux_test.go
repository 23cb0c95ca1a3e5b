package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gander/internal/app"
)

func TestFloodIsOneAlertBoundedMemoryAndNothingLost(t *testing.T) {
	records := 100_000
	if testing.Short() {
		records = 10_000
	}
	dir := t.TempDir()
	if err := os.MkdirAll(app.Dirs{State: dir}.Journal(), 0o700); err != nil {
		t.Fatal(err)
	}
	w := startWatcher(t, dir)
	for n := range records {
		call(t, dir, n, "ls")
		if n == records/2 {
			call(t, dir, -1, "alarm in the middle "+strings.Repeat("x", 10<<20))
		}
	}
	call(t, dir, -2, "alarm at the end")
	var heart struct{ Counts app.Counts }
	waitFor(t, "every record to be judged", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "watch.json"))
		return err == nil && json.Unmarshal(b, &heart) == nil && heart.Counts.Entries >= uint64(records+2)
	})
	peak := peakMemory(t, w.Process.Pid)
	_ = w.Process.Signal(unix.SIGTERM)
	if err := w.Wait(); err != nil {
		t.Error(err)
	}
	if c := heart.Counts; c.Entries != uint64(records+2) || c.Entries != c.Events || c.Findings != c.Stored+c.Repeated+c.Minor {
		t.Errorf("the counts do not add up: %+v", c)
	}
	alarms, floods := 0, 0
	for why, n := range raised(t, dir) {
		switch {
		case strings.HasPrefix(why, "alarm"):
			alarms += n
		case strings.Contains(why, "recorded"):
			floods += n
		default:
			t.Errorf("%s: %d", why, n)
		}
	}
	// One for the session, one for all together; a slow machine may see neither
	// rate reached, or a window begin twice.
	if alarms != 2 || floods > 4 {
		t.Errorf("%d alarms and %d alerts about the flood, want 2 and a few", alarms, floods)
	}
	if peak > 100<<20 && !raced {
		t.Errorf("the watcher took %d MiB at its peak, want less than 100", peak>>20)
	}
	t.Logf("peak memory %d MiB, %d alerts about the flood", peak>>20, floods)
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

func peakMemory(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := highWater.FindSubmatch(b)
	if m == nil {
		t.Fatal("no VmHWM")
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
