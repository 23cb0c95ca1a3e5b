package record

import (
	"errors"
	"strconv"
)

// Reasons to refuse what lies at the journal's path.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrLinks      = errors.New("has more than one link")
	ErrOwner      = errors.New("belongs to another user")
)

// An AppendError says why a record could not be appended.
type AppendError struct {
	Op   string // "open", "check" or "write": after "write" a torn record may lie in the file
	Path string
	Err  error
}

func (e *AppendError) Error() string { return e.Op + " " + e.Path + ": " + e.Err.Error() }

func (e *AppendError) Unwrap() error { return e.Err }

// Code is one word for the reason, fit for a file name: "not-regular",
// "links", "owner", or "errno-28" with the system's number.
func (e *AppendError) Code() string {
	switch {
	case errors.Is(e.Err, ErrNotRegular):
		return "not-regular"
	case errors.Is(e.Err, ErrLinks):
		return "links"
	case errors.Is(e.Err, ErrOwner):
		return "owner"
	}
	if n := errno(e.Err); n != 0 {
		return "errno-" + strconv.Itoa(n)
	}
	return "unknown"
}
