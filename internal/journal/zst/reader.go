package zst

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A Reader gives the bytes of a compressed segment. It belongs to one
// goroutine.
type Reader struct {
	src    io.ReaderAt
	frames []frame
	size   int64
	pos    int64
	torn   bool   // the table is missing, which has not been said yet
	held   int    // the frame that buf holds, -1 for none
	buf    []byte // a frame's bytes
	raw    []byte // and as they were compressed
}

// NewReader reads the compressed segment of size bytes that src holds. It
// returns [ErrFormat] for a file that is none, and errors of src.
func NewReader(src io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{src: src, held: -1}
	ok, err := r.readTable(size)
	if err == nil && !ok {
		r.torn = true
		err = r.walk(size)
	}
	if err != nil {
		return nil, fmt.Errorf("read compressed segment: %w", err)
	}
	return r, nil
}

// Size is how many bytes the segment has.
func (r *Reader) Size() int64 { return r.size }

// Read gives the next bytes, at most up to the end of a frame. When they are
// damaged it returns none and a [DamageError], and goes on behind them with the
// next call. Before the end of a file without its table it returns one of no
// bytes, once: what followed may be lost.
func (r *Reader) Read(p []byte) (int, error) {
	switch {
	case r.pos >= r.size && r.torn:
		r.torn = false
		return 0, &DamageError{From: r.size, To: r.size, Err: errTable}
	case r.pos >= r.size:
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	i, end := r.find(r.pos)
	if err := r.load(i, int(end-r.frames[i].start)); err != nil {
		d := &DamageError{From: r.pos, To: end, Err: err}
		r.pos = end
		return 0, d
	}
	n := copy(p, r.buf[r.pos-r.frames[i].start:])
	r.pos += int64(n)
	return n, nil
}

// Seek moves to a byte of the segment; see [io.Seeker].
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seek in compressed segment: before its beginning")
	}
	r.pos = offset
	return offset, nil
}

// find returns the frame that holds byte pos of the segment, and its end.
func (r *Reader) find(pos int64) (i int, end int64) {
	next := sort.Search(len(r.frames), func(k int) bool { return r.frames[k].start > pos })
	if next == len(r.frames) {
		return next - 1, r.size
	}
	return next - 1, r.frames[next].start
}

// add appends a frame of length bytes at offset, which holds size bytes of the
// segment.
func (r *Reader) add(offset, length, size int64) {
	r.frames = append(r.frames, frame{start: r.size, offset: offset, length: length})
	r.size += size
}

// load makes buf hold frame i, which must give want bytes.
func (r *Reader) load(i, want int) error {
	if r.held == i {
		return nil
	}
	r.held = -1
	f := r.frames[i]
	if f.length > maxFrame {
		return fmt.Errorf("%d bytes before the next frame", f.length)
	}
	if cap(r.raw) < int(f.length) {
		r.raw = make([]byte, maxFrame)
	}
	r.raw = r.raw[:f.length]
	if _, err := r.src.ReadAt(r.raw, f.offset); err != nil {
		return err
	}
	h, err := parseHeader(r.raw)
	if err != nil {
		return err
	}
	if h.FrameContentSize != uint64(want) {
		return fmt.Errorf("frame of %d bytes where %d are due", h.FrameContentSize, want)
	}
	if r.buf == nil {
		r.buf = make([]byte, 0, FrameSize)
	}
	r.buf, err = decoder().DecodeAll(r.raw, r.buf[:0])
	if err != nil {
		return err
	}
	if len(r.buf) != want {
		return fmt.Errorf("frame gives %d bytes where %d are due", len(r.buf), want)
	}
	r.held = i
	return nil
}

// parseHeader reads a frame's header and refuses whatever could need more
// memory than a frame, or could be damaged unnoticed.
func parseHeader(b []byte) (h zstd.Header, err error) {
	switch err := h.Decode(b); {
	case err != nil:
		return h, err
	case h.Skippable:
		return h, errors.New("no frame of data")
	case !h.HasFCS, h.FrameContentSize == 0, h.FrameContentSize > FrameSize, h.WindowSize > FrameSize:
		return h, fmt.Errorf("frame of %d bytes", h.FrameContentSize)
	case !h.HasCheckSum, h.DictionaryID != 0:
		return h, errors.New("frame without checksum, or with a dictionary")
	}
	return h, nil
}

// decoder is for DecodeAll, which keeps nothing between calls.
var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(FrameSize), zstd.WithDecoderMaxWindow(FrameSize), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic("zst: " + err.Error()) // the options are constants
	}
	return d
})
