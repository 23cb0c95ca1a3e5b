// Package journal is the append-only log of what agents did.
//
// A journal is a directory. Any number of hooks append to live.jsonl, one
// write per record (package record). Older segments have numbers, oldest first:
// 000001.jsonl is closed, 000001.jsonl.zst is the same compressed (package zst),
// 000001.open.jsonl has left live.jsonl but a writer may not have let go of it
// yet (package rotate). A record never crosses a segment, so a whole segment can
// be moved, compressed or deleted. Offsets count the bytes of the segment,
// compressed or not. docs/format/journal.md has the whole of it.
//
// Reading never stops at bad bytes: a torn record, a line somebody else wrote,
// a line beyond all bounds or a damaged part of a compressed segment is an
// [Entry] with an error, and what follows is read as if nothing had happened.
// Any number of readers may read while hooks write and segments are rotated and
// compressed; a [Reader] and a [File] belong to one goroutine.
package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gander/internal/journal/record"
)

// A Segment is one file of a journal.
type Segment struct {
	Number uint64 // from 1; the live segment has the highest
	Path   string
	Live   bool // hooks append to it
	// Open says that the segment is no longer live, but that a writer may still
	// add to it. A segment that is neither Live nor Open is closed for ever.
	Open       bool
	Compressed bool
	Size       int64 // bytes of records, not compressed; -1 if it cannot be told
	Disk       int64 // bytes of the file
}

// Closed reports whether nothing will be added to the segment any more.
func (s Segment) Closed() bool { return !s.Live && !s.Open }

// The endings of segments' names.
const (
	closedSuffix     = ".jsonl"
	openSuffix       = ".open.jsonl"
	compressedSuffix = ".jsonl.zst"
)

// LivePath is the segment hooks append to.
func LivePath(dir string) string { return filepath.Join(dir, record.Live) }

// OpenPath is where segment n lies after it was live and before it is closed.
func OpenPath(dir string, n uint64) string { return numbered(dir, n, openSuffix) }

// ClosedPath is where segment n lies once it is closed.
func ClosedPath(dir string, n uint64) string { return numbered(dir, n, closedSuffix) }

// CompressedPath is where segment n lies once it is compressed.
func CompressedPath(dir string, n uint64) string { return numbered(dir, n, compressedSuffix) }

func numbered(dir string, n uint64, suffix string) string {
	return filepath.Join(dir, fmt.Sprintf("%06d%s", n, suffix))
}

// Segments lists a journal's segments, oldest first, the live one last. The
// live segment is listed whether or not it exists yet. A missing directory is
// an empty journal.
//
// A segment that lies there twice, plain and compressed, is listed once and
// plain: the process that compressed it was killed before it removed the one
// in favour of the other. An empty 000007.open.jsonl is no segment: the process
// that rotates was killed, or is at work, before that file could become live.
func Segments(dir string) ([]Segment, error) {
	names, err := stableNames(dir)
	if err != nil {
		return nil, fmt.Errorf("list journal: %w", err)
	}
	segs := make([]Segment, 0, len(names)+1)
	for _, n := range names {
		s := Segment{Number: n.number, Path: filepath.Join(dir, n.name), Open: n.form == open, Compressed: n.form == compressed}
		s.measure()
		segs = append(segs, s)
	}
	live := Segment{Number: 1, Path: LivePath(dir), Live: true}
	if len(segs) > 0 {
		live.Number = segs[len(segs)-1].Number + 1
	}
	live.measure()
	return append(segs, live), nil
}

// measure fills in the sizes, as far as they can be told.
func (s *Segment) measure() {
	st, err := os.Lstat(s.Path)
	if err != nil {
		return
	}
	s.Disk, s.Size = st.Size(), st.Size()
	if !s.Compressed {
		return
	}
	s.Size = -1
	if f, err := OpenSegment(s.Path); err == nil {
		s.Size, _ = f.Size()
		f.Close()
	}
}

// A form is what a numbered segment can look like, in the order in which
// [Segments] prefers them.
type form int

const (
	open form = iota
	closed
	compressed
)

// A segmentName is the name of a numbered segment, understood.
type segmentName struct {
	number uint64
	form   form
	name   string
}

// stableNames lists the numbered segments, one name for each, by number. A
// directory read while a file in it is renamed may show it under neither name,
// so it is read until two readings agree.
func stableNames(dir string) ([]segmentName, error) {
	const tries = 100 // only a directory renamed in all the time gets there
	last, err := readNames(dir)
	for range tries {
		if err != nil {
			break
		}
		var names []segmentName
		names, err = readNames(dir)
		if err == nil && slices.Equal(names, last) {
			break
		}
		last = names
	}
	return slices.CompactFunc(last, func(a, b segmentName) bool { return a.number == b.number }), err
}

func readNames(dir string) ([]segmentName, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []segmentName
	for _, e := range entries {
		n, ok := parseName(e.Name())
		if ok && (n.form != open || !isEmpty(filepath.Join(dir, n.name))) {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b segmentName) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.form, b.form))
	})
	return names, nil
}

func isEmpty(path string) bool {
	st, err := os.Lstat(path)
	return err == nil && st.Mode().IsRegular() && st.Size() == 0
}

// parseName reads "000012.jsonl" as 12, closed.
func parseName(name string) (segmentName, bool) {
	for i, suffix := range []string{open: openSuffix, closed: closedSuffix, compressed: compressedSuffix} {
		digits, ok := strings.CutSuffix(name, suffix)
		if !ok || len(digits) < 6 {
			continue
		}
		if n, err := strconv.ParseUint(digits, 10, 63); err == nil && n > 0 {
			return segmentName{n, form(i), name}, true
		}
	}
	return segmentName{}, false
}
