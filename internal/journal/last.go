package journal

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"gander/internal/journal/record"
	"gander/internal/journal/zst"
)

// lastReach is how far from the end of a segment Last looks for a record.
const lastReach = 1 << 20

// Last tells when the newest record of a segment was made and how large the
// segment is, not compressed. Where the last record is longer than a megabyte,
// or damaged, it is the file's own time of change instead.
func Last(path string) (t time.Time, size int64, err error) {
	f, err := OpenSegment(path)
	if err != nil {
		return time.Time{}, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return time.Time{}, 0, err
	}
	if size, err = f.Size(); err != nil || size == 0 {
		return time.Time{}, 0, err
	}
	if _, err := f.Seek(max(0, size-lastReach), io.SeekStart); err != nil {
		return time.Time{}, 0, err
	}
	end, err := readEnd(f)
	if err != nil {
		return time.Time{}, 0, err
	}
	return lastRecord(end, st), size, nil
}

// readEnd reads what is left of f, at most lastReach bytes: of pieces between
// damage, the last.
func readEnd(f *File) (end []byte, err error) {
	for {
		piece, err := io.ReadAll(io.LimitReader(f, lastReach))
		if len(piece) > 0 {
			end = piece
		}
		var damage *zst.DamageError
		if !errors.As(err, &damage) {
			return end, err
		}
	}
}

func lastRecord(end []byte, st os.FileInfo) time.Time {
	for len(end) > 0 {
		i := bytes.LastIndexByte(end, '\n')
		if r, err := record.Parse(end[i+1:]); err == nil {
			return r.Time
		}
		if i < 0 {
			break
		}
		end = end[:i]
	}
	return st.ModTime().UTC()
}
