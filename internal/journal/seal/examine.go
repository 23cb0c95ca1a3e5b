package seal

import (
	"fmt"
	"io"
	"path/filepath"
)

// maxCompared bounds the lines of a segment that are compared one by one.
const maxCompared = 1 << 20

// An examination finds out what happened to a segment that is not as it was
// sealed, from the checksums of its lines that the seals hold.
type examination struct {
	w      *worker
	f      io.ReadSeeker
	size   int64
	seg    *segmentSeals
	failed []int // ranges

	was     []uint32 // checksums of the lines as they were sealed
	is      []uint32 // and as they are,
	at, end []int64  // where they begin and end
	told    bool     // a finding was made
}

func (x *examination) run() {
	if x.seg.partial || !x.readWas() || !x.readIs() {
		x.coarse()
		return
	}
	hunks := diff(x.was, x.is, x.seg.open())
	moved := newMoved(hunks, x.was, x.is)
	for _, h := range hunks {
		x.report(h, moved.has(h, x.was, x.is))
	}
	now := x.now(hunks)
	x.checkUntouched(now)
	if !x.told {
		x.feeds(now)
	}
}

// coarse names the ranges only.
func (x *examination) coarse() {
	for _, i := range x.failed {
		r := &x.seg.ranges[i]
		class, what := Edited, "is not as it was sealed"
		if x.size < r.to {
			class, what = Truncated, fmt.Sprintf("is cut: the segment ends at byte %d", x.size)
		}
		x.add(class, r.from, r.first, r.k, fmt.Sprintf("this range, up to byte %d, %s", r.to, what))
	}
	if final := x.seg.final; !x.seg.open() && x.size > final.Size && len(x.failed) == 0 {
		x.add(Inserted, final.Size, x.seg.lines, final.K, "there are bytes after the segment's last seal")
	}
}

// add reports a finding at a line, which is counted from 0.
func (x *examination) add(c Class, offset int64, line, k uint64, detail string) {
	x.told = true
	x.w.v.add(Finding{Class: c, Severity: Tampering, Segment: x.seg.number, Offset: offset, Line: line + 1, K: k, Detail: detail})
}

// readWas gets the checksums back from seals.jsonl.
func (x *examination) readWas() bool {
	if x.seg.lines > maxCompared {
		return false
	}
	f, err := openRead(filepath.Join(x.w.v.o.Journal, SealsFile))
	if err != nil {
		return false
	}
	defer f.Close()
	for _, r := range x.seg.ranges {
		if r.offset < 0 {
			x.was = append(x.was, x.w.v.pending...)
			continue
		}
		line := make([]byte, r.length)
		if _, err := f.ReadAt(line, r.offset); err != nil {
			return false
		}
		s, err := ParseSeal(line)
		if err != nil || s.K != r.k {
			return false
		}
		x.was = append(x.was, s.Lines...)
	}
	return uint64(len(x.was)) == x.seg.lines
}

// readIs reads the segment.
func (x *examination) readIs() bool {
	err := eachLine(x.f, 0, x.size, func(_ int, offset, end int64, crc uint32) bool {
		x.is, x.at, x.end = append(x.is, crc), append(x.at, offset), append(x.end, end)
		return len(x.is) <= maxCompared
	})
	return err == nil && len(x.is) <= maxCompared
}

// rangeOf is the range that line e belonged to.
func (x *examination) rangeOf(e int) *sealedRange {
	for i := range x.seg.ranges {
		if r := &x.seg.ranges[i]; uint64(e) < r.first+r.n {
			return r
		}
	}
	return &x.seg.ranges[len(x.seg.ranges)-1]
}

// report says what a hunk means.
func (x *examination) report(h hunk, moved bool) {
	r := x.rangeOf(h.was)
	offset := x.size
	if h.is < len(x.at) {
		offset = x.at[h.is]
	}
	class := x.class(h)
	if moved {
		class = Swapped
	}
	x.add(class, offset, uint64(h.was), r.k, x.detail(class, h))
}

func (x *examination) class(h hunk) Class {
	was, is := h.wasEnd-h.was, h.isEnd-h.is
	atEnd := h.wasEnd == len(x.was) && h.isEnd == len(x.is)
	cut := atEnd && x.size < x.seg.to
	torn := is > 0 && x.end[h.isEnd-1] == x.size // no line feed after the last line
	switch {
	case cut && (is == 0 || torn && was >= is):
		return Truncated
	case was == is:
		return Edited
	case was > is:
		return Deleted
	}
	return Inserted
}

func (x *examination) detail(c Class, h hunk) string {
	was, is := count(h.wasEnd-h.was), count(h.isEnd-h.is)
	switch c {
	case Edited:
		return was + " changed"
	case Truncated:
		return fmt.Sprintf("the segment ends at byte %d; %s cut off or cut short", x.size, was)
	case Swapped:
		return was + " here in another place than when sealed"
	case Inserted:
		return fmt.Sprintf("%s where %s sealed", is, was)
	}
	return fmt.Sprintf("%s sealed where %s left", was, is)
}

func count(n int) string {
	switch n {
	case 0:
		return "none was"
	case 1:
		return "1 record was"
	}
	return fmt.Sprintf("%d records were", n)
}

// now tells where each line that was sealed is; -1 when it is in a hunk.
func (x *examination) now(hunks []hunk) []int {
	now := make([]int, len(x.was))
	e, a := 0, 0
	for _, h := range append(hunks, hunk{len(x.was), len(x.was), len(x.is), len(x.is)}) {
		for ; e < h.was; e, a = e+1, a+1 {
			now[e] = a
		}
		for ; e < h.wasEnd; e++ {
			now[e] = -1
		}
		a = h.isEnd
	}
	return now
}

// checkUntouched checks the ranges whose lines all seem to be there, wherever
// they are now: a line can be forged to have the checksum of another.
func (x *examination) checkUntouched(now []int) {
	for i := range x.seg.ranges {
		r := &x.seg.ranges[i]
		if r.n == 0 {
			continue
		}
		place := now[r.first : r.first+r.n]
		if first, last, ok := stretch(place); ok && !x.w.holds(x.f, r, x.at[first], x.end[last]) {
			x.add(Edited, x.at[first], r.first, r.k, fmt.Sprintf("one of %d records from here on was changed, in a way that hides which", r.n))
		}
	}
}

// stretch gives the first and last of places that follow one another.
func stretch(place []int) (first, last int, ok bool) {
	for i, p := range place {
		if p < 0 || p != place[0]+i {
			return 0, 0, false
		}
	}
	return place[0], place[len(place)-1], true
}

// feeds reports a change that touches no line: of the line feeds between them.
func (x *examination) feeds(now []int) {
	r := &x.seg.ranges[len(x.seg.ranges)-1]
	if len(x.failed) > 0 {
		r = &x.seg.ranges[x.failed[0]]
	}
	end := x.size
	if x.seg.open() && len(now) > 0 {
		end = x.end[now[len(now)-1]] + 1 // a seal that is not final ends with a line
	}
	class := Edited
	switch {
	case end < x.seg.to:
		class = Deleted
	case end > x.seg.to:
		class = Inserted
	}
	x.add(class, r.from, r.first, r.k, "every record is as it was, but not the line feeds between them")
}
