package proc

import (
	"errors"

	"golang.org/x/sys/unix"
)

// stateZombie is SZOMB of <sys/proc.h>.
const stateZombie = 5

func look(pid int) (facts, error) {
	if pid <= 0 {
		return facts{}, ErrGone
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.ESRCH) {
		// For a process that does not exist the kernel answers with nothing,
		// which the wrapper takes for an error of input and output.
		return facts{}, ErrGone
	}
	if err != nil {
		return facts{}, err
	}
	p := &info.Proc
	return facts{
		start: uint64(p.P_starttime.Sec)*1_000_000 + uint64(p.P_starttime.Usec),
		name:  unix.ByteSliceToString(p.P_comm[:]),
		dead:  p.P_stat == stateZombie,
	}, nil
}
