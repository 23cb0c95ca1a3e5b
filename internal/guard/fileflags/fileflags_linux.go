package fileflags

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// immutable is FS_IMMUTABLE_FL of <linux/fs.h>.
const immutable uint32 = 0x10

const (
	permissionAdvice = "this needs CAP_LINUX_IMMUTABLE: run it as root (sudo), in a container with that capability"
	placeAdvice      = "keep the file on one that has, such as ext4, xfs or btrfs"
)

// The kernel reads and writes 32 bits, though the names of the calls say long.

func getFlags(f *os.File) (uint32, error) {
	return unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
}

func setFlags(f *os.File, flags uint32) error {
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags))
}

// fsName names the file system f is on.
func fsName(f *os.File) string {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return "(unknown)"
	}
	switch magic := uint32(st.Type); magic {
	case unix.NFS_SUPER_MAGIC:
		return "nfs"
	case unix.CIFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "smb"
	case unix.V9FS_MAGIC:
		return "9p"
	case unix.FUSE_SUPER_MAGIC:
		return "fuse"
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "overlayfs"
	case unix.TMPFS_MAGIC:
		return "tmpfs"
	case unix.MSDOS_SUPER_MAGIC:
		return "vfat"
	case unix.EXFAT_SUPER_MAGIC:
		return "exfat"
	case unix.PROC_SUPER_MAGIC:
		return "proc"
	default:
		return fmt.Sprintf("of type %#x", magic)
	}
}
