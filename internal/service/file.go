package service

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is one file of a service.
type File struct {
	Path string
	Data []byte
	Mode fs.FileMode
}

// Write puts the file in its place, whole or not at all, and makes the
// directories above. A file that is there with the same data and mode is left
// alone; Write reports whether it was not.
func (f File) Write() (changed bool, err error) {
	if f.isCurrent() {
		return false, nil
	}
	if err := f.replace(); err != nil {
		return false, fmt.Errorf("write service file: %w", err)
	}
	return true, nil
}

// isCurrent opens nothing but a regular file of the right size: an agent can
// put a pipe there.
func (f File) isCurrent() bool {
	info, err := os.Lstat(f.Path)
	if err != nil || info.Mode() != f.Mode || info.Size() != int64(len(f.Data)) {
		return false
	}
	data, err := os.ReadFile(f.Path)
	return err == nil && bytes.Equal(data, f.Data)
}

func (f File) replace() error {
	dir := filepath.Dir(f.Path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".gander-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(f.Data)
	if err := errors.Join(err, tmp.Chmod(f.Mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), f.Path)
}
