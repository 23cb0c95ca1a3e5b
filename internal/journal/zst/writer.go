package zst

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A Writer compresses a segment. Close must be called, and does not close the
// underlying writer.
type Writer struct {
	dst   io.Writer
	enc   *zstd.Encoder
	buf   []byte // of the frame being filled
	out   []byte
	table []byte
	err   error
}

// NewWriter returns a Writer to dst.
func NewWriter(dst io.Writer) *Writer {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true),
		zstd.WithWindowSize(FrameSize), zstd.WithSingleSegment(true))
	if err != nil {
		panic("zst: " + err.Error()) // the options are constants
	}
	return &Writer{dst: dst, enc: enc, buf: make([]byte, 0, FrameSize)}
}

// Write takes the next bytes of the segment. After an error every call returns
// the same.
func (w *Writer) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) && w.err == nil {
		k := min(len(p)-n, FrameSize-len(w.buf))
		w.buf = append(w.buf, p[n:n+k]...)
		n += k
		if len(w.buf) == FrameSize {
			w.flush()
		}
	}
	return n, w.err
}

// Close writes the last frame and the table.
func (w *Writer) Close() error {
	if len(w.buf) > 0 {
		w.flush()
	}
	n := len(w.table) / tableEntry
	t := binary.LittleEndian.AppendUint32(tableMagic[:4:4], uint32(len(w.table)+tableFoot))
	t = append(t, w.table...)
	t = binary.LittleEndian.AppendUint32(t, uint32(n))
	t = append(t, 0) // no checksums: every frame has its own
	w.write(append(t, footMagic...))
	return w.err
}

func (w *Writer) flush() {
	if len(w.table)/tableEntry == maxFrames {
		w.err = fmt.Errorf("compress segment: it is larger than %d bytes", int64(MaxSize))
		return
	}
	w.out = w.enc.EncodeAll(w.buf, w.out[:0])
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(len(w.out)))
	w.table = binary.LittleEndian.AppendUint32(w.table, uint32(len(w.buf)))
	w.buf = w.buf[:0]
	w.write(w.out)
}

func (w *Writer) write(p []byte) {
	if w.err == nil {
		_, w.err = w.dst.Write(p)
	}
}
