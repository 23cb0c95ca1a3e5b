//go:build unix

package record

import (
	"errors"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFlags make open itself refuse or return at once whatever lies in the
// way: a symbolic link, a FIFO without a reader, a leased file.
const openFlags = unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC

// Append adds frame to the file at path with one write, creating the file
// with mode 0600 and its directory with 0700 if they are missing. It takes no
// lock and does not sync: what was written survives the end of any process, not
// the loss of power. When the disk has no room for frame, digest is called, if
// it is not nil, and what it returns is appended in its place: room for that is
// kept ahead of the file's end. The file must be regular, have one link and belong to the
// caller. Safe for any number of processes at the same time: one write to a
// file opened for appending is never interleaved with another.
func Append(path string, frame []byte, digest func() []byte) error {
	fd, err := open(path)
	if err != nil {
		return &AppendError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd) // nothing is buffered: close has nothing to report
	if err := check(fd); err != nil {
		return &AppendError{Op: "check", Path: path, Err: err}
	}
	if digest != nil && len(frame) > MaxDigest && crowded(fd, len(frame)) {
		frame = digest() // before a large record eats what is kept for small ones
	}
	err = write(fd, frame)
	if digest != nil && (errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)) {
		err = write(fd, digest())
	}
	if err != nil {
		return &AppendError{Op: "write", Path: path, Err: err}
	}
	return nil
}

// crowded reports whether the file system has hardly more room than n bytes.
func crowded(fd, n int) bool {
	const margin = 1 << 20
	var st unix.Statfs_t
	if unix.Fstatfs(fd, &st) != nil {
		return false
	}
	return st.Bavail*uint64(st.Bsize) < uint64(n)+margin
}

// opens is how often open is tried. A file that is leased makes open fail at
// once: at a rotation a hook may just have found the old file, whose lease
// tells when its last writer is gone, and finds the new one the next time.
// Somebody else's lease fails every time.
const opens = 4

func open(path string) (fd int, err error) {
	for range opens {
		fd, err = retry(func() (int, error) { return unix.Open(path, openFlags, 0o600) })
		switch {
		case errors.Is(err, unix.ENOENT):
			if err := unix.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
				return -1, err
			}
		case !errors.Is(err, unix.EWOULDBLOCK):
			return fd, err
		}
	}
	return fd, err
}

func check(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return ErrNotRegular
	case st.Nlink != 1:
		return ErrLinks
	case int(st.Uid) != unix.Geteuid():
		return ErrOwner
	}
	return nil
}

// write makes one write. A short count is how a full disk or a size limit
// announces itself: the rest is tried once, and its error is the reason.
func write(fd int, frame []byte) error {
	n, err := retry(func() (int, error) { return unix.Write(fd, frame) })
	if err != nil || n == len(frame) {
		return err
	}
	m, err := retry(func() (int, error) { return unix.Write(fd, frame[n:]) })
	if err != nil || n+m == len(frame) {
		return err
	}
	return unix.EIO
}

func retry(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// errno returns the number behind err, or 0.
func errno(err error) int {
	var e syscall.Errno
	if errors.As(err, &e) {
		return int(e)
	}
	return 0
}
