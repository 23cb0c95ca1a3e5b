package zst

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// readTable finds the frames by the table at the end of a file of size bytes.
// It reports false unless the table accounts for every byte of the file.
func (r *Reader) readTable(size int64) (ok bool, err error) {
	if size < tableHead+tableFoot {
		return false, nil
	}
	var foot [tableFoot]byte
	if _, err := r.src.ReadAt(foot[:], size-tableFoot); err != nil {
		return false, err
	}
	n := int64(binary.LittleEndian.Uint32(foot[:]))
	begin := size - tableFoot - n*tableEntry - tableHead
	if n > maxFrames || begin < n*minFrame || foot[4] != 0 || !bytes.Equal(foot[5:], footMagic) {
		return false, nil
	}
	table := make([]byte, tableHead+n*tableEntry)
	if _, err := r.src.ReadAt(table, begin); err != nil {
		return false, err
	}
	if !bytes.HasPrefix(table, tableMagic) || int64(binary.LittleEndian.Uint32(table[4:])) != n*tableEntry+tableFoot {
		return false, nil
	}
	return r.parseTable(table[tableHead:], begin), nil
}

// parseTable takes the entries of a table that begins at byte begin.
func (r *Reader) parseTable(entries []byte, begin int64) bool {
	var at int64
	for ; len(entries) > 0; entries = entries[tableEntry:] {
		length, holds := binary.LittleEndian.Uint32(entries), binary.LittleEndian.Uint32(entries[4:])
		if length < minFrame || length > maxFrame || holds == 0 || holds > FrameSize {
			break
		}
		r.add(at, int64(length), int64(holds))
		at += int64(length)
	}
	if len(entries) > 0 || at != begin {
		r.frames, r.size = nil, 0
		return false
	}
	return true
}

// walk finds the frames of a file of size bytes without its table. Behind a
// frame it cannot follow it looks for the next one, and takes what lies between
// for one whole frame that is lost.
func (r *Reader) walk(size int64) error {
	var at int64
	for steps := 0; at < size; steps++ {
		head, err := r.head(at, size)
		if err != nil {
			return err
		}
		next, holds := r.step(head, at, size)
		switch {
		case holds < 0 && len(r.frames) > 0 && r.isTail(size-at):
			return nil
		case holds < 0 && len(r.frames) == 0, steps >= 2*maxFrames, len(r.frames) == maxFrames:
			return ErrFormat
		case holds < 0:
			next, holds = r.resync(at+1, size), FrameSize
			fallthrough
		case holds > 0:
			r.add(at, next-at, holds)
		}
		at = next
	}
	if at == 0 {
		return ErrFormat
	}
	return nil
}

// isTail reports whether the last n bytes of the file are no frame: too few for
// one, or just enough for the table.
func (r *Reader) isTail(n int64) bool {
	return n < minFrame || n == tableHead+int64(len(r.frames))*tableEntry+tableFoot
}

// step finds the end of the frame at byte at, which begins with head, and how
// many bytes of the segment it holds: 0 for a skippable frame, -1 for a frame
// that cannot be followed.
func (r *Reader) step(head []byte, at, size int64) (next, holds int64) {
	var h zstd.Header
	if h.Decode(head) == nil && h.Skippable {
		return min(size, at+int64(h.HeaderSize)+int64(h.SkippableSize)), 0
	}
	h, err := parseHeader(head)
	if err != nil {
		return 0, -1
	}
	next, ok := r.blocks(at+int64(h.HeaderSize), size)
	if !ok { // cut off or damaged, but it says what it held
		next = r.resync(at+1, size)
	}
	return next, int64(h.FrameContentSize)
}

// head reads enough for a frame's header.
func (r *Reader) head(at, size int64) ([]byte, error) {
	head := make([]byte, min(headerMax, size-at))
	_, err := r.src.ReadAt(head, at)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head, err
}

// blocks walks from the first block of a frame to the frame's end.
func (r *Reader) blocks(at, size int64) (end int64, ok bool) {
	const rle, reserved = 1, 3
	for range maxBlocks {
		var b [3]byte
		if _, err := r.src.ReadAt(b[:], at); err != nil {
			return 0, false
		}
		v := int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16
		length := v >> 3
		switch v >> 1 & 3 {
		case rle:
			length = 1
		case reserved:
			return 0, false
		}
		at += int64(len(b)) + length
		if v&1 != 0 {
			at += 4 // the checksum
			return at, at <= size
		}
	}
	return 0, false
}

// resync returns where, from byte at on, the next frame begins that can be
// followed, or the end of the file.
func (r *Reader) resync(at, size int64) int64 {
	buf := make([]byte, 64<<10)
	for at < size {
		n, err := r.src.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if n == 0 || err != nil && !errors.Is(err, io.EOF) {
			break
		}
		last := at+int64(n) == size
		i, ok := nextHead(buf[:n], last)
		if ok || last {
			return at + int64(i)
		}
		at += int64(i)
	}
	return size
}

// nextHead returns where in b a frame begins that can be followed. If there is
// none it returns how much of b need not be looked at again: all of it when it
// is the last of the file.
func nextHead(b []byte, last bool) (i int, ok bool) {
	for end := len(b) - headerMax; i < end || last && i < len(b); i++ {
		k := magicIn(b[i:])
		if k < 0 {
			break
		}
		if i += k; i < end || last {
			if follows(b[i:]) {
				return i, true
			}
		}
	}
	if last {
		return len(b), false
	}
	return max(1, len(b)-headerMax), false
}

// magicIn returns where in b a magic number lies, or -1.
func magicIn(b []byte) int {
	i := bytes.Index(b, frameMagic)
	if i >= 0 {
		b = b[:i]
	}
	if k := bytes.Index(b, tableMagic); k >= 0 {
		return k
	}
	return i
}

// follows reports whether head can begin a frame of a compressed segment or
// its table.
func follows(head []byte) bool {
	_, err := parseHeader(head)
	return err == nil || bytes.HasPrefix(head, tableMagic)
}
