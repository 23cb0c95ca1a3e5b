package seal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"sync"

	"gander/internal/journal"
)

// checkSegments checks all segments against their seals, several at a time.
func (v *verifier) checkSegments(ctx context.Context) error {
	found, err := v.list()
	if err != nil {
		return err
	}
	var work []*segmentSeals
	p := &progress{tell: v.o.Progress}
	for _, seg := range v.chain.segments {
		if seg.to > 0 || len(seg.ranges) > 0 {
			v.rep.Segments++
		}
		work = append(work, seg)
		for _, r := range seg.ranges {
			p.total += r.to - r.from
		}
	}
	slices.SortFunc(work, func(a, b *segmentSeals) int { return cmp.Compare(a.number, b.number) })
	todo := make(chan *segmentSeals)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			w := &worker{v: v, p: p, sum: newSums()}
			for seg := range todo {
				w.segment(ctx, seg, found[seg.number].Path)
			}
		})
	}
	for _, seg := range work {
		todo <- seg
	}
	close(todo)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return v.countUnsealed()
}

// list gives the segments that lie there. The live segment's number is told by
// the seals where it is higher: it follows from the segments before, and those
// may have been deleted.
func (v *verifier) list() (map[uint64]journal.Segment, error) {
	segs, err := journal.Segments(v.o.Journal)
	if err != nil {
		return nil, err
	}
	found := make(map[uint64]journal.Segment, len(segs))
	for _, s := range segs {
		if s.Live {
			s.Number = max(s.Number, v.current())
		}
		found[s.Number] = s
	}
	return found, nil
}

// current is the segment in which sealing goes on; 0 when nothing is sealed.
func (v *verifier) current() uint64 {
	last := v.chain.last
	switch {
	case last == nil:
		return 0
	case last.Kind == Rotate:
		return last.Segment + 1
	}
	return last.Segment
}

// countUnsealed looks at what the seals say nothing about.
func (v *verifier) countUnsealed() error {
	found, err := v.list()
	if err != nil {
		return err
	}
	current := v.current()
	for n, s := range found {
		seg := v.chain.segments[n]
		switch {
		case seg != nil && seg.open() && s.Size > seg.to:
			v.rep.UnsealedBytes += s.Size - seg.to
			v.late(seg, s.Size)
		case seg == nil && n >= current:
			v.rep.UnsealedBytes += max(0, s.Size)
		case seg == nil:
			v.add(Finding{Class: Inserted, Severity: Tampering, Segment: n, Detail: "no seal knows of this segment, which is older than those that are sealed"})
		}
	}
	if v.rep.UnsealedBytes > 0 {
		v.add(Finding{Class: Unsealed, Severity: Notice, Segment: current, Detail: fmt.Sprintf("%d bytes are not sealed yet: nothing shows whether they were changed", v.rep.UnsealedBytes)})
	}
	if current > 0 && v.closed > current {
		v.add(Finding{Class: RolledBack, Severity: Damage, Segment: current, K: v.chain.lastK(), Detail: fmt.Sprintf("%d segments were closed after the last seal: seals were removed, or the sealer was not at work", v.closed-current)})
	}
	return nil
}

// findClosed looks for the newest segment that is not live.
func (v *verifier) findClosed() error {
	segs, err := journal.Segments(v.o.Journal)
	if err != nil {
		return err
	}
	if n := len(segs); n > 1 {
		v.closed = segs[n-2].Number
	}
	return nil
}

// late reports what came into a segment after its last seal.
func (v *verifier) late(seg *segmentSeals, size int64) {
	if seg.final != nil {
		v.add(Finding{Class: Unsealed, Severity: Damage, Segment: seg.number, Offset: seg.to, K: seg.final.K, Detail: fmt.Sprintf("%d bytes came after the last seal, from a writer that held the segment open", size-seg.to)})
	}
}

// open reports whether lines may follow those that are sealed.
func (s *segmentSeals) open() bool { return s.final == nil || s.final.Held }

// A progress adds up what the workers have read.
type progress struct {
	mu    sync.Mutex
	done  int64
	total int64
	tell  func(done, total int64)
}

