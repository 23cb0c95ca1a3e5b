package proc

import (
	"bytes"
	"errors"
	"strconv"
	"syscall"
)

// maxStat is more than /proc/PID/stat can hold: a name of 64 bytes and 51
// numbers.
const maxStat = 4096

// Numbers of the fields of /proc/PID/stat, as proc(5) counts them.
const (
	stateField = 3
	startField = 22
)

func look(pid int) (facts, error) {
	if pid <= 0 {
		return facts{}, ErrGone
	}
	var buf [maxStat]byte
	n, err := readFile("/proc/"+strconv.Itoa(pid)+"/stat", buf[:])
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ESRCH) {
		return facts{}, ErrGone
	}
	if err != nil {
		return facts{}, err
	}
	return parseStat(buf[:n])
}

// readFile reads the start of a file into buf. It does without package os,
// which would make the hook start slower. A file of /proc is there or not:
// neither call waits for anything a signal could interrupt.
func readFile(name string, buf []byte) (int, error) {
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer syscall.Close(fd)
	return syscall.Read(fd, buf)
}

var errStat = errors.New("/proc/PID/stat is not as expected")

// parseStat reads "PID (NAME) STATE NUMBER NUMBER ...". A process may put
// spaces, brackets and line feeds into its name, and so fields of its own
// making. What follows the name holds no bracket, so the name ends at the last
// one.
func parseStat(stat []byte) (facts, error) {
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return facts{}, errStat
	}
	rest := bytes.TrimSpace(stat[end+1:])
	state, rest, _ := bytes.Cut(rest, []byte{' '})
	for range startField - stateField - 1 {
		_, rest, _ = bytes.Cut(rest, []byte{' '})
	}
	field, _, _ := bytes.Cut(rest, []byte{' '})
	start, err := strconv.ParseUint(string(field), 10, 64)
	if err != nil {
		return facts{}, errStat
	}
	return facts{
		start: start,
		name:  string(stat[open+1 : end]),
		dead:  bytes.ContainsAny(state, "ZXx"),
	}, nil
}
