package rotate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"gander/internal/journal"
	"gander/internal/journal/zst"
)

// ErrChanged is returned by Compress for a segment that grew although it was
// closed: somebody else than a hook wrote to it. The plain file is kept.
var ErrChanged = errors.New("the segment changed while it was compressed")

// Compress replaces a closed segment by its compressed form, at low priority.
// The plain file is removed only when the other has been synced to disk and read
// back: killed at any moment, Compress leaves the plain file or both, and can be
// called again. Cancelling ctx stops it and leaves the segment as it was. A
// segment that is compressed already is returned as it is; one that is deleted
// meanwhile stays deleted, and the error wraps fs.ErrNotExist.
func Compress(ctx context.Context, seg journal.Segment) (journal.Segment, error) {
	if seg.Compressed {
		return seg, nil
	}
	if !seg.Closed() {
		return seg, fmt.Errorf("compress segment %d: it is not closed", seg.Number)
	}
	done := make(chan error)
	go func() {
		yieldThread() // the thread ends with this goroutine
		done <- compress(ctx, seg.Path, journal.CompressedPath(filepath.Dir(seg.Path), seg.Number))
	}()
	if err := <-done; err != nil {
		return seg, fmt.Errorf("compress segment %d: %w", seg.Number, err)
	}
	return segment(filepath.Dir(seg.Path), seg.Number)
}

func compress(ctx context.Context, plain, path string) error {
	src, err := openOld(plain)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := removeTemps(path); err != nil {
		return err
	}
	temp, size, err := writeCompressed(ctx, src, path)
	if err != nil {
		return err
	}
	if err := replace(src, plain, temp, path, size); err != nil {
		os.Remove(temp) // if it still has that name
		return err
	}
	return syncDir(filepath.Dir(path))
}

// exchanging is held while a segment changes its form or is deleted, so that
// one that is deleted does not come back compressed.
var exchanging sync.Mutex

// replace puts the compressed file temp in the place of the plain one, which is
// src and had size bytes when it was compressed.
func replace(src *os.File, plain, temp, path string, size int64) error {
	exchanging.Lock()
	defer exchanging.Unlock()
	if err := unchanged(src, plain, size); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	if err := unchanged(src, plain, size); err != nil {
		return err // both lie there, and the plain one counts
	}
	return os.Remove(plain)
}

// unchanged reports that src still is the file at path, and how large.
func unchanged(src *os.File, path string, size int64) error {
	st, err := src.Stat()
	if err != nil {
		return err
	}
	now, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case !os.SameFile(st, now), st.Size() != size:
		return ErrChanged
	}
	return nil
}

// removeTemps removes unfinished files of the compressed segment at path, which
// killed processes have left.
func removeTemps(path string) error {
	temps, err := matching(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	for _, t := range temps {
		if rmErr := os.Remove(t); !errors.Is(rmErr, fs.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
	}
	return err
}

// writeCompressed makes a file of src beside path, proves that it gives the same
// bytes, and returns its name and how many they are. Nobody else knows the name:
// two that compress the same segment cannot take the unproved file of the other
// for theirs.
func writeCompressed(ctx context.Context, src *os.File, path string) (temp string, size int64, err error) {
	st, err := src.Stat()
	if err != nil {
		return "", 0, err
	}
	if !st.Mode().IsRegular() {
		return "", 0, fmt.Errorf("%s is not a regular file", src.Name())
	}
	dst, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return "", 0, err
	}
	defer func() {
		dst.Close()
		if err != nil {
			os.Remove(dst.Name())
		}
	}()
	if size, err = fill(ctx, dst, src, st.Size()); err != nil {
		return "", 0, err
	}
	// A segment's rights stay, and its age, which is that of its last record.
	err = errors.Join(dst.Chmod(st.Mode().Perm()), os.Chtimes(dst.Name(), st.ModTime(), st.ModTime()))
	return dst.Name(), size, err
}

// fill compresses the first most bytes of src, at most, into dst, and reads them
// back.
func fill(ctx context.Context, dst, src *os.File, most int64) (size int64, err error) {
	sum := sha256.New()
	w := zst.NewWriter(dst)
	size, err = io.Copy(io.MultiWriter(w, sum), io.LimitReader(&cancelReader{ctx, src}, most))
	if err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	if err := dst.Sync(); err != nil {
		return 0, err
	}
	return size, verify(ctx, dst, size, sum)
}

// verify reads a compressed segment back.
func verify(ctx context.Context, f *os.File, size int64, sum hash.Hash) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := zst.NewReader(f, st.Size())
	if err != nil {
		return err
	}
	got := sha256.New()
	n, err := io.Copy(got, &cancelReader{ctx, r})
	if err != nil {
		return err
	}
	if n != size || !bytes.Equal(got.Sum(nil), sum.Sum(nil)) {
		return errors.New("the compressed segment reads differently")
	}
	return nil
}

// A cancelReader ends when its context does.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
