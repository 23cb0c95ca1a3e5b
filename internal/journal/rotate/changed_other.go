//go:build !linux && !darwin

package rotate

import (
	"io/fs"
	"time"
)

func changed(st fs.FileInfo) time.Time { return st.ModTime() }
