package rotate_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gander/internal/journal"
	"gander/internal/journal/rotate"
)

func TestRotateBeginsANewSegment(t *testing.T) {
	dir := t.TempDir()
	if _, err := rotate.Rotate(context.Background(), dir, quick); !errors.Is(err, rotate.ErrEmpty) {
		t.Errorf("nothing to rotate: %v", err)
	}
	appendTo(t, dir, 1)
	if err := os.Chmod(journal.LivePath(dir), 0o640); err != nil {
		t.Fatal(err)
	}
	r, err := rotate.Rotate(context.Background(), dir, quick)
	if err != nil || !r.Closed || r.Guessed || r.Segment.Path != journal.ClosedPath(dir, 1) || !r.Segment.Closed() {
		t.Fatalf("%+v: %v", r, err)
	}
	st, err := os.Stat(journal.LivePath(dir))
	if err != nil || st.Mode() != 0o640 || st.Size() != 0 {
		t.Errorf("the new live segment: %v, %v", st, err)
	}
	if _, err := rotate.Rotate(context.Background(), dir, quick); !errors.Is(err, rotate.ErrEmpty) {
		t.Errorf("nothing to rotate: %v", err)
	}
	appendTo(t, dir, 2)
	if got := names(t, dir); got != "000001.jsonl live.jsonl" {
		t.Errorf("files %s", got)
	}
	wantRecords(t, dir, 2)
}

func TestRotateRefusesWhatIsNoLiveSegment(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"000001.open.jsonl": nil, "live.jsonl": frame(1)})
	if _, err := rotate.Rotate(context.Background(), dir, quick); err == nil {
		t.Error("over what another rotation left")
	}
	if err := errors.Join(os.Remove(journal.LivePath(dir)), os.Symlink("/etc/passwd", journal.LivePath(dir))); err != nil {
		t.Fatal(err)
	}
	if _, err := rotate.Rotate(context.Background(), dir, quick); err == nil {
		t.Error("a symbolic link")
	}
}

// Every state a process killed during rotation or compression can leave.
func TestRecoverFinishesWhatWasLeft(t *testing.T) {
	a, b := append(frame(1), frame(2)...), frame(3)
	for _, tt := range []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"nothing", map[string][]byte{"000001.jsonl": a, "live.jsonl": b}, "000001.jsonl live.jsonl"},
		{"before the exchange", map[string][]byte{"000001.jsonl": a, "000002.open.jsonl": nil, "live.jsonl": b}, "000001.jsonl live.jsonl"},
		{"after the exchange", map[string][]byte{"000001.open.jsonl": a, "live.jsonl": b}, "000001.jsonl live.jsonl"},
		{"after a rename, before a hook came", map[string][]byte{"000001.jsonl": a, "000002.open.jsonl": b}, "000001.jsonl 000002.jsonl"},
		{"two held open", map[string][]byte{"000001.open.jsonl": a, "000002.open.jsonl": b, "live.jsonl": nil}, "000001.jsonl 000002.jsonl live.jsonl"},
		{"an empty one that was held open", map[string][]byte{"000001.jsonl": a, "000002.jsonl": b, "000003.open.jsonl": nil}, "000001.jsonl 000002.jsonl"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeFiles(t, tt.files)
			wantRecords(t, dir, 3) // also before it is tidied
			rs, err := rotate.Recover(context.Background(), dir, quick)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rs {
				if !r.Closed {
					t.Errorf("%+v", r)
				}
			}
			if got := names(t, dir); got != tt.want {
				t.Errorf("files %s, want %s", got, tt.want)
			}
			wantRecords(t, dir, 3)
			appendTo(t, dir, 4)
			if r, err := rotate.Rotate(context.Background(), dir, quick); err != nil || !r.Closed {
				t.Errorf("rotation afterwards: %+v, %v", r, err)
			}
			wantRecords(t, dir, 4)
		})
	}
}

