package rotate

import (
	"errors"
	"fmt"
	"io/fs"

	"gander/internal/journal"
)

// Reserve keeps n bytes of disk allocated behind the end of dir's live segment,
// so that hooks can go on appending for a while when the disk is full. Whatever
// they append uses it up; it is filled up again when half of it is gone. Without
// a live segment there is nothing to do. Errors wrap errors.ErrUnsupported where
// space cannot be reserved (only Linux can, and not every file system), and
// syscall.ENOSPC when the disk is full already.
func Reserve(dir string, n int64) error {
	path := journal.LivePath(dir)
	f, err := openLive(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reserve space: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reserve space: %w", err)
	}
	if !st.Mode().IsRegular() {
		return &fs.PathError{Op: "reserve space for", Path: path, Err: fs.ErrInvalid}
	}
	if allocated(st)-st.Size() >= n/2 {
		return nil
	}
	return allocate(f, st.Size(), n)
}
