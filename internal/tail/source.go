package tail

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"gander/internal/journal"
)

// A source is one segment being read.
type source struct {
	seg     journal.Segment
	file    *journal.File
	meter   *journal.Meter
	reader  *journal.Reader
	leaving bool // it was not found any more; it is read to its end once more
}

func newSource(f *journal.File, m *journal.Meter, seg journal.Segment) *source {
	s := &source{seg: seg, file: f, meter: m, reader: journal.NewReader(f, m.Pos().Offset)}
	s.reader.Tee(m)
	return s
}

// look compares what has been read to its end with what lies in the journal
// now, and reports whether there may be more to read.
func (t *Tailer) look() bool {
	more := false
	for _, s := range slices.Clone(t.late) {
		more = t.lookAt(s) || more
	}
	if t.cur == nil {
		return t.openNext() || more
	}
	return t.lookAt(t.cur) || more
}

// lookAt does that for one source. A segment found closed is read once more,
// since writers may have been at work until it was closed, and then left.
func (t *Tailer) lookAt(s *source) bool {
	if n, err := s.file.Size(); err == nil && n < s.reader.Ahead() {
		t.report(Truncated, fmt.Sprintf("%s has %d bytes, %d had been read", s.seg.Path, n, s.reader.Ahead()))
		return t.leave(s)
	}
	if s.seg.Closed() {
		return t.leave(s)
	}
	live, err := os.Lstat(journal.LivePath(t.dir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.report(Blocked, err.Error())
		return false
	}
	switch {
	case s.is(live):
		s.leaving = false
		return false
	case t.find(s):
		return t.moved(s)
	case live == nil && s == t.cur:
		t.report(Removed, journal.LivePath(t.dir)+" is gone")
		return false
	case !s.leaving:
		s.leaving = true
		return true
	}
	t.report(Replaced, s.seg.Path+" is another file than the one that was being read")
	return t.leave(s)
}

// moved deals with a segment that is no longer live, and reports whether there
// may be more to read.
func (t *Tailer) moved(s *source) bool {
	if !s.seg.Open {
		return true
	}
	if s != t.cur {
		return false
	}
	t.cur = nil
	t.late = append(t.late, s)
	return t.openNext()
}

// find looks for the file of s among the numbered segments, and takes note of
// what it is now. A file that has been compressed and removed is found by its
// content.
func (t *Tailer) find(s *source) bool {
	if st, err := os.Lstat(journal.OpenPath(t.dir, s.seg.Number)); err == nil && s.is(st) {
		s.seg.Live, s.seg.Open, s.seg.Path = false, true, journal.OpenPath(t.dir, s.seg.Number)
		return true
	}
	segs, err := journal.Segments(t.dir)
	if err != nil {
		return false
	}
	for _, seg := range segs {
		st, err := os.Lstat(seg.Path)
		if !seg.Live && err == nil && s.is(st) {
			s.seg = seg
			return true
		}
	}
	f, _, seg, err := journal.Resume(t.dir, s.meter.Pos())
	if err != nil {
		return false
	}
	f.Close()
	if seg.Live || !seg.Compressed {
		return false
	}
	s.seg = seg
	return true
}

// is reports whether st describes the file of s.
func (s *source) is(st os.FileInfo) bool {
	own, err := s.file.Stat()
	return err == nil && st != nil && os.SameFile(own, st)
}

// leave gives up a source, and reports whether there may be more to read. A
// line it ends with, but did not finish, will not be finished any more: it comes
// out as a torn entry.
func (t *Tailer) leave(s *source) bool {
	if e, ok := s.reader.Rest(); ok {
		t.pending = append(t.pending, Item{Entry: e, Segment: s.seg.Number})
	}
	s.file.Close()
	if s != t.cur {
		t.late = slices.DeleteFunc(t.late, func(l *source) bool { return l == s })
		return true
	}
	t.cur = nil
	t.openNext()
	return true
}
