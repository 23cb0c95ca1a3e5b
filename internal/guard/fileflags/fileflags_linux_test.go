package fileflags_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gander/internal/guard/fileflags"
)

func TestWithoutTheRightTheErrorSaysWhichAndHow(t *testing.T) {
	path := newFile(t)
	if _, err := fileflags.Get(path); err != nil {
		t.Skip(err)
	}
	var err error
	withoutCapability(t, func() { err = fileflags.Set(path) })
	mustBeAboutRights(t, err, "set immutable flag of "+path)
	mustGet(t, path, false)

	mustSet(t, path)
	withoutCapability(t, func() { err = fileflags.Clear(path) })
	mustBeAboutRights(t, err, "clear immutable flag of "+path)
	withoutCapability(t, func() { mustGet(t, path, true) })
}

func mustBeAboutRights(t *testing.T, err error, step string) {
	t.Helper()
	want := step + ": operation not permitted: this needs CAP_LINUX_IMMUTABLE: run it as root (sudo), in a container with that capability"
	if !errors.Is(err, fs.ErrPermission) || err.Error() != want {
		t.Errorf("error %v\n want %s", err, want)
	}
}

// withoutCapability calls do on a thread that may not set the flag, even when
// the tests run as root.
func withoutCapability(t *testing.T, do func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var all [2]unix.CapUserData
	if err := unix.Capget(&hdr, &all[0]); err != nil {
		t.Fatal(err)
	}
	few := all
	few[0].Effective &^= 1 << unix.CAP_LINUX_IMMUTABLE
	if err := unix.Capset(&hdr, &few[0]); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Capset(&hdr, &all[0]); err != nil {
			t.Error(err)
		}
	}()
	do()
}

func TestAFileSystemWithoutFlagsIsNamed(t *testing.T) {
	const path = "/proc/version"
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	_, err := fileflags.Get(path)
	want := "read immutable flag of /proc/version: immutable flag is not supported: " +
		"file system proc has none: keep the file on one that has, such as ext4, xfs or btrfs"
	if !errors.Is(err, fileflags.ErrUnsupported) || err.Error() != want {
		t.Errorf("Get: %v\nwant %s", err, want)
	}
	if _, err := fileflags.Get("/sys/kernel/vmcoreinfo"); err != nil && !strings.Contains(err.Error(), "file system of type 0x62656572 has none") {
		t.Errorf("Get on a file system this package has no name for: %v", err)
	}
}

func TestAPipeDoesNotHang(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := fileflags.Set(path); err == nil || !strings.HasSuffix(err.Error(), "is not a regular file") {
		t.Error(err)
	}
}

func TestOtherFlagsStay(t *testing.T) {
	path := newFile(t)
	mustSet(t, path)
	if err := fileflags.Clear(path); err != nil {
		t.Fatal(err)
	}
	const nodump = 0x40 // FS_NODUMP_FL
	before := rawFlags(t, path)
	setRawFlags(t, path, before|nodump)
	mustSet(t, path)
	if got, want := rawFlags(t, path), before|nodump|0x10; got != want {
		t.Errorf("flags are %#x after Set, want %#x", got, want)
	}
	if err := fileflags.Clear(path); err != nil {
		t.Fatal(err)
	}
	if got, want := rawFlags(t, path), before|nodump; got != want {
		t.Errorf("flags are %#x after Clear, want %#x", got, want)
	}
}

func rawFlags(t *testing.T, path string) uint32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		t.Fatal(err)
	}
	return flags
}

func setRawFlags(t *testing.T, path string, flags uint32) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags)); err != nil {
		t.Fatal(err)
	}
}
