// Package proc tells facts about processes: when one started, whether it still
// runs, what it calls itself.
//
// The kernel reuses process ids. A process id together with a start time names
// one process until the next boot, so whoever stores an id stores both.
//
// On Linux a start time is in clock ticks after boot, a hundred to the second,
// as the reader's time namespace counts them; on macOS in microseconds since
// 1970. It is for comparing with another one of the same machine, not for
// telling the time. Other systems are not supported.
//
// The hook links this package, so it imports nothing heavy. All functions may
// be called at the same time.
package proc

import (
	"errors"
	"strconv"
)

var (
	// ErrGone is returned for a process that does not exist, or that the
	// system hides from this user.
	ErrGone = errors.New("no such process")
	// ErrUnsupported is returned on systems this package does not know.
	ErrUnsupported = errors.New("process facts are supported on linux and macOS only")
)

// facts are what one look at a process tells.
type facts struct {
	start uint64
	name  string
	dead  bool // ended, and not yet collected by its parent
}

// StartTime returns when process pid started. The error wraps [ErrGone] when
// there is none.
func StartTime(pid int) (uint64, error) {
	f, err := look(pid)
	if err != nil {
		return 0, &lookError{pid, err}
	}
	return f.start, nil
}

// Name returns the name process pid gives itself: at most 15 bytes on Linux,
// 16 on macOS. The process chooses it freely, control characters included: it
// is no proof of anything, and is made harmless before it is shown.
func Name(pid int) (string, error) {
	f, err := look(pid)
	if err != nil {
		return "", &lookError{pid, err}
	}
	return f.name, nil
}

// Alive reports whether the process that got pid at start runs still. A zombie
// does not run. Alive is false when start is 0, which stands for unknown: then
// nobody can say whether the process with this id is the one that was meant.
func Alive(pid int, start uint64) bool {
	f, err := look(pid)
	return err == nil && start != 0 && f.start == start && !f.dead
}

// A lookError says which process could not be looked at.
type lookError struct {
	pid int
	err error
}

func (e *lookError) Error() string {
	return "look at process " + strconv.Itoa(e.pid) + ": " + e.err.Error()
}

func (e *lookError) Unwrap() error { return e.err }