func (p *progress) add(n int64) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.tell(p.done, p.total)
}

// A worker checks one segment after another.
type worker struct {
	v   *verifier
	p   *progress
	sum *sums
}

// segment checks one segment.
func (w *worker) segment(ctx context.Context, seg *segmentSeals, path string) {
	if path == "" {
		w.missing(seg)
		return
	}
	f, size, err := w.open(seg.number, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		w.missing(seg)
		return
	case err != nil:
		w.v.add(Finding{Class: Edited, Severity: Tampering, Segment: seg.number, K: seg.lastK(), Detail: "the segment cannot be read: " + plain(err)})
		return
	}
	defer f.Close()
	failed := w.ranges(ctx, f, seg)
	if ctx.Err() != nil || len(failed) == 0 && (seg.open() || seg.final.Size == size) {
		return
	}
	x := &examination{w: w, f: f, size: size, seg: seg, failed: failed}
	x.run()
}

// open opens a segment. A closed one is found under any of its names. The live
// one may be renamed, and another become live in its place, at any moment: so
// what lies there is listed again after it was opened.
func (w *worker) open(number uint64, path string) (io.ReadSeekCloser, int64, error) {
	const tries = 10 // nobody rotates that often
	live := journal.LivePath(w.v.o.Journal)
	for range tries {
		f, err := journal.OpenSegment(path)
		if path != live && err == nil {
			return sized(f)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, 0, err
		}
		found, listErr := w.v.list()
		same := found[number].Path == path
		if err == nil && listErr == nil && same {
			return sized(f)
		}
		if err == nil {
			f.Close()
		}
		if listErr != nil {
			return nil, 0, listErr
		}
		if path = found[number].Path; path == "" || same {
			break
		}
	}
	return nil, 0, fs.ErrNotExist
}

func sized(f *journal.File) (io.ReadSeekCloser, int64, error) {
	size, err := f.Size()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

func (s *segmentSeals) lastK() uint64 {
	if len(s.ranges) == 0 {
		return 0
	}
	return s.ranges[len(s.ranges)-1].k
}

// missing reports a segment that is not there, unless it was pruned.
func (w *worker) missing(seg *segmentSeals) {
	switch {
	case seg.pruned:
		w.v.mu.Lock()
		w.v.rep.Pruned++
		w.v.mu.Unlock()
	case len(seg.ranges) > 0:
		w.v.mu.Lock()
		w.v.missed = true
		w.v.mu.Unlock()
		w.v.add(Finding{Class: Deleted, Severity: Tampering, Segment: seg.number, K: seg.lastK(), Detail: fmt.Sprintf("the segment is gone with %d sealed records", seg.lines)})
	}
}

// ranges checks every sealed range and returns those that are not as they were.
func (w *worker) ranges(ctx context.Context, f io.ReadSeeker, seg *segmentSeals) (failed []int) {
	whole := sha256.New()
	w.sum.tee = nil
	if seg.final != nil && !seg.partial {
		w.sum.tee = whole
	}
	for i := range seg.ranges {
		if ctx.Err() != nil {
			return nil
		}
		r := &seg.ranges[i]
		if w.holds(f, r, r.from, r.to) && w.sum.bytes() == r.bytes {
			if r.vouched {
				w.v.intact(r.n, r.to-r.from)
			}
		} else {
			failed = append(failed, i)
		}
		w.p.add(r.to - r.from)
	}
	if w.sum.tee != nil && len(failed) == 0 && Hash(whole.Sum(nil)) != seg.final.Digest {
		w.v.add(Finding{Class: BadSeal, Severity: Tampering, Segment: seg.number, K: seg.final.K, Detail: "its digest of the segment contradicts the seals of the segment's parts"})
	}
	return failed
}

// holds reports whether the lines in the bytes from to to are those of r.
func (w *worker) holds(f io.ReadSeeker, r *sealedRange, from, to int64) bool {
	w.sum.reset(r.before)
	if err := w.sum.read(f, from, to); err != nil {
		return false
	}
	return w.sum.n == r.n && (!r.known || w.sum.chain == r.after)
}
