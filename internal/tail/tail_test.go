package tail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/tail"
)

func frame(n int) []byte {
	const payload = `{"a":1}`
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	h := record.Header{Time: time.Unix(1_800_000_000, int64(n)), Agent: "claude-code", PID: n}
	return bytes.Clone(record.Frame(h, buf, len(payload)))
}

// A log is a journal a test writes to, and a tailer of it.
type log struct {
	t    *testing.T
	dir  string
	tail *tail.Tailer
}

func newLog(t *testing.T, from journal.Pos) *log {
	t.Helper()
	l := &log{t: t, dir: t.TempDir()}
	l.follow(from)
	return l
}

func (l *log) follow(from journal.Pos) {
	l.t.Helper()
	tl, err := tail.Open(l.dir, from)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { tl.Close() })
	l.tail = tl
}

func (l *log) live() string { return journal.LivePath(l.dir) }

func (l *log) append(pids ...int) {
	l.t.Helper()
	for _, n := range pids {
		if err := record.Append(l.live(), frame(n), nil); err != nil {
			l.t.Fatal(err)
		}
	}
}

// items are what the tailer has to say now: "1 2 truncated 3".
func (l *log) items() string {
	var out []string
	for {
		it, ok := l.tail.Next()
		switch {
		case !ok:
			return strings.Join(out, " ")
		case it.Notice != nil:
			out = append(out, string(it.Notice.Kind))
		case it.Entry.Err != nil:
			out = append(out, "corrupt")
		default:
			out = append(out, fmt.Sprint(it.Entry.Record.PID))
		}
	}
}

func (l *log) want(items string) {
	l.t.Helper()
	if got := l.items(); got != items {
		l.t.Fatalf("got %q, want %q", got, items)
	}
}

func (l *log) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func TestTailerFollows(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.want("")
	l.append(1, 2)
	l.want("1 2")
	l.append(3)
	l.want("3")
	l.want("")
}

func TestTailerGoesOnWhereItWas(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.append(1, 2, 3)
	if it, ok := l.tail.Next(); !ok || it.Entry.Record.PID != 1 {
		t.Fatal("no first entry")
	}
	pos := l.tail.Pos() // the rest is read ahead, but not passed over
	l.follow(pos)
	l.want("2 3")
	l.follow(l.tail.Pos())
	l.want("")
}

func TestTailerSaysWhatHappenedToTheJournal(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(l *log)
		want string // after records 1 and 2
	}{
		{"cut", func(l *log) { l.must(os.Truncate(l.live(), 10)) }, "truncated"},
		{"emptied and written to", func(l *log) { l.must(os.Truncate(l.live(), 0)); l.append(3) }, "truncated 3"},
		{"removed", func(l *log) { l.must(os.Remove(l.live())) }, "removed"},
		{"moved away and begun anew", func(l *log) { l.must(os.Rename(l.live(), l.live()+".old")); l.append(3) }, "replaced 3"},
		{"moved away after a last record", func(l *log) { l.append(3); l.must(os.Rename(l.live(), l.live()+".old")); l.append(4) }, "3 replaced 4"},
		{"replaced by a FIFO", func(l *log) { l.must(os.Remove(l.live())); l.must(unix.Mkfifo(l.live(), 0o600)) }, "replaced blocked"},
		{"replaced by a link", func(l *log) { l.must(os.Remove(l.live())); l.must(os.Symlink("/dev/zero", l.live())) }, "replaced blocked"},
		{"rotated", func(l *log) {
			l.append(3)
			l.must(os.Rename(l.live(), filepath.Join(l.dir, "000001.jsonl")))
			l.append(4)
		}, "3 4"},
		{"rotated with a torn tail", func(l *log) {
			l.must(appendRaw(l.live(), frame(3)[:50]))
			l.must(os.Rename(l.live(), filepath.Join(l.dir, "000001.jsonl")))
			l.append(4)
		}, "corrupt 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(t, journal.Pos{})
			l.append(1, 2)
			l.want("1 2")
			tt.do(l)
			l.want(tt.want)
			l.want("") // said once
		})
	}
}

func appendRaw(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(b)
	return err
}

func TestTailerComesBackWhenTheJournalDoes(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.append(1)
	l.want("1")
	l.must(os.Remove(l.live()))
	l.want("removed")
	l.append(2)
	l.want("replaced 2")
}

func TestTailerStartsOverWhenHistoryChangedWhileItWasAway(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.append(1, 2, 3)
	l.want("1 2 3")
	pos := l.tail.Pos()
	l.must(os.WriteFile(l.live(), append(frame(1), frame(3)...), 0o600))
	l.follow(pos)
	l.want("history-changed 1 3")
}

func TestTailerReadsOldSegmentsFirst(t *testing.T) {
	l := newLog(t, journal.Pos{})
	l.must(os.WriteFile(filepath.Join(l.dir, "000003.jsonl"), frame(1), 0o600))
	l.must(os.Mkdir(filepath.Join(l.dir, "000004.jsonl"), 0o700)) // cannot be read: passed over, loudly
	l.must(os.WriteFile(filepath.Join(l.dir, "000005.jsonl"), frame(2), 0o600))
	l.append(3)
	l.follow(journal.Pos{})
	l.want("1 blocked 2 3")
}

func TestWaitEndsWithTheContextAndSoonAfterAWrite(t *testing.T) {
	l := newLog(t, journal.Pos{})
	ctx, cancel := context.WithCancel(context.Background())
	if err := l.tail.Wait(ctx); err != nil { // nothing happens: the poll wakes it
		t.Fatal(err)
	}
	cancel()
	if err := l.tail.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
