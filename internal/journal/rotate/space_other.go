//go:build !unix

package rotate

import (
	"errors"
	"os"
)

func openLive(path string) (*os.File, error) { return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0) }

// FreeSpace is not known on this system.
func FreeSpace(string) (free, total int64, err error) { return 0, 0, errors.ErrUnsupported }
