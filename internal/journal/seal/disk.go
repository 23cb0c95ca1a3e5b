package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gander/internal/journal"
)

// A disk is everything a sealer does to files, in steps of which each may be
// the last one before a crash. The tests put another one in its place.
type disk interface {
	// Create writes a new file, with mode 0600.
	Create(path string, b []byte) error
	// Append adds b to a file with one write, creating it with mode 0600.
	Append(path string, b []byte) error
	// Sync makes a file's content last; a file that is missing is none.
	Sync(path string) error
	// SyncDir makes the names in a directory last.
	SyncDir(path string) error
	// Rename puts old in place of new, and gives what overwrites the file that
	// new was.
	Rename(old, new string) (wipe func(), err error)
	// Remove overwrites and removes a file; one that is missing is none.
	Remove(path string) error
}

// replace puts a file with content b in place of path, at once and for good.
// Before, between and after its steps there is one whole file at path; the old
// one is overwritten only when it can no longer come back.
func replace(d disk, path string, b []byte) error {
	next := path + ".new"
	if err := d.Remove(next); err != nil { // from a crash
		return err
	}
	if err := d.Create(next, b); err != nil {
		return err
	}
	if err := d.Sync(next); err != nil {
		return err
	}
	wipe, err := d.Rename(next, path)
	if err != nil {
		return err
	}
	if err := d.SyncDir(filepath.Dir(path)); err != nil {
		return err
	}
	wipe()
	return nil
}

// A realDisk is the file system.
type realDisk struct{}

var _ disk = realDisk{}

func (realDisk) Create(path string, b []byte) error {
	return write(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|openSafe, b)
}

func (realDisk) Append(path string, b []byte) error {
	return write(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|openSafe, b)
}

func write(path string, flags int, b []byte) error {
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return err
	}
	if err := isRegular(f); err != nil {
		f.Close()
		return err
	}
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func (realDisk) Sync(path string) error {
	f, err := os.OpenFile(path, syncFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (realDisk) SyncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && canSyncDirs {
		return err
	}
	return nil
}

// rename keeps the old file open: it has no name any more.
func (realDisk) Rename(old, new string) (func(), error) {
	f, err := openWipe(new)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(old, new); err != nil {
		if f != nil {
			f.Close()
		}
		return nil, err
	}
	return func() { wipe(f) }, nil
}

func (realDisk) Remove(path string) error {
	f, err := openWipe(path)
	if f == nil || err != nil {
		return err
	}
	wipe(f)
	return os.Remove(path)
}

// openWipe opens a file that is to be overwritten. It gives nil for one that
// is missing.
func openWipe(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|openSafe, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := isRegular(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// wipe overwrites a file with zeros and closes it. It is a best effort, whose
// failure leaves nothing to be done: a file system that writes elsewhere than in
// place, its journal, a snapshot or a flash drive may keep what was there.
func wipe(f *os.File) {
	if f == nil {
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return
	}
	_, _ = f.WriteAt(make([]byte, st.Size()), 0)
	_ = f.Sync()
}

func isRegular(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: f.Name(), Err: fmt.Errorf("is not a regular file")}
	}
	return nil
}

// openRead opens a regular file for reading. It never waits.
func openRead(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openSafe, 0)
	if err != nil {
		return nil, err
	}
	if err := isRegular(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// openSegment opens a segment and tells its size, not compressed. A segment
// that is missing is empty.
func openSegment(path string) (io.ReadSeekCloser, int64, error) {
	f, err := journal.OpenSegment(path)
	if errors.Is(err, fs.ErrNotExist) {
		return noFile{}, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	return sized(f)
}

// noFile is a file that is missing.
type noFile struct{}

func (noFile) Read([]byte) (int, error)       { return 0, io.EOF }
func (noFile) Seek(int64, int) (int64, error) { return 0, nil }
func (noFile) Close() error                   { return nil }
