//go:build unix

package seal

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	// openSafe follows no symbolic link and does not wait for a FIFO.
	openSafe    = unix.O_NOFOLLOW | unix.O_NONBLOCK
	syncFlags   = os.O_RDONLY | openSafe
	canSyncDirs = true
)
