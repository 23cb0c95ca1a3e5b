package rotate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/rotate"
	"gander/internal/tail"
)

// A helper is another process.
type helper struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

func start(t *testing.T, role, dir string, first, count int) *helper {
	t.Helper()
	h := &helper{cmd: exec.Command(os.Args[0], dir, strconv.Itoa(first), strconv.Itoa(count))}
	h.cmd.Env = []string{"ROLE=" + role}
	h.cmd.Stdout, h.cmd.Stderr = &h.out, &h.out
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return h
}

// dirs are the file systems to try.
func dirs(t *testing.T) map[string]string {
	d := map[string]string{"TempDir": ""}
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		d["shm"] = "/dev/shm"
	}
	return d
}

func eachFileSystem(t *testing.T, f func(t *testing.T, dir string)) {
	for name, tmp := range dirs(t) {
		t.Run(name, func(t *testing.T) {
			if tmp != "" {
				t.Setenv("TMPDIR", tmp)
			}
			f(t, t.TempDir())
		})
	}
}

// A storm is writers in other processes and a tailer in this one.
type storm struct {
	t       *testing.T
	dir     string
	records int
	writers []*helper
	tail    *tail.Tailer
	seen    map[int]int
	last    map[uint64]int64 // segment: offset of the last entry
	notices []string
}

func newStorm(t *testing.T, dir string, writers, each, late, lateEach int) *storm {
	t.Helper()
	tl, err := tail.Open(dir, journal.Pos{})
	if err != nil {
		t.Fatal(err)
	}
	s := &storm{t: t, dir: dir, tail: tl, seen: make(map[int]int), last: make(map[uint64]int64)}
	for range writers {
		s.writers = append(s.writers, start(t, "writer", dir, s.records+1, each))
		s.records += each
	}
	for range late {
		s.writers = append(s.writers, start(t, "late", dir, s.records+1, lateEach))
		s.records += lateEach
	}
	return s
}

// follow reads until stop is closed and there is nothing more.
func (s *storm) follow(stop <-chan struct{}) {
	for {
		stopped := false
		select {
		case <-stop:
			stopped = true
		default:
		}
		for {
			item, ok := s.tail.Next()
			if !ok {
				break
			}
			s.take(item)
		}
		if stopped {
			return
		}
		_ = s.tail.Wait(context.Background())
	}
}

func (s *storm) take(item tail.Item) {
	if item.Notice != nil {
		s.notices = append(s.notices, string(item.Notice.Kind)+": "+item.Notice.Detail)
		return
	}
	if item.Entry.Err != nil {
		s.notices = append(s.notices, item.Entry.Err.Error())
	}
	if item.Entry.Offset < s.last[item.Segment] {
		s.notices = append(s.notices, fmt.Sprintf("segment %d: %d after %d", item.Segment, item.Entry.Offset, s.last[item.Segment]))
	}
	s.last[item.Segment] = item.Entry.End
	s.seen[item.Entry.Record.PID]++
}

// wait waits for the writers and reports how often they met a lease.
func (s *storm) wait() {
	met := 0
	for _, w := range s.writers {
		if err := w.cmd.Wait(); err != nil {
			s.t.Fatalf("writer: %v: %s", err, w.out.String())
		}
		n, _ := strconv.Atoi(strings.TrimSpace(w.out.String()))
		met += n
	}
	s.t.Logf("%d records; opens that met a lease: %d", s.records, met)
}

// check compares what was written with what the tailer saw and with what lies
// in the journal.
func (s *storm) check() {
	s.t.Helper()
	s.tail.Close()
	s.compare("the tailer", s.seen)
	if len(s.notices) > 0 {
		s.t.Errorf("the tailer said %d things, first: %q", len(s.notices), s.notices[:min(5, len(s.notices))])
	}
	s.compare("the journal", readAll(s.t, s.dir))
}

func (s *storm) compare(who string, seen map[int]int) {
	s.t.Helper()
	lost, doubled := 0, 0
	for n := 1; n <= s.records; n++ {
		switch {
		case seen[n] == 0:
			lost++
		case seen[n] > 1:
			doubled++
		}
	}
	if lost+doubled > 0 || len(seen) != s.records {
		s.t.Errorf("%s: of %d records %d lost, %d doubled; %d numbers", who, s.records, lost, doubled, len(seen))
	}
}

