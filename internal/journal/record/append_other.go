//go:build !unix

package record

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Append adds frame to the file at path with one write. Without Unix's open
// flags it cannot tell every trap from a file; the watcher can.
func Append(path string, frame []byte, _ func() []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return &AppendError{Op: "open", Path: path, Err: err}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return &AppendError{Op: "open", Path: path, Err: err}
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return &AppendError{Op: "check", Path: path, Err: ErrNotRegular}
	}
	if _, err := f.Write(frame); err != nil {
		return &AppendError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// errno returns the number behind err, or 0.
func errno(err error) int {
	var e syscall.Errno
	if errors.As(err, &e) {
		return int(e)
	}
	return 0
}
