//go:build unix

package git

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// group makes cancelling end git's own children too: ssh and the transports.
// They are asked first, so that git removes its locks; what has not ended after
// cmd.WaitDelay is killed.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
