package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/rotate"
)

// writeFiles puts files into a new directory.
func writeFiles(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func appendTo(t *testing.T, dir string, n int) {
	t.Helper()
	if err := record.Append(journal.LivePath(dir), frame(n), nil); err != nil {
		t.Fatal(err)
	}
}

// names lists a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

func wantRecords(t *testing.T, dir string, n int) {
	t.Helper()
	seen := readAll(t, dir)
	for i := 1; i <= n; i++ {
		if seen[i] != 1 {
			t.Errorf("record %d is there %d times", i, seen[i])
		}
	}
	if len(seen) != n {
		t.Errorf("%d records, want %d", len(seen), n)
	}
}

// Without leases and an exchange of names a segment is closed when it has been
// left alone for long enough.
func TestThePortableRotationLosesNothingOfHooksThatTakeLessThanLinger(t *testing.T) {
	defer rotate.UsePortable()()
	dir := t.TempDir()
	s := newStorm(t, dir, 6, 500, 3, 20)
	s.rotateWhileWriting(15*time.Millisecond, func(r rotate.Result) {
		if !r.Guessed {
			t.Errorf("%+v", r)
		}
	})
	s.check()
}

func TestThePortableRotationWaitsForQuiet(t *testing.T) {
	defer rotate.UsePortable()()
	dir := t.TempDir()
	appendTo(t, dir, 1)
	o := rotate.Options{Linger: 150 * time.Millisecond}
	begin := time.Now()
	r, err := rotate.Rotate(context.Background(), dir, o)
	if took := time.Since(begin); err != nil || !r.Closed || !r.Guessed || took < o.Linger {
		t.Errorf("%+v after %s: %v", r, took, err)
	}
	appendTo(t, dir, 2) // makes the live segment
	o.Wait = -1
	if r, err := rotate.Rotate(context.Background(), dir, o); err != nil || r.Closed || !r.Guessed {
		t.Errorf("%+v: %v", r, err)
	}
	if got := names(t, dir); got != "000001.jsonl 000002.open.jsonl" {
		t.Errorf("files %s", got)
	}
	wantRecords(t, dir, 2)
}

func TestFreeSpaceIsKnown(t *testing.T) {
	free, total, err := rotate.FreeSpace(t.TempDir())
	if err != nil || free <= 0 || total < free {
		t.Errorf("%d of %d: %v", free, total, err)
	}
	if _, _, err := rotate.FreeSpace("/nonexistent"); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
}

// BenchmarkAppendDuringRotation measures the longest time an append takes while
// the journal is rotated as fast as possible, and without.
func BenchmarkAppendDuringRotation(b *testing.B) {
	for _, rotating := range []bool{false, true} {
		b.Run(fmt.Sprintf("rotating=%t", rotating), func(b *testing.B) {
			dir := b.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan int)
			go func() {
				n := 0
				for ; rotating && ctx.Err() == nil; n++ {
					_, _ = rotate.Rotate(ctx, dir, quick)
				}
				done <- n
			}()
			line := frame(500)
			var slowest time.Duration
			b.ReportAllocs()
			for b.Loop() {
				begin := time.Now()
				if err := record.Append(journal.LivePath(dir), line, nil); err != nil {
					b.Fatal(err)
				}
				slowest = max(slowest, time.Since(begin))
			}
			cancel()
			b.ReportMetric(float64(<-done), "rotations")
			b.ReportMetric(float64(slowest.Microseconds()), "slowest-µs")
		})
	}
}