// readAll counts the records of a journal by their pid.
func readAll(t *testing.T, dir string) map[int]int {
	t.Helper()
	segs, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]int)
	for _, s := range segs {
		f, err := journal.OpenSegment(s.Path)
		if errors.Is(err, os.ErrNotExist) && s.Live {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for r := journal.NewReader(f, 0); ; {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || e.Err != nil {
				t.Fatalf("segment %d: %v %v", s.Number, err, e.Err)
			}
			seen[e.Record.PID]++
		}
	}
	return seen
}

func TestRotationUnderTwelveWritersLosesAndDoublesNothing(t *testing.T) {
	eachFileSystem(t, func(t *testing.T, dir string) {
		s := newStorm(t, dir, 12, 834, 0, 0)
		rotations := s.rotateWhileWriting(15*time.Millisecond, nil)
		t.Logf("%d rotations", rotations)
		if rotations < 20 {
			t.Errorf("only %d rotations", rotations)
		}
		s.check()
	})
}

func TestALateWriterIsWaitedForAndReadToTheEnd(t *testing.T) {
	eachFileSystem(t, func(t *testing.T, dir string) {
		s := newStorm(t, dir, 4, 500, 6, 40)
		open := 0
		s.rotateWhileWriting(15*time.Millisecond, func(r rotate.Result) {
			if !r.Closed {
				open++
			}
		})
		if open == 0 {
			t.Error("no rotation found a writer at work")
		}
		s.check()
	})
}

func TestEveryRecordIsSeenOnceThroughCompression(t *testing.T) {
	eachFileSystem(t, func(t *testing.T, dir string) {
		s := newStorm(t, dir, 6, 700, 2, 20)
		ctx := context.Background()
		s.rotateWhileWriting(15*time.Millisecond, func(r rotate.Result) {
			if !r.Closed {
				return
			}
			if _, err := rotate.Compress(ctx, r.Segment); err != nil {
				t.Error(err)
			}
		})
		s.check()
		segs, _ := journal.Segments(dir)
		for _, seg := range segs {
			if seg.Closed() && !seg.Compressed {
				t.Errorf("segment %d is not compressed", seg.Number)
			}
		}
	})
}

// rotateWhileWriting rotates every period until the writers have ended, closes
// what is open, and returns the number of rotations. It hands each result that
// is news to done.
func (s *storm) rotateWhileWriting(period time.Duration, done func(rotate.Result)) int {
	ctx, cancel := context.WithCancel(context.Background())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { s.follow(stop) })
	rotations := 0
	wg.Go(func() {
		defer close(stop)
		for tick := time.NewTicker(period); ctx.Err() == nil; <-tick.C {
			if s.rotateOnce(done) {
				rotations++
			}
		}
		for s.rotateOnce(done) || len(s.recover(done)) > 0 {
		}
	})
	s.wait()
	cancel()
	wg.Wait()
	return rotations
}

func (s *storm) rotateOnce(done func(rotate.Result)) bool {
	s.recover(done)
	r, err := rotate.Rotate(context.Background(), s.dir, quick)
	if errors.Is(err, rotate.ErrEmpty) {
		return false
	}
	if err != nil {
		s.t.Error(err)
		return false
	}
	if done != nil {
		done(r)
	}
	return true
}

func (s *storm) recover(done func(rotate.Result)) []rotate.Result {
	rs, err := rotate.Recover(context.Background(), s.dir, quick)
	if err != nil {
		s.t.Error(err)
	}
	for _, r := range rs {
		if done != nil && r.Closed {
			done(r)
		}
	}
	return rs
}

func TestARotatingProcessKilledAHundredTimesLosesAndDoublesNothing(t *testing.T) {
	eachFileSystem(t, func(t *testing.T, dir string) {
		s := newStorm(t, dir, 6, 1200, 1, 30)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { s.follow(stop) })
		for kill := range 100 {
			role := "rotator"
			if kill%4 == 3 {
				role = "compressor"
			}
			h := start(t, role, dir, 0, 0)
			<-time.After(5*time.Millisecond + rand.N(30*time.Millisecond))
			if err := h.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if _ = h.cmd.Wait(); h.out.Len() > 0 {
				t.Fatalf("%s: %s", role, h.out.String())
			}
		}
		s.wait()
		for len(s.recover(nil)) > 0 {
		}
		close(stop)
		wg.Wait()
		s.check()
		segs, _ := journal.Segments(dir)
		t.Logf("%d segments", len(segs))
	})
}
