package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gander/internal/journal"
)

// Seal seals everything that lies in the current segment, whether Add has seen
// it or not, and returns the last seal made: one, unless more records came
// together than one seal may cover. It syncs the segment first and reads again
// what it seals. A [*ChangedError] comes together with a seal; with any other
// error there is none, and what was not sealed waits for the next call. Kind is [Interval], [Idle],
// [Start] or [Stop]; an Interval with nothing new is stored as Idle.
func (s *Sealer) Seal(kind Kind, c Counters) (Seal, error) {
	switch kind {
	case Interval, Idle, Start, Stop:
	default:
		return Seal{}, fmt.Errorf("seal: kind %q has a function of its own", kind)
	}
	return s.sealTo(s.path(), Seal{Kind: kind, Dropped: c.Dropped, Flood: c.Flood})
}

// Prune states that a segment is about to be deleted on purpose: without this
// seal its absence is tampering. The segment must have its last seal. The caller
// deletes it when Prune has returned.
func (s *Sealer) Prune(segment uint64, c Counters) (Seal, error) {
	for last, err := range Seals(s.o.Journal) {
		if err == nil && last.Kind == Rotate && last.Segment == segment {
			return s.sealTo(s.path(), Seal{Kind: Prune, Pruned: segment, PrunedDigest: last.Digest, Dropped: c.Dropped, Flood: c.Flood})
		}
	}
	return Seal{}, fmt.Errorf("prune: segment %d has no last seal", segment)
}

// SealFinal gives a segment its last seal and goes on with the next one. Nobody
// should be able to write to the segment any more. When somebody holds it open
// for too long, it is sealed all the same, or they could keep what follows from
// ever being sealed: for a segment that is Open the seal says so, and verifiers
// do not take what comes late for tampering. An unfinished last line is sealed
// too. A missing file is an empty one. The segment must be the one that State
// tells; for the one before, SealFinal returns the seal it has.
func (s *Sealer) SealFinal(seg journal.Segment, c Counters) (Seal, error) {
	if last := s.key.last; last != nil && last.Kind == Rotate && last.Segment == seg.Number {
		return *last, s.settle()
	}
	if seg.Number != s.segment {
		return Seal{}, fmt.Errorf("seal segment %d to its end: segment %d is next", seg.Number, s.segment)
	}
	t := Seal{Kind: Rotate, Held: seg.Open, Dropped: c.Dropped, Flood: c.Flood}
	if err := s.seeAll(seg.Path, &t); err != nil {
		return Seal{}, fmt.Errorf("seal segment %d to its end: %w", seg.Number, err)
	}
	return s.sealTo(seg.Path, t)
}

// seeAll sees a segment to its last byte, and says in t what it is as a whole.
func (s *Sealer) seeAll(path string, t *Seal) (err error) {
	if err := s.catchUp(path); err != nil {
		return err
	}
	t.Digest, t.Size, err = digest(path)
	if err != nil || t.Size <= s.pos {
		return err
	}
	c := s.room()
	s.takeFile(path, c, t.Size)
	c.end, s.pos = t.Size, t.Size
	return nil
}

// digest is the SHA-256 of a whole segment, and its size.
func digest(path string) (Hash, int64, error) {
	f, _, err := openSegment(path)
	if err != nil {
		return Hash{}, 0, err
	}
	defer f.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return Hash{}, 0, err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(h, f, make([]byte, bufSize))
	return Hash(h.Sum(nil)), n, err
}

// sealTo makes seals of all chunks. The last one is t.
func (s *Sealer) sealTo(path string, t Seal) (Seal, error) {
	if t.Kind != Rotate {
		if err := s.catchUp(path); err != nil {
			return Seal{}, err
		}
	}
	var changes []error
	for {
		one := &t
		if len(s.chunks) > 1 {
			one = &Seal{Kind: Interval, Dropped: t.Dropped, Flood: t.Flood}
		}
		changed, err := s.sealChunk(path, one)
		if changed != nil {
			changes = append(changes, changed)
		}
		if err != nil {
			s.warnings = append(s.warnings, changes...)
			return Seal{}, err
		}
		if one == &t {
			return t, errors.Join(changes...)
		}
	}
}

