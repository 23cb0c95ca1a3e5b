package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gander/internal/journal/zst"
)

// A File gives the bytes of a segment, whether they are compressed or not.
// Where a compressed segment is damaged, Read returns a [zst.DamageError] and
// goes on behind the damage with the next call.
type File struct {
	file *os.File
	zst  *zst.Reader // nil for a plain file
}

var _ io.ReadSeekCloser = (*File)(nil)

// OpenSegment opens a segment for reading. It refuses anything but a regular
// file, and never waits: a FIFO in the way would. A segment that has been closed
// or compressed since it was listed is found under its new name.
func OpenSegment(path string) (*File, error) {
	f, err := openRegular(path)
	for _, p := range laterPaths(path) {
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if f, err = openRegular(p); err == nil {
			path = p
		}
	}
	if err != nil {
		return nil, err
	}
	return newFile(f, strings.HasSuffix(path, compressedSuffix))
}

// OpenFile opens any file for reading: a segment or a copy of one, compressed
// or not, or any other. What is compressed is known by its first bytes.
func OpenFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return newFile(f, isZstd(f))
}

func newFile(f *os.File, compressed bool) (*File, error) {
	if !compressed {
		return &File{file: f}, nil
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	r, err := zst.NewReader(f, st.Size())
	if err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "read", Path: f.Name(), Err: err}
	}
	return &File{file: f, zst: r}, nil
}

// isZstd looks at the first bytes of a regular file. Those of a pipe would be
// lost to whoever reads it.
func isZstd(f *os.File) bool {
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return false
	}
	var b [4]byte
	_, err = f.ReadAt(b[:], 0)
	return err == nil && zst.IsMagic(b[:])
}

// Read gives the next bytes of the segment.
func (f *File) Read(p []byte) (int, error) {
	if f.zst != nil {
		return f.zst.Read(p)
	}
	return f.file.Read(p)
}

// Seek moves to a byte of the segment; see [io.Seeker].
func (f *File) Seek(offset int64, whence int) (int64, error) {
	if f.zst != nil {
		return f.zst.Seek(offset, whence)
	}
	return f.file.Seek(offset, whence)
}

// Size is how many bytes the segment has now, not compressed.
func (f *File) Size() (int64, error) {
	if f.zst != nil {
		return f.zst.Size(), nil
	}
	st, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// Stat describes the file itself, for [os.SameFile]; its size is that on disk.
func (f *File) Stat() (fs.FileInfo, error) { return f.file.Stat() }

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// openRegular opens path if it is a regular file.
func openRegular(path string) (*os.File, error) {
	st, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("is a %s, not a regular file", kindOf(st.Mode()))}
	}
	return os.OpenFile(path, os.O_RDONLY|openNonblock, 0)
}

// laterPaths are the names a numbered segment at path may have by now.
func laterPaths(path string) []string {
	dir, name := filepath.Split(path)
	n, ok := parseName(name)
	if !ok {
		return nil
	}
	return []string{ClosedPath(dir, n.number), CompressedPath(dir, n.number)}
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "FIFO"
	case m&fs.ModeDevice != 0:
		return "device"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "special file"
}
