package tail_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"gander/internal/journal"
	"gander/internal/journal/rotate"
)

// leave takes the live segment out of hooks' way as rotation does, with a
// writer still holding it.
func (l *log) leave(n uint64) *os.File {
	l.t.Helper()
	w, err := os.OpenFile(l.live(), os.O_APPEND|os.O_WRONLY, 0)
	l.must(err)
	l.t.Cleanup(func() { w.Close() })
	l.must(os.Rename(l.live(), journal.OpenPath(l.dir, n)))
	return w
}

func (l *log) close(n uint64) {
	l.t.Helper()
	l.must(os.Rename(journal.OpenPath(l.dir, n), journal.ClosedPath(l.dir, n)))
}

func (l *log) write(w *os.File, b []byte) {
	l.t.Helper()
	_, err := w.Write(b)
	l.must(err)
}

// compress replaces every closed segment.
func (l *log) compress() {
	l.t.Helper()
	segs, err := journal.Segments(l.dir)
	l.must(err)
	for _, s := range segs {
		if s.Closed() {
			_, err := rotate.Compress(context.Background(), s)
			l.must(err)
		}
	}
}

func TestTailerReadsALateWriterBesideTheNextSegment(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.append(1)
	l.want("1")
	w := l.leave(1)
	l.write(w, frame(2))
	l.want("2") // there is no live segment yet
	l.append(3)
	l.want("3")
	l.write(w, frame(4))
	l.append(5)
	if got := l.items(); got != "4 5" && got != "5 4" {
		t.Errorf("got %q", got)
	}
	l.write(w, frame(6)[:40])
	l.want("")
	l.close(1)
	l.want("corrupt") // what it did not finish, it never will
	l.append(7)
	l.want("7")
}

func TestTailerDoesNotLetALateWriterKeepTheNextSegmentWaiting(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.append(1)
	w := l.leave(1)
	l.append(2)
	l.want("1 2")
	for range 100 {
		l.write(w, frame(3))
	}
	l.append(4)
	for range 3 {
		it, ok := l.tail.Next()
		if !ok {
			break
		}
		if it.Entry.Record.PID == 4 {
			return
		}
	}
	t.Error("the live segment has to wait")
}

func TestTailerGoesOnInSegmentsThatAreNotClosed(t *testing.T) {
	for name, meanwhile := range map[string]func(*log){
		"still open": func(*log) {},
		"closed":     func(l *log) { l.close(1); l.close(2) },
		"compressed": func(l *log) { l.close(1); l.close(2); l.compress() },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLog(t, journal.Pos{})
			l.append(1)
			first := l.leave(1)
			l.append(2)
			l.want("1 2")
			second := l.leave(2)
			l.append(3)
			l.want("3")
			pos := l.tail.Pos()
			if len(pos.Open) != 2 {
				t.Fatalf("position %+v", pos)
			}
			l.write(first, frame(4))
			l.write(second, frame(5))
			l.append(6)
			meanwhile(l)
			l.follow(pos)
			seen := map[string]bool{}
			for range 3 {
				it, ok := l.tail.Next()
				if !ok || it.Notice != nil || it.Entry.Err != nil {
					t.Fatalf("got %+v", it)
				}
				seen[string(rune('0'+it.Entry.Record.PID))] = true
			}
			if !seen["4"] || !seen["5"] || !seen["6"] {
				t.Errorf("saw %v", seen)
			}
			l.want("")
		})
	}
}

func TestTailerReadsOnInASegmentThatWasCompressedMeanwhile(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.append(1, 2)
	l.want("1 2")
	l.append(3)
	l.must(os.Rename(l.live(), journal.ClosedPath(l.dir, 1)))
	l.append(4)
	l.must(os.Rename(l.live(), journal.ClosedPath(l.dir, 2)))
	l.append(5)
	l.compress()
	l.want("3 4 5")
	l.follow(journal.Pos{})
	l.want("1 2 3 4 5")
}

func TestTailerSaysWhenAnOpenSegmentDisappears(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.append(1)
	l.leave(1)
	l.append(2)
	l.want("1 2")
	l.must(os.Remove(journal.OpenPath(l.dir, 1)))
	l.want("replaced")
	l.append(3)
	l.want("3")
}

func TestTailerFollowsARotationStepByStep(t *testing.T) {
	l := newLog(t, journal.Pos{})
	for n := 1; n < 20; n++ {
		l.append(n)
		r, err := rotate.Rotate(context.Background(), l.dir, rotate.Options{Settle: 1})
		l.must(err)
		if !r.Closed || r.Segment.Number != uint64(n) {
			t.Fatalf("rotation %d: %+v", n, r)
		}
		if n%3 == 0 {
			l.compress()
		}
		if it, ok := l.tail.Next(); !ok || it.Entry.Record.PID != n || it.Segment != uint64(n) {
			t.Fatalf("rotation %d: %+v", n, it)
		}
	}
	l.want("")
	if _, err := rotate.Rotate(context.Background(), l.dir, rotate.Options{}); !errors.Is(err, rotate.ErrEmpty) {
		t.Errorf("an empty segment: %v", err)
	}
}
