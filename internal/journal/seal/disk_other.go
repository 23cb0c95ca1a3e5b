//go:build !unix

package seal

import "os"

const (
	openSafe    = 0
	syncFlags   = os.O_RDWR
	canSyncDirs = false
)
