// Package fileflags makes a file immutable and mutable again.
//
// An immutable file cannot be written, truncated, renamed, linked or deleted.
// On Linux that is the flag of chattr +i, which root alone can set and clear;
// on macOS that of chflags uchg, which the owner can too. Other systems, and
// file systems without flags, give [ErrUnsupported].
//
// The flag protects a file, not the path to it: whoever may rename a directory
// above can put another file in the place. And, ext4 apart, it does not stop
// who had the file open for writing before.
//
// Symbolic links, directories and special files are refused. Errors are
// [fs.PathError]s that say what to do; [fs.ErrPermission] tells those that more
// rights would solve. The functions hold nothing between calls and may be
// called at the same time.
package fileflags

import (
	"errors"
	"io/fs"
)

// ErrUnsupported is wrapped by errors about a system or a file system that has
// no immutable flag.
var ErrUnsupported = errors.New("immutable flag is not supported")

// Set makes the file immutable, then looks whether the flag stuck and whether
// path still names that file. It refuses a file with several hard links, one of
// which somebody else may have made. An immutable file is left alone.
func Set(path string) error { return pathError("set immutable flag of", path, set(path)) }

// Clear makes the file mutable again, and looks whether the flag is gone. A
// mutable file is left alone.
func Clear(path string) error { return pathError("clear immutable flag of", path, clearFlag(path)) }

// Get reports whether the file is immutable by the flag that [Set] sets.
func Get(path string) (bool, error) {
	on, err := get(path)
	return on, pathError("read immutable flag of", path, err)
}

// pathError tells the step and the path once, not again for each layer.
func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
