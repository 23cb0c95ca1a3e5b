package seal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/seal"
)

// A lab is a journal with a sealer, and a clock that moves when told to.
type lab struct {
	t      testing.TB
	dir    string // the journal
	key    string // the key file
	now    time.Time
	boot   time.Duration
	awake  time.Duration
	bootID string
	n      int // records appended
	s      *seal.Sealer
	read   map[uint64]int64 // per segment, what Add has been given
	disk   seal.Disk
}

func newLab(t testing.TB) *lab {
	t.Helper()
	root := t.TempDir()
	l := &lab{
		t: t, dir: filepath.Join(root, "journal"), key: filepath.Join(root, "seal.key"),
		now: time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC), boot: time.Hour, awake: time.Hour, bootID: "b001-1",
		read: map[uint64]int64{},
	}
	return l
}

func (l *lab) options() seal.Options {
	o := seal.Options{
		Journal: l.dir, KeyFile: l.key,
		Now:   func() time.Time { return l.now },
		Boot:  func() (string, time.Duration) { return l.bootID, l.boot },
		Awake: func() time.Duration { return l.awake },
	}
	if l.disk != nil {
		o = seal.WithDisk(o, l.disk)
	}
	return o
}

func (l *lab) open() {
	l.t.Helper()
	s, err := seal.Open(l.options())
	l.check(err)
	for _, w := range s.Warnings() {
		l.t.Errorf("warning: %v", w)
	}
	l.s = s
}

func (l *lab) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// pass lets time go by for all clocks.
func (l *lab) pass(d time.Duration) {
	l.now, l.boot, l.awake = l.now.Add(d), l.boot+d, l.awake+d
}

// frame is a record whose payload has size bytes more.
func frame(n, size int) []byte {
	payload := fmt.Sprintf(`{"n":%d,"fill":"%s"}`, n, strings.Repeat("x", size))
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	h := record.Header{Time: time.Unix(1_800_000_000, int64(n)), Agent: "claude-code", Host: "h", PID: n}
	return bytes.Clone(record.Frame(h, buf, len(payload)))
}

// append adds n records to the live segment.
func (l *lab) append(n, size int) {
	l.t.Helper()
	for range n {
		l.n++
		l.write(frame(l.n, size))
	}
}

// write appends anything.
func (l *lab) write(b []byte) {
	l.t.Helper()
	l.check(os.MkdirAll(l.dir, 0o700))
	f, err := os.OpenFile(journal.LivePath(l.dir), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	l.check(err)
	_, err = f.Write(b)
	l.check(err)
	l.check(f.Close())
}

// add gives the sealer the lines of the live segment that it has not had.
func (l *lab) add() {
	l.t.Helper()
	segs, err := journal.Segments(l.dir)
	l.check(err)
	live := segs[len(segs)-1]
	f, err := journal.OpenSegment(live.Path)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	l.check(err)
	defer f.Close()
	from := l.read[live.Number]
	_, err = f.Seek(from, io.SeekStart)
	l.check(err)
	for r := journal.NewReader(f, from); ; {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		l.check(err)
		l.check(l.s.Add(live.Number, &e))
		l.read[live.Number] = e.End
	}
}

// seal adds what is new and seals it, a second later.
func (l *lab) seal(k seal.Kind) seal.Seal {
	l.t.Helper()
	l.add()
	l.pass(time.Second)
	s, err := l.s.Seal(k, seal.Counters{})
	l.check(err)
	return s
}

// rotate closes the live segment.
func (l *lab) rotate() seal.Seal {
	l.t.Helper()
	segs, err := journal.Segments(l.dir)
	l.check(err)
	seg := segs[len(segs)-1]
	path := journal.ClosedPath(l.dir, seg.Number)
	l.check(os.Rename(seg.Path, path))
	l.pass(time.Second)
	s, err := l.s.SealFinal(journal.Segment{Number: seg.Number, Path: path}, seal.Counters{})
	l.check(err)
	return s
}

func (l *lab) verifyOptions() seal.VerifyOptions {
	return seal.VerifyOptions{Journal: l.dir, KeyFile: l.key, Now: l.now}
}

func (l *lab) verify() seal.Report {
	l.t.Helper()
	return verify(l.t, l.verifyOptions())
}

func verify(t testing.TB, o seal.VerifyOptions) seal.Report {
	t.Helper()
	rep, err := seal.Verify(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// filled is a journal of three closed segments and a live one, sealed in many
// ways, that ends with a clean stop.
func filled(t testing.TB) *lab {
	l := newLab(t)
	l.open()
	l.seal(seal.Start)
	for range 3 {
		l.append(5, 40)
		l.seal(seal.Interval)
		l.append(1, 3000)
		l.write([]byte("\n\n\nsomebody was here\n\n"))
		l.append(4, 10)
		l.seal(seal.Interval)
		l.seal(seal.Interval)
		l.append(7, 5)
		l.write([]byte("\n{\"v\":1,\"ts\":\"torn"))
		l.rotate()
	}
	l.append(6, 20)
	l.seal(seal.Interval)
	l.append(6, 30)
	l.seal(seal.Stop)
	return l
}

// classes are the classes of findings that are not notices.
func classes(rep seal.Report) string {
	var out []string
	for _, f := range rep.Findings {
		if f.Severity != seal.Notice {
			out = append(out, f.Class.String())
		}
	}
	return strings.Join(out, " ")
}

func has(rep seal.Report, c seal.Class) bool {
	for _, f := range rep.Findings {
		if f.Class == c {
			return true
		}
	}
	return false
}

func lines(rep seal.Report) string {
	var b strings.Builder
	for _, f := range rep.Findings {
		fmt.Fprintf(&b, "\n  %s (%s) segment %d offset %d line %d seal %d: %s", f.Class, f.Severity, f.Segment, f.Offset, f.Line, f.K, f.Detail)
	}
	return b.String()
}
