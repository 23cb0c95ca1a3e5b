//go:build !unix

package agent

import (
	"io/fs"
	"os"
)

// keepOwner does nothing: the new file takes its owner from the directory.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// syncDir does nothing: directories cannot be synced here.
func syncDir(string) error { return nil }
