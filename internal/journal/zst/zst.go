// Package zst is the compressed form of a closed segment.
//
// A compressed segment is a row of zstd frames of at most [FrameSize] bytes of
// the segment each, and a table of them in a skippable frame at the end: the
// zstd seekable format, version 0.1.0, without its optional checksums, since
// every frame carries its own. zstd and zstdcat read it as they read any other
// file. Offsets are those of the uncompressed segment.
//
// Whoever can write the file cannot make a [Reader] panic, hold more than two
// frames in memory, or stop early: a frame that is not what it must be is a
// [DamageError] that names the bytes lost, and reading goes on behind it.
// Without its table a file is read by walking over its frames.
// docs/format/journal.md has the whole of it.
package zst

import (
	"bytes"
	"errors"
	"fmt"
)

const (
	// FrameSize is how many bytes of a segment a frame holds at most.
	FrameSize = 1 << 20
	// MaxSize is the largest segment that can be compressed.
	MaxSize = maxFrames * FrameSize

	maxFrames = 1 << 16
	// maxBlocks bounds the blocks of a frame that is walked over. A Writer makes
	// eight.
	maxBlocks = 256
	// maxFrame bounds the compressed size of a frame. Bytes that do not compress
	// are stored in blocks of 128 KiB with three bytes each.
	maxFrame = FrameSize + 1<<10
	// minFrame is a header, one empty block and a checksum.
	minFrame = 4 + 2 + 3 + 4
)

// The magic numbers, as they lie in the file.
var (
	frameMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	tableMagic = []byte{0x5e, 0x2a, 0x4d, 0x18}
	footMagic  = []byte{0xb1, 0xea, 0x92, 0x8f}
)

const (
	headerMax  = 18 // bytes of a frame's header
	tableHead  = 8  // magic, length of what follows
	tableEntry = 8  // compressed size, size
	tableFoot  = 9  // number of frames, descriptor, magic
)

// ErrFormat is returned for a file that is no compressed segment: not zstd, or
// zstd in frames of another size, as the zstd command writes them.
var ErrFormat = errors.New("not a compressed segment (zstdcat may read it)")

var errTable = errors.New("the table at the end of the file is missing or damaged")

// A DamageError names bytes of the segment that cannot be read any more. It
// wraps the reason.
type DamageError struct {
	From, To int64 // byte From is the first one lost, byte To is not lost
	Err      error
}

func (e *DamageError) Error() string {
	if e.From == e.To {
		return fmt.Sprintf("what followed byte %d of a compressed segment may be lost: %v", e.From, e.Err)
	}
	return fmt.Sprintf("bytes %d to %d of a compressed segment are damaged: %v", e.From, e.To-1, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }

// A frame is a piece of the segment.
type frame struct {
	start  int64 // of its bytes in the segment
	offset int64 // of the frame in the file
	length int64 // of the frame in the file
}

// IsMagic reports whether b begins as a zstd file does.
func IsMagic(b []byte) bool {
	return bytes.HasPrefix(b, frameMagic) || bytes.HasPrefix(b, tableMagic)
}
