package rotate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var native = ways{exchange: exchange, lease: lease}

// exchange leaves no moment without a live file, unless the file system cannot
// exchange two names.
func exchange(live, old string, like fs.FileInfo, reserve int64) error {
	if err := create(old, like, reserve); err != nil {
		return err
	}
	err := unix.Renameat2(unix.AT_FDCWD, old, unix.AT_FDCWD, live, unix.RENAME_EXCHANGE)
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, errors.ErrUnsupported) {
		return portable.exchange(live, old, like, reserve) // over the new file, which nobody knows
	}
	return errors.Join(&os.LinkError{Op: "exchange", Old: old, New: live, Err: err}, os.Remove(old))
}

// create makes the file that is to become live, with the owner and the rights
// of the old one: hooks refuse a file of somebody else.
func create(path string, like fs.FileInfo, reserve int64) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(path)
		}
	}()
	if own, ok := like.Sys().(*syscall.Stat_t); ok && int(own.Uid) != os.Geteuid() {
		if err := f.Chown(int(own.Uid), int(own.Gid)); err != nil {
			return err
		}
	}
	if err := f.Chmod(like.Mode().Perm()); err != nil {
		return err
	}
	if reserve <= 0 {
		return nil
	}
	if err := allocate(f, 0, reserve); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// openOld opens a segment that is no longer live.
func openOld(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

// lease takes a read lease, which the kernel grants only while no process has
// the file open for writing, and which is broken when one tries to open it so.
func lease(ctx context.Context, f *os.File, settle time.Duration) (bool, error) {
	fd := f.Fd()
	_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lease: %w (%w)", errors.ErrUnsupported, err)
	}
	err = sleep(ctx, settle)
	kind, getErr := unix.FcntlInt(fd, unix.F_GETLEASE, 0)
	if err == nil && getErr == nil && kind == unix.F_RDLCK {
		return true, nil
	}
	_, unlockErr := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK)
	return false, errors.Join(err, getErr, unlockErr)
}

// changed is when anything about a file last changed, also its name.
func changed(st fs.FileInfo) time.Time {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return st.ModTime()
}

// holders lists the processes that have f open for writing. Those of other
// users, and files that are only mapped, stay unseen.
func holders(f *os.File) []int {
	own, err := f.Stat()
	if err != nil {
		return nil
	}
	fds, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return nil
	}
	var pids []int
	for _, fd := range fds {
		st, err := os.Stat(fd)
		if err != nil || !os.SameFile(st, own) || !forWriting(fd) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(fd, "/")[2]); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// forWriting reads the flags of an open file, such as /proc/12/fd/3.
func forWriting(fd string) bool {
	info, err := os.ReadFile(strings.Replace(fd, "/fd/", "/fdinfo/", 1))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(info, []byte("flags:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	flags, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 8, 64)
	return err == nil && flags&unix.O_ACCMODE != unix.O_RDONLY
}

// allocate makes sure that the n bytes of f from byte from on can be written,
// without changing the file's size.
func allocate(f *os.File, from, n int64) error {
	if err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, from, n); err != nil {
		return fmt.Errorf("reserve %d bytes for %s: %w", n, f.Name(), err)
	}
	return nil
}

// allocated is how many bytes f takes on disk, those reserved included.
func allocated(st fs.FileInfo) int64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return st.Size()
}

// yieldThread makes the calling thread give way to all others, for good: the
// goroutine must never unlock it.
func yieldThread() {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 19) // without it, it is only less polite
}
