package seal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// A chain is the seals as they are read, one after another.
type chain struct {
	v       *verifier
	genesis Genesis
	size    int64 // bytes of seals.jsonl read
	last    *Seal // the last one that took its place in the chain
	lastID  Hash
	// broken says that the last line was a bad seal. What follows from that
	// for the next one is not reported a second time.
	broken   bool
	vouched  bool      // no seal so far was bad
	lastKey  PublicKey // the key of the last seal
	odd      []item    // lines that are no seals and may be what a crash left of the next
	segments map[uint64]*segmentSeals
	wanted   map[uint64]Hash // IDs somebody asks for
	times    map[uint64]time.Time
}

// segmentSeals are the seals of one segment.
type segmentSeals struct {
	number  uint64
	ranges  []sealedRange // without those that hold nothing
	lines   uint64
	to      int64
	final   *Seal
	pruned  bool
	partial bool // the ranges do not cover the segment one after another
}

// A sealedRange is what a verifier keeps of a seal.
type sealedRange struct {
	k        uint64
	from, to int64
	first, n uint64 // lines of the segment
	before   Hash   // h before the first line, if it is known
	known    bool
	after    Hash
	bytes    Hash
	offset   int64 // of the seal in seals.jsonl; -1 when it is in the key state only
	length   int   // of its line
	vouched  bool  // all seals up to this one are good
}

// An item is a line of seals.jsonl on its way into the chain.
type item struct {
	text   []byte
	number int
	offset int64
	seal   Seal
	err    error
	key    PublicKey // the one its signature was checked under
	signed bool
}

func (c *chain) lastK() uint64 {
	if c.last == nil {
		return 0
	}
	return c.last.K
}

// key is the key of the next seal.
func (c *chain) key() PublicKey {
	if c.last == nil {
		return c.genesis.Public
	}
	return c.last.NextPub
}

// hash is h after everything sealed so far.
func (c *chain) hash() Hash {
	if c.last == nil {
		return c.genesis.chain()
	}
	return c.last.Chain
}

// read reads seals.jsonl.
func (c *chain) read(ctx context.Context) error {
	f, err := openRead(filepath.Join(c.v.o.Journal, SealsFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read seals: %w", err)
	}
	defer f.Close()
	for r := newLineReader(f); ; {
		items, err := c.batch(r)
		for i := range items {
			c.line(items[i])
		}
		c.size = r.offset
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
}

// batch reads some lines and checks their signatures, each under the key that
// the line before it names, on all processors: that is what takes the time.
func (c *chain) batch(r *lineReader) (items []item, err error) {
	const size = 256
	key := c.key()
	for len(items) < size && err == nil {
		var l line
		if l, err = r.next(); err != nil {
			break
		}
		it := item{text: l.text, number: l.number, offset: l.offset, key: key}
		if it.seal, it.err = ParseSeal(l.text); it.err == nil {
			key = it.seal.NextPub
		}
		items = append(items, it)
	}
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(items); i += workers {
				items[i].check()
			}
		})
	}
	wg.Wait()
	return items, err
}

func (it *item) check() {
	it.signed = it.err == nil && signedBy(it.key, it.text, it.seal.Signature[:])
}

// line takes the next line of the file.
func (c *chain) line(it item) {
	const maxOdd = 64
	switch {
	case it.err != nil && len(c.odd) < maxOdd:
		c.odd = append(c.odd, it)
		return
	case it.err != nil:
		c.bad(it, 0, "this is no seal")
		return
	}
	c.judgeOdd(func(o item) bool { return isTorn(o.text, it.text) }, Notice)
	switch {
	case it.seal.K == c.lastK()+1:
		c.next(it)
	case it.seal.K > c.lastK()+1:
		c.skipped(it)
	default:
		c.bad(it, it.seal.K, fmt.Sprintf("seal %d stands after seal %d", it.seal.K, c.lastK()))
	}
}

// judgeOdd decides whether lines that are no seals are what a crash left.
func (c *chain) judgeOdd(torn func(item) bool, s Severity) {
	for _, o := range c.odd {
		if torn(o) {
			c.v.add(Finding{Class: Torn, Severity: s, Line: uint64(o.number), K: c.lastK() + 1, Detail: "part of a seal, as a crash leaves it"})
			continue
		}
		c.bad(o, c.lastK()+1, "this is no seal")
	}
	c.odd = nil
}

// bad reports a line that takes no place in the chain.
func (c *chain) bad(it item, k uint64, detail string) {
	c.v.add(Finding{Class: BadSeal, Severity: Tampering, Line: uint64(it.number), K: k, Detail: detail})
	c.broken = c.broken || it.err != nil
}

// end judges what is left when there are no more lines. Without a whole seal to
// compare with, a torn one is known by its beginning, and by having no end.
func (c *chain) end() {
	head := fmt.Appendf(nil, `{"v":1,"k":%d,`, c.lastK()+1)
	c.judgeOdd(func(o item) bool {
		begins := isTorn(o.text, head) || len(o.text) >= len(head) && string(o.text[:len(head)]) == string(head)
		return begins && o.text[len(o.text)-1] != '}'
	}, Damage)
}

// next takes the seal that follows the last one.
func (c *chain) next(it item) {
	if key := c.key(); it.key != key {
		it.key = key
		it.check()
	}
	class, why := c.fault(it)
	if why != "" && !c.broken {
		c.v.add(Finding{Class: class, Severity: Tampering, Line: uint64(it.number), K: it.seal.K, Detail: why})
	}
	follows := !c.broken && why == ""
	c.broken = why != "" && !c.broken
	c.vouched = c.vouched && why == ""
	if follows {
		c.checkPlace(&it.seal)
		c.checkTimes(&it.seal)
	}
	c.accept(it, follows, why == "")
}

