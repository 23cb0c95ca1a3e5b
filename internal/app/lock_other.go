//go:build !unix

package app

import (
	"fmt"
	"os"
)

// lockFile takes the watcher's lock: a file that exists while it runs.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w, or one left %s behind: remove that file if none runs", ErrRunning, path)
	}
	return func() {
		f.Close()
		os.Remove(path)
	}, nil
}