func TestASegmentHeldOpenStaysOpenAndItsHoldersAreNamed(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, 1)
	h := start(t, "late", dir, 1000, 1<<30)
	defer func() {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
	}()
	var r rotate.Result
	var err error
	for r.Holders == nil { // until it has the live segment open
		if r.Segment.Number > 0 && r.Closed {
			appendTo(t, dir, 2)
		}
		r, err = rotate.Rotate(context.Background(), dir, rotate.Options{Wait: -1, Settle: time.Nanosecond})
		if errors.Is(err, rotate.ErrEmpty) {
			appendTo(t, dir, 2)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if r.Closed || !r.Segment.Open || !slices.Equal(r.Holders, []int{h.cmd.Process.Pid}) {
		t.Errorf("%+v, holder %d", r, h.cmd.Process.Pid)
	}
}

func TestWhatAHeldFileGetsLateIsKept(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, 1)
	w, err := os.OpenFile(journal.LivePath(dir), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rotate.Rotate(context.Background(), dir, quick)
	if err != nil || r.Closed || !slices.Equal(r.Holders, []int{os.Getpid()}) {
		t.Fatalf("%+v: %v", r, err)
	}
	appendTo(t, dir, 2)
	if r, err := rotate.Rotate(context.Background(), dir, quick); err != nil || !r.Closed || r.Segment.Number != 2 {
		t.Fatalf("the next rotation: %+v: %v", r, err)
	}
	if _, err := w.Write(frame(3)); err != nil {
		t.Fatal(err)
	}
	if rs, err := rotate.Recover(context.Background(), dir, quick); err != nil || len(rs) != 1 || rs[0].Closed {
		t.Fatalf("still held: %+v: %v", rs, err)
	}
	w.Close()
	if rs, err := rotate.Recover(context.Background(), dir, quick); err != nil || len(rs) != 1 || !rs[0].Closed {
		t.Fatalf("let go: %+v: %v", rs, err)
	}
	if got := names(t, dir); got != "000001.jsonl 000002.jsonl live.jsonl" {
		t.Errorf("files %s", got)
	}
	wantRecords(t, dir, 3)
}

func TestAMappedFileCountsAsHeld(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, 1)
	f, err := os.OpenFile(journal.LivePath(dir), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	m, err := unix.Mmap(int(f.Fd()), 0, 100, unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if r, err := rotate.Rotate(context.Background(), dir, quick); err != nil || r.Closed {
		t.Errorf("%+v: %v", r, err)
	}
	if err := unix.Munmap(m); err != nil {
		t.Fatal(err)
	}
	if rs, err := rotate.Recover(context.Background(), dir, quick); err != nil || !rs[0].Closed {
		t.Errorf("%+v: %v", rs, err)
	}
}

// A hook that has found the old file just before the exchange, and opens it just
// after it was leased, is turned away and finds the new one.
func TestAWriterTurnedAwayByTheLeaseKeepsTheSegmentOpen(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, 1)
	done := make(chan rotate.Result)
	go func() {
		r, err := rotate.Rotate(context.Background(), dir, rotate.Options{Settle: 300 * time.Millisecond})
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	turnedAway := 0
	for turnedAway == 0 {
		fd, err := unix.Open(journal.OpenPath(dir, 1), unix.O_WRONLY|unix.O_APPEND|unix.O_NONBLOCK, 0)
		switch {
		case errors.Is(err, unix.EWOULDBLOCK):
			turnedAway++
		case err == nil: // before the lease
			unix.Close(fd)
		case !errors.Is(err, unix.ENOENT): // before the exchange
			t.Fatal(err)
		}
	}
	var fd int
	err := error(unix.EWOULDBLOCK)
	for errors.Is(err, unix.EWOULDBLOCK) {
		fd, err = unix.Open(journal.OpenPath(dir, 1), unix.O_WRONLY|unix.O_APPEND|unix.O_NONBLOCK, 0)
	}
	if err != nil {
		t.Fatalf("the segment was closed although somebody wanted to write: %v", err)
	}
	if _, err := unix.Write(fd, frame(2)); err != nil {
		t.Error(err)
	}
	unix.Close(fd)
	if r := <-done; !r.Closed {
		t.Errorf("%+v", r)
	}
	wantRecords(t, dir, 2)
}

func TestTheLiveSegmentIsNeverLeased(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, 1)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for range 50 {
			if _, err := rotate.Rotate(context.Background(), dir, quick); err != nil && !errors.Is(err, rotate.ErrEmpty) {
				t.Error(err)
			}
		}
	}()
	for n := 2; ; n++ {
		select {
		case <-stop:
			wantRecords(t, dir, n-1)
			return
		default:
			appendTo(t, dir, n) // fails at once if it meets a lease
		}
	}
}

func TestCancellingAWaitLeavesTheSegmentToRecover(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, dir, 1)
	w, err := os.OpenFile(journal.LivePath(dir), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := rotate.Rotate(ctx, dir, rotate.Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	w.Close()
	if rs, err := rotate.Recover(context.Background(), dir, quick); err != nil || len(rs) != 1 || !rs[0].Closed {
		t.Errorf("%+v: %v", rs, err)
	}
	wantRecords(t, dir, 1)
}

func TestATornTailStaysAsItIs(t *testing.T) {
	torn := append(frame(1), frame(2)[:50]...)
	dir := writeFiles(t, map[string][]byte{"live.jsonl": torn})
	r, err := rotate.Rotate(context.Background(), dir, quick)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(r.Segment.Path); err != nil || !bytes.Equal(got, torn) {
		t.Errorf("%d bytes of %d: %v", len(got), len(torn), err)
	}
}
