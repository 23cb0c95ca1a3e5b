package rotate

import (
	"io/fs"
	"syscall"
	"time"
)

// changed is when anything about a file last changed, also its name.
func changed(st fs.FileInfo) time.Time {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctimespec.Unix())
	}
	return st.ModTime()
}
