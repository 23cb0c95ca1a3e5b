package fileflags

import (
	"os"

	"golang.org/x/sys/unix"
)

const immutable uint32 = unix.UF_IMMUTABLE

const (
	permissionAdvice = "this needs the owner of the file, or root: run it as that user, or with sudo"
	placeAdvice      = "keep the file on one that has, such as APFS"
)

func getFlags(f *os.File) (uint32, error) {
	var st unix.Stat_t
	err := unix.Fstat(int(f.Fd()), &st)
	return st.Flags, err
}

func setFlags(f *os.File, flags uint32) error {
	return unix.Fchflags(int(f.Fd()), int(flags))
}

// fsName names the file system f is on.
func fsName(f *os.File) string {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return "(unknown)"
	}
	return unix.ByteSliceToString(st.Fstypename[:])
}