// sealChunk seals the oldest chunk with t.
func (s *Sealer) sealChunk(path string, t *Seal) (*ChangedError, error) {
	if s.unsure {
		if err := s.settle(); err != nil {
			return nil, err
		}
	}
	changed, err := s.fill(path, t)
	if err != nil {
		return nil, fmt.Errorf("seal segment %d: %w", s.segment, err)
	}
	if err := s.store(t); err != nil {
		return changed, fmt.Errorf("store seal %d: %w", t.K, err)
	}
	return changed, nil
}

// fill says in t what lies on disk.
func (s *Sealer) fill(path string, t *Seal) (*ChangedError, error) {
	_, from := s.sealed()
	if err := s.syncSegment(path, from == 0 || t.Kind == Rotate); err != nil {
		return nil, err
	}
	f, size, err := openSegment(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := s.chunks[0]
	t.K, t.Segment, t.Prev = s.key.k, s.segment, s.key.prev()
	t.From, t.To = from, min(c.end, size)
	if t.To < from {
		t.From = 0 // what was sealed is gone: begin anew
	}
	sum := s.sum
	sum.reset(s.key.chain())
	sum.lines = &t.Lines
	if err := sum.read(f, t.From, t.To); err != nil {
		return nil, err
	}
	t.N, t.Chain, t.Bytes = sum.n, sum.chain, sum.bytes()
	if t.Kind == Rotate && t.Size != t.To {
		return nil, fmt.Errorf("it has %d bytes and then %d: somebody writes to it", t.Size, t.To)
	}
	s.stamp(t)
	return s.compare(f, c, size, t), nil
}

// syncSegment makes a segment last, so that no seal speaks of bytes that a loss
// of power can take. A file's name is one more thing to lose.
func (s *Sealer) syncSegment(path string, name bool) error {
	if err := s.o.disk.Sync(path); err != nil || !name {
		return err
	}
	return s.o.disk.SyncDir(s.o.Journal)
}

// stamp adds what does not come from the segment.
func (s *Sealer) stamp(t *Seal) {
	t.Time = s.o.Now().UTC().Round(0)
	id, since := s.o.Boot()
	t.BootID, t.Boot, t.Awake = safeWord(id), max(0, since), max(0, s.o.Awake())
	if t.Kind == Interval && t.From == t.To {
		t.Kind = Idle
	}
}

// compare looks for a difference between what was seen and what is sealed.
func (s *Sealer) compare(f io.ReadSeeker, c chunk, size int64, t *Seal) *ChangedError {
	e := &ChangedError{Segment: t.Segment, K: t.K}
	switch {
	case size < c.end:
		e.Offset, e.Detail = size, fmt.Sprintf("it ends there, %d bytes had been read", c.end)
	case Hash(c.raw.Sum(nil)) != t.Bytes:
		e.Offset = differs(f, t.From, t.To, c.crcs, t.Lines)
		e.Detail = fmt.Sprintf("%d lines had been read from byte %d to %d, now there are %d", len(c.crcs), t.From, t.To, t.N)
	default:
		return nil
	}
	t.Changed = true
	return e
}

// differs is where the first line begins whose checksum is not as it was, or
// from when only line feeds differ.
func differs(f io.ReadSeeker, from, to int64, was, is []uint32) int64 {
	same := 0
	for same < len(was) && same < len(is) && was[same] == is[same] {
		same++
	}
	if same == len(was) && same == len(is) {
		return from
	}
	at := to
	_ = eachLine(f, from, to, func(n int, offset, _ int64, _ uint32) bool {
		if n == same {
			at = offset
		}
		return n < same
	})
	return at
}

// store signs t and makes it last: first the new key state, which holds the
// seal and no longer the key that signed it, then the line in seals.jsonl.
func (s *Sealer) store(t *Seal) error {
	next := &keyState{genesis: s.key.genesis, k: t.K + 1, last: t}
	if err := newSeed(&next.seed); err != nil {
		return err
	}
	t.NextPub = next.public()
	key := ed25519.NewKeyFromSeed(s.key.seed[:])
	t.sign(key)
	clear(key)
	if err := s.saveKey(next); err != nil {
		return s.reload(next, err)
	}
	s.advance(next)
	return s.appendLast()
}

// reload finds out which key state is on disk after the next one could not be
// stored for certain, and returns the reason it was given.
func (s *Sealer) reload(next *keyState, reason error) error {
	stored, err := loadKeyState(s.o.KeyFile)
	if err == nil && stored.k == next.k && stored.seed == next.seed {
		s.advance(next)
		return reason
	}
	clear(next.seed[:])
	return errors.Join(reason, err)
}

// advance notes that the last seal of next is made, though it may not be in
// seals.jsonl yet.
func (s *Sealer) advance(next *keyState) {
	clear(s.key.seed[:])
	s.key, s.unsure = next, true
	s.sealedAt = s.o.Now()
	cut := next.last.To < s.chunks[0].end // what was seen behind it is gone
	s.chunks = s.chunks[1:]
	if cut || next.last.Kind == Rotate {
		s.chunks = nil
	}
	s.segment, _ = s.sealed()
	if len(s.chunks) == 0 {
		_, s.pos = s.sealed()
		s.chunks = []chunk{newChunk(s.pos)}
	}
}

// seals is the path of seals.jsonl.
func (s *Sealer) seals() string { return filepath.Join(s.o.Journal, SealsFile) }

// appendLast adds the last seal to seals.jsonl, for good.
func (s *Sealer) appendLast() error {
	line := append(s.key.last.appendTo([]byte("\n")), '\n')
	if st, err := os.Lstat(s.seals()); err == nil && st.Size() != s.size || err != nil && s.size > 0 {
		s.warn(fmt.Errorf("%s does not have the %d bytes it had: %w", SealsFile, s.size, ErrReplaced))
	}
	if err := s.o.disk.Append(s.seals(), line); err != nil {
		return err
	}
	return s.syncSeals()
}

// syncSeals makes seals.jsonl last, and for a file that may be new its name.
// Only then is it certain that the last seal is there.
func (s *Sealer) syncSeals() error {
	if err := s.o.disk.Sync(s.seals()); err != nil {
		return err
	}
	if s.key.last.K == 1 {
		if err := s.o.disk.SyncDir(s.o.Journal); err != nil {
			return err
		}
	}
	st, err := os.Lstat(s.seals())
	if err != nil {
		return err
	}
	s.size, s.unsure = st.Size(), false
	return nil
}

// settle adds the last seal to seals.jsonl if it is not there, or not whole:
// the sealer was killed, or the disk was full.
func (s *Sealer) settle() error {
	end, size, err := readEnd(s.seals(), 2*maxSealLine)
	if err != nil {
		return fmt.Errorf("read seals: %w", err)
	}
	s.size = size
	line, whole := lastLine(end)
	if s.key.last == nil {
		if len(line) > 0 {
			s.warn(fmt.Errorf("%s holds something before the first seal: %w", SealsFile, ErrReplaced))
		}
		return nil
	}
	want := s.key.last.appendTo(nil)
	switch {
	case bytes.Equal(line, want) && whole:
		return s.syncSeals() // a process that was killed may not have
	case bytes.Equal(line, want): // only its line feed is missing
		if err := s.o.disk.Append(s.seals(), []byte("\n")); err != nil {
			return err
		}
		return s.syncSeals()
	}
	for len(line) > 0 && isTorn(line, want) {
		end = bytes.TrimSuffix(bytes.TrimRight(end, "\n"), line)
		line, _ = lastLine(end)
	}
	if !s.isBefore(line) {
		s.warn(fmt.Errorf("%s does not end with seal %d or the one before: %w", SealsFile, s.key.last.K, ErrReplaced))
	}
	return s.appendLast()
}

// isBefore reports whether line is that of the seal before the last.
func (s *Sealer) isBefore(line []byte) bool {
	if s.key.last.K == 1 {
		return len(line) == 0
	}
	return Hash(sha256.Sum256(line)) == s.key.last.Prev
}

// isTorn reports whether line is what a crash leaves of whole: its beginning,
// maybe with zeros where something had yet to be written, also in place of the
// line feed in front.
func isTorn(line, whole []byte) bool {
	if bytes.Equal(line, whole) {
		return false
	}
	line = bytes.TrimRight(line, "\x00")
	if len(line) > 0 && line[0] == 0 {
		line = line[1:]
	}
	if len(line) > len(whole) {
		return false
	}
	for i, b := range line {
		if b != 0 && b != whole[i] {
			return false
		}
	}
	return true
}

// readEnd reads at most the last limit bytes of a file, and tells its size. A
// file that is missing is empty.
func readEnd(path string, limit int64) ([]byte, int64, error) {
	f, err := openRead(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	b := make([]byte, min(limit, st.Size()))
	n, err := f.ReadAt(b, st.Size()-int64(len(b)))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], st.Size(), err
}