// fault says what is wrong with a seal's place in the chain.
func (c *chain) fault(it item) (Class, string) {
	switch {
	case it.seal.Prev != c.lastID && c.last == nil:
		return Replaced, GenesisFile + " is not the one that the first seal was made after"
	case !it.signed:
		return BadSeal, c.whose(it)
	case it.seal.Prev != c.lastID:
		return BadSeal, "it was not made after the seal that stands before it"
	}
	return "", ""
}

// whose says under which key a seal was signed instead of its own.
func (c *chain) whose(it item) string {
	switch sig := it.seal.Signature[:]; {
	case signedBy(it.seal.NextPub, it.text, sig):
		return "it is signed with the key of the seal after it"
	case c.last != nil && signedBy(c.lastKey, it.text, sig):
		return "it is signed with the key of the seal before it"
	}
	return "its signature is wrong: it was altered, or made without its key"
}

// skipped takes a seal when the one before it is missing.
func (c *chain) skipped(it item) {
	first, missing := c.lastK()+1, it.seal.K-c.lastK()-1
	if !c.broken || missing > 1 {
		c.v.add(Finding{Class: BadSeal, Severity: Tampering, Line: uint64(it.number), K: first, Detail: fmt.Sprintf("seals are missing: %d from seal %d on", missing, first)})
	}
	c.broken, c.vouched = false, false
	c.accept(it, false, true)
}

// accept gives a seal its place. Follows says that it follows the one before
// without a fault; sound, that what it says of its range can be gone by.
func (c *chain) accept(it item, follows, sound bool) {
	s := it.seal
	seg := c.segments[s.Segment]
	if seg == nil {
		seg = &segmentSeals{number: s.Segment, partial: s.From != 0}
		c.segments[s.Segment] = seg
	}
	r := sealedRange{k: s.K, from: s.From, to: s.To, first: seg.lines, n: s.N, known: follows, after: s.Chain, bytes: s.Bytes, offset: it.offset, length: len(it.text), vouched: c.vouched}
	if follows {
		r.before = c.hash()
	}
	if s.From != seg.to || !sound {
		seg.partial = true
	}
	if sound && s.To > s.From {
		seg.ranges = append(seg.ranges, r)
	}
	seg.to = s.To
	seg.lines += s.N
	s.Lines = nil
	c.lastKey, c.lastID, c.last = c.key(), sha256.Sum256(it.text), &s
	c.v.rep.Seals++
	if s.Kind == Rotate && s.Size == s.To {
		seg.final = &s
	}
	if _, ok := c.wanted[s.K]; ok {
		c.wanted[s.K], c.times[s.K] = c.lastID, s.Time
	}
}

// checkPlace checks that a seal begins where the one before it ended, and that
// its numbers agree with each other.
func (c *chain) checkPlace(s *Seal) {
	if s.Changed {
		c.v.add(Finding{Class: Edited, Severity: Tampering, Segment: s.Segment, Offset: s.From, K: s.K, Detail: "what the sealer had read here was changed before it was sealed; the seal covers what it was changed to"})
	}
	segment, from := s.Segment, int64(0)
	switch last := c.last; {
	case last != nil && last.Kind == Rotate:
		segment = last.Segment + 1
	case last != nil:
		segment, from = last.Segment, last.To
	}
	switch {
	case s.Segment != segment || s.From != from && !(s.Changed && s.From == 0):
		c.v.add(Finding{Class: Gap, Severity: Tampering, Segment: s.Segment, Offset: s.From, K: s.K, Detail: fmt.Sprintf("the seal begins there, but the one before it ends at byte %d of segment %d", from, segment)})
	case s.N == 0 && s.Chain != c.hash() || s.Kind == Rotate && s.Size != s.To:
		c.v.add(Finding{Class: BadSeal, Severity: Tampering, K: s.K, Detail: "its numbers contradict each other"})
	case s.Kind == Prune:
		c.prune(s)
	}
}

// prune notes a segment that was deleted on purpose.
func (c *chain) prune(s *Seal) {
	seg := c.segments[s.Pruned]
	if seg == nil || seg.final == nil || seg.final.Digest != s.PrunedDigest {
		c.v.add(Finding{Class: BadSeal, Severity: Tampering, Segment: s.Pruned, K: s.K, Detail: "it prunes a segment that has no such last seal"})
		return
	}
	seg.pruned = true
}

// checkTimes compares the clocks of a seal with those of the one before.
func (c *chain) checkTimes(s *Seal) {
	last := c.last
	if last == nil {
		return
	}
	wall := s.Time.Sub(last.Time)
	silent, sameRun := wall, s.BootID == last.BootID && s.BootID != ""
	if sameRun {
		silent = s.Awake - last.Awake
	}
	if silent > 2*Period && last.Kind != Stop {
		c.v.add(Finding{Class: Stale, Severity: Damage, Segment: s.Segment, Offset: s.From, K: s.K, Detail: fmt.Sprintf("no seal for %s before this one, and no clean stop", silent.Round(time.Second))})
	}
	stray := min(wall, 0)
	if sameRun {
		stray = wall - (s.Boot - last.Boot)
	}
	if stray.Abs() > clockSlack {
		c.v.add(Finding{Class: Clock, Severity: Notice, Segment: s.Segment, Offset: s.From, K: s.K, Detail: fmt.Sprintf("the wall clock was moved by %s before this seal", stray.Round(time.Millisecond))})
	}
}
