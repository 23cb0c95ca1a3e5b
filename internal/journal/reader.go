package journal

import (
	"bytes"
	"errors"
	"io"

	"gander/internal/journal/record"
	"gander/internal/journal/zst"
)

// ErrTooLong is the error of a line longer than any record can be.
var ErrTooLong = errors.New("line longer than any record")

// An Entry is one line of a segment. Line and Record are valid until the next
// call of Next.
type Entry struct {
	Offset int64 // of the line's first byte
	End    int64 // just after its line feed
	Line   []byte
	Record record.Record // when Err is nil
	Err    error         // record.ErrTorn, record.ErrForeign, ErrTooLong or *zst.DamageError: a corrupt entry
}

// A Reader gives the entries of a segment, also of one that grows: after
// io.EOF it can be asked again.
type Reader struct {
	src     io.Reader
	tee     io.Writer // sees every byte that is passed over; may be nil
	buf     []byte    // unread bytes are buf[from:]
	from    int
	scanned int              // buf[from:scanned] holds no line feed
	offset  int64            // of buf[from] in the segment
	skipped int64            // bytes of an over-long line thrown away so far
	damage  *zst.DamageError // found by src behind buf
}

const (
	readSize  = 64 << 10
	keepLarge = 1 << 20 // a buffer larger than this is given back after use
)

// NewReader reads src, whose first byte lies at offset in the segment; offset
// must be the beginning of a line.
func NewReader(src io.Reader, offset int64) *Reader {
	return &Reader{src: src, offset: offset}
}

// Next returns the next whole line. It returns io.EOF at the end of src; a
// line without a line feed yet stays unread, since its writer may be at work.
// A damaged part of a compressed segment is an entry without a line. Other
// errors come from src.
func (r *Reader) Next() (Entry, error) {
	for {
		if r.damage != nil {
			return r.hole(), nil
		}
		e, ok := r.line()
		if ok && len(e.Line) == 0 && e.Err == nil {
			continue // the line feed in front of a record
		}
		if ok {
			return e, nil
		}
		err := r.more()
		switch {
		case errors.As(err, &r.damage):
			if e, ok := r.Rest(); ok { // the damage has taken its end
				return e, nil
			}
		case err != nil:
			return Entry{}, err
		}
	}
}

// hole passes over the damage.
func (r *Reader) hole() Entry {
	e := Entry{Offset: r.offset, End: r.damage.To, Err: r.damage}
	if r.tee != nil {
		writeZeros(r.tee, e.End-e.Offset)
	}
	r.offset, r.damage = e.End, nil
	return e
}

// Tee makes w see every byte as it is passed over, in order: the lines that
// Next has returned with their line feeds, but not what is read ahead. Damaged
// bytes are seen as zeros.
func (r *Reader) Tee(w io.Writer) { r.tee = w }

// Ahead is the offset up to which src has been read.
func (r *Reader) Ahead() int64 { return r.offset + int64(len(r.buf)-r.from) }

// Offset is where the next entry begins.
func (r *Reader) Offset() int64 { return r.offset - r.skipped }

// Rest returns the line without a line feed at the end of a file that will not
// grow any more, and false when there is none.
func (r *Reader) Rest() (Entry, bool) {
	if r.from == len(r.buf) && r.skipped == 0 {
		return Entry{}, false
	}
	e := r.entry(r.buf[r.from:], 0)
	if e.Err == nil {
		e.Err = record.ErrTorn // whole, but for the line feed that ends it
	}
	return e, true
}

// line cuts one line off the buffer.
func (r *Reader) line() (Entry, bool) {
	i := bytes.IndexByte(r.buf[r.scanned:], '\n')
	if i < 0 {
		r.scanned = len(r.buf)
		return Entry{}, false
	}
	return r.entry(r.buf[r.from:r.scanned+i], 1), true
}

// entry makes an entry of line, which is followed by feed line feeds.
func (r *Reader) entry(line []byte, feed int) Entry {
	e := Entry{Offset: r.Offset(), Line: line, End: r.offset + int64(len(line)+feed)}
	switch {
	case r.skipped > 0 || len(line) > record.MaxLine:
		e.Err = ErrTooLong
	case len(line) > 0:
		e.Record, e.Err = record.Parse(line)
	}
	r.pass(len(line) + feed)
	r.skipped = 0
	return e
}

// pass moves over the next n bytes of the buffer.
func (r *Reader) pass(n int) {
	if r.tee != nil {
		_, _ = r.tee.Write(r.buf[r.from : r.from+n]) // a hash: never fails
	}
	r.offset += int64(n)
	r.from += n
	r.scanned = r.from
}

// more reads once into the buffer, making room first.
func (r *Reader) more() error {
	r.makeRoom()
	n, err := r.src.Read(r.buf[len(r.buf):cap(r.buf)])
	r.buf = r.buf[:len(r.buf)+n]
	if n > 0 {
		return nil
	}
	return err
}

func (r *Reader) makeRoom() {
	held := len(r.buf) - r.from
	if held > record.MaxLine { // no record: drop it and remember how much it was
		r.pass(held)
		r.skipped += int64(held)
		held = 0
	}
	switch {
	case held == 0 && cap(r.buf) > keepLarge:
		r.buf = make([]byte, 0, readSize)
	case cap(r.buf)-len(r.buf) >= readSize/2:
		return
	case held < cap(r.buf)/2:
		r.buf = r.buf[:copy(r.buf[:held], r.buf[r.from:])]
	default:
		r.buf = append(make([]byte, 0, max(2*held, readSize)), r.buf[r.from:]...)
	}
	r.scanned -= r.from
	r.from = 0
}
