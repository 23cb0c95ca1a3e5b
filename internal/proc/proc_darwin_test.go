package proc_test

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// waitForZombie asks again and again: x/sys has no waitid for macOS.
func waitForZombie(t *testing.T, pid int) {
	t.Helper()
	for {
		info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
		if err != nil || info.Proc.P_stat == 5 {
			return
		}
		runtime.Gosched()
	}
}
