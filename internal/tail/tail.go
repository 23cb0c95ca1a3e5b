// Package tail follows a journal as it grows.
//
// Polling is the truth: a [Tailer] looks at the file at least every [Poll]. A
// notification from the operating system only makes it look sooner, so that
// losing notifications costs time and nothing else. The tailer never stops at
// damage: what happened to the journal itself (cut, replaced, removed, blocked
// by a FIFO) comes out as a [Notice] between the entries, once per change.
//
// Each segment's entries come in the order in which they lie in it, and those of
// one segment before those of the next, but for what a late writer adds to a
// segment that is no longer live and not closed yet (see package rotate): the
// tailer goes on with the next segment and reads both.
//
// A Tailer belongs to one goroutine.
package tail

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"gander/internal/journal"
)

// Poll is how often the journal is looked at without being told to.
const Poll = 200 * time.Millisecond

// A NoticeKind says what happened to the journal itself.
type NoticeKind string

// The kinds of notice.
const (
	HistoryChanged NoticeKind = "history-changed" // what was read before the restart is not there any more
	Truncated      NoticeKind = "truncated"       // a segment is shorter than what was read of it
	Replaced       NoticeKind = "replaced"        // another file took the place of the one that was being read
	Removed        NoticeKind = "removed"         // the live segment is gone
	Blocked        NoticeKind = "blocked"         // what lies at its place cannot be read
)

// A Notice is something that happened to the journal.
type Notice struct {
	Kind   NoticeKind
	Detail string // what was seen, for a person
}

// An Item is the next thing a journal has to say: an entry, or a notice.
type Item struct {
	Entry   journal.Entry
	Segment uint64 // the entry's
	Notice  *Notice
}

// A Tailer gives the entries of a journal in order, and waits for more.
type Tailer struct {
	dir     string
	hints   *hints
	cur     *source        // nil while there is nothing to read
	late    []*source      // older segments that are not closed yet, read to their end
	number  uint64         // of the segment that is or was current
	meter   *journal.Meter // its
	turn    int            // the source to ask first
	trouble Notice
	pending []Item
}

// Open begins after from, or at the oldest record for the zero position. When
// what lies before from has changed, the first item says so, and reading
// begins at the oldest record: who follows must know what it has seen.
func Open(dir string, from journal.Pos) (*Tailer, error) {
	t := &Tailer{dir: dir, hints: watchDir(dir)}
	err := t.start(from)
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *Tailer) start(from journal.Pos) error {
	if !from.IsZero() {
		err := t.resume(from)
		if err == nil || !errors.Is(err, journal.ErrHistoryChanged) {
			return err
		}
		t.closeSources()
		t.number, t.meter = 0, nil
		t.report(HistoryChanged, err.Error())
	}
	t.openNext()
	return nil
}

func (t *Tailer) resume(from journal.Pos) error {
	f, m, seg, err := journal.Resume(t.dir, from)
	if err != nil {
		return err
	}
	t.use(newSource(f, m, seg))
	for _, p := range from.Open {
		f, m, seg, err := journal.Resume(t.dir, p)
		if err != nil {
			return err
		}
		t.late = append(t.late, newSource(f, m, seg))
	}
	return nil
}

// Close stops following.
func (t *Tailer) Close() error {
	t.hints.close()
	return t.closeSources()
}

func (t *Tailer) closeSources() error {
	var errs []error
	for _, s := range t.sources() {
		errs = append(errs, s.file.Close())
	}
	t.cur, t.late = nil, nil
	return errors.Join(errs...)
}

// sources are all files being read.
func (t *Tailer) sources() []*source {
	if t.cur == nil {
		return t.late
	}
	return append(slices.Clone(t.late), t.cur)
}

// Pos is the place just after the last item.
func (t *Tailer) Pos() journal.Pos {
	if t.meter == nil {
		return journal.Pos{}
	}
	p := t.meter.Pos()
	for _, s := range t.late {
		if s.meter != t.meter {
			p.Open = append(p.Open, s.meter.Pos())
		}
	}
	return p
}

// Backlog is how many bytes wait to be read in the segments being read.
func (t *Tailer) Backlog() int64 {
	var n int64
	for _, s := range t.sources() {
		if size, err := s.file.Size(); err == nil {
			n += max(0, size-s.reader.Offset())
		}
	}
	return n
}

// Wait returns nil when it is time to ask Next again, which is after [Poll] at
// the latest, or ctx's error.
func (t *Tailer) Wait(ctx context.Context) error { return t.hints.wait(ctx) }

// Next returns the next item if there is one now. Its entry is valid until the
// next call.
func (t *Tailer) Next() (Item, bool) {
	for {
		if len(t.pending) > 0 {
			item := t.pending[0]
			t.pending = t.pending[1:]
			return item, true
		}
		if item, ok := t.read(); ok {
			return item, true
		}
		if !t.look() && len(t.pending) == 0 {
			return Item{}, false
		}
	}
}

// read asks each source in turn, so that none can keep the others waiting.
func (t *Tailer) read() (Item, bool) {
	n := len(t.late)
	if t.cur != nil {
		n++
	}
	for i := range n {
		k := (t.turn + i) % n
		s := t.cur
		if k < len(t.late) {
			s = t.late[k]
		}
		e, err := s.reader.Next()
		if err == nil {
			t.turn = k + 1
			return Item{Entry: e, Segment: s.seg.Number}, true
		}
		if !errors.Is(err, io.EOF) {
			t.report(Blocked, "read "+s.seg.Path+": "+err.Error())
		}
	}
	return Item{}, false
}

// openNext opens the segment after the current one, or the live one when
// nothing is open, and reports whether there may be more to read.
func (t *Tailer) openNext() bool {
	for {
		s, ok := t.next()
		if !ok {
			return false
		}
		f, err := journal.OpenSegment(s.Path)
		switch {
		case err == nil && s.Live && !t.isLive(s.Number): // rotated meanwhile
			f.Close()
			continue
		case err == nil:
			t.use(newSource(f, journal.NewMeter(s.Number), s))
			return true
		case !errors.Is(err, os.ErrNotExist):
			t.report(Blocked, err.Error())
		}
		if s.Live {
			return false // tried again
		}
		t.number = s.Number // passed over: loudly, or deleted meanwhile
	}
}

// next is the segment to open when the current one is done.
func (t *Tailer) next() (journal.Segment, bool) {
	segs, err := journal.Segments(t.dir)
	if err != nil {
		t.report(Blocked, err.Error())
		return journal.Segment{}, false
	}
	for _, s := range segs {
		if s.Number > t.number || t.cur == nil && s.Live { // a replaced live segment keeps its number
			return s, true
		}
	}
	return journal.Segment{}, false
}

// isLive reports whether the live segment has number n. A file opened as the
// live one before this was asked is then segment n, since numbers only grow.
func (t *Tailer) isLive(n uint64) bool {
	segs, err := journal.Segments(t.dir)
	return err == nil && segs[len(segs)-1].Number == n
}

func (t *Tailer) use(s *source) {
	t.cur, t.number, t.meter = s, s.seg.Number, s.meter
	t.trouble = Notice{}
}

// report queues a notice, unless the same was the last one.
func (t *Tailer) report(k NoticeKind, detail string) {
	n := Notice{k, detail}
	if n != t.trouble {
		t.pending = append(t.pending, Item{Notice: &n})
	}
	t.trouble = n
}
