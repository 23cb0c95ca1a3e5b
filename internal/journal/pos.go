package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"gander/internal/journal/zst"
)

// headSize is how many bytes of a segment identify it. Every record's first
// bytes hold a time in nanoseconds and a pid, so two segments never share them.
const headSize = 256

// A Pos is a place between two records, with what is needed to find it again
// and to notice that what lies before it is no longer what was read. Inode
// numbers play no part: file systems reuse them at once.
type Pos struct {
	Segment uint64 `json:"segment"`  // its number when the position was taken
	Offset  int64  `json:"offset"`   // bytes read
	HeadLen int    `json:"head_len"` // bytes Head was made of: headSize, or Offset if that is less
	Head    string `json:"head"`     // SHA-256 of the first HeadLen bytes, hex
	Sum     string `json:"sum"`      // SHA-256 of the first Offset bytes, hex

	// Open are the places in older segments that were not closed yet when the
	// position was taken: what a late writer adds to them is still to be read.
	Open []Pos `json:"open,omitempty"`
}

// IsZero reports whether p is the beginning of everything.
func (p Pos) IsZero() bool { return p.Segment == 0 && p.Offset == 0 && p.Sum == "" && p.Open == nil }

// A Meter hashes a segment as it is read, so that a position can be taken at
// any time.
type Meter struct {
	segment uint64
	offset  int64
	head    hash.Hash
	headLen int
	sum     hash.Hash
}

// NewMeter begins at the start of segment number n.
func NewMeter(n uint64) *Meter {
	return &Meter{segment: n, head: sha256.New(), sum: sha256.New()}
}

// Write takes the next bytes of the segment. It never fails.
func (m *Meter) Write(p []byte) (int, error) {
	if m.headLen < headSize {
		k := min(len(p), headSize-m.headLen)
		m.head.Write(p[:k])
		m.headLen += k
	}
	m.sum.Write(p)
	m.offset += int64(len(p))
	return len(p), nil
}

// Pos is the position after everything written so far.
func (m *Meter) Pos() Pos {
	return Pos{
		Segment: m.segment,
		Offset:  m.offset,
		HeadLen: m.headLen,
		Head:    hex.EncodeToString(m.head.Sum(nil)),
		Sum:     hex.EncodeToString(m.sum.Sum(nil)),
	}
}

// ErrHistoryChanged is returned when the bytes before a position are not the
// bytes that were read.
var ErrHistoryChanged = errors.New("the journal before the saved position has changed")

// Resume finds the segment p lies in, by its number or, if the numbers have
// changed, by its head, and reads it again up to p. The returned file stands at
// p and the meter has seen all before it. Errors wrap ErrHistoryChanged when no
// segment fits or its bytes differ. The places in p.Open are positions of their
// own, to be resumed one by one.
func Resume(dir string, p Pos) (*File, *Meter, Segment, error) {
	for {
		before, err := Segments(dir)
		if err != nil {
			return nil, nil, Segment{}, err
		}
		f, m, s, err := resumeAmong(before, p)
		if err == nil {
			return f, m, s, nil
		}
		after, listErr := Segments(dir)
		if listErr != nil || slices.EqualFunc(before, after, samePlace) {
			return nil, nil, Segment{}, err
		}
	}
}

// samePlace reports whether a segment still is where it was.
func samePlace(a, b Segment) bool { return a.Number == b.Number && a.Path == b.Path }

func resumeAmong(segs []Segment, p Pos) (*File, *Meter, Segment, error) {
	reason := fmt.Errorf("segment %d is gone: %w", p.Segment, ErrHistoryChanged)
	i := slices.IndexFunc(segs, func(s Segment) bool { return s.Number == p.Segment })
	if i >= 0 {
		f, m, err := resumeIn(segs[i], p)
		if err == nil {
			return f, m, segs[i], nil
		}
		reason = err
	}
	for k, s := range segs {
		if k == i || p.HeadLen == 0 { // where nothing was read, any segment would do
			continue
		}
		if f, m, err := resumeIn(s, p); err == nil {
			return f, m, s, nil
		}
	}
	return nil, nil, Segment{}, reason
}

func resumeIn(s Segment, p Pos) (*File, *Meter, error) {
	f, err := OpenSegment(s.Path)
	if err != nil {
		return nil, nil, fmt.Errorf("segment %d: %w: %w", s.Number, err, ErrHistoryChanged)
	}
	m := NewMeter(s.Number)
	if err := m.readTo(f, p); err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("segment %d %w: %w", s.Number, err, ErrHistoryChanged)
	}
	return f, m, nil
}

// readTo reads f up to p. Its error is what was found instead.
func (m *Meter) readTo(f *File, p Pos) error {
	if err := m.read(f, int64(p.HeadLen)); err != nil || m.Pos().Head != p.Head {
		return errors.New("begins differently")
	}
	if err := m.read(f, p.Offset-int64(p.HeadLen)); err != nil {
		return fmt.Errorf("ends at byte %d, before byte %d", m.offset, p.Offset)
	}
	if m.Pos().Sum != p.Sum {
		return fmt.Errorf("was edited before byte %d", p.Offset)
	}
	return nil
}

// read takes the next n bytes of f. Where f is damaged they count as zeros.
func (m *Meter) read(f *File, n int64) error {
	for end := m.offset + n; m.offset < end; {
		_, err := io.CopyN(m, f, end-m.offset)
		var damage *zst.DamageError
		switch {
		case errors.As(err, &damage):
			writeZeros(m, damage.To-m.offset)
		case err != nil:
			return err
		}
	}
	return nil
}

// writeZeros gives w n zeros, for bytes that cannot be read any more.
func writeZeros(w io.Writer, n int64) {
	var zeros [4 << 10]byte
	for ; n > 0; n -= int64(len(zeros)) {
		_, _ = w.Write(zeros[:min(n, int64(len(zeros)))]) // a hash: never fails
	}
}
