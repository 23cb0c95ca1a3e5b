package hook

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gander/internal/journal/record"
)

// A Mark says that a hook ran and could not record. It is an empty file whose
// name tells everything, because a name can still be written when the disk is
// full or the process may not write a byte:
//
//	20261122T140219.123456789Z_errno-28_7f3a91c2_5123
//
// Marks lie beside the journal, not in it: the journal may be what is broken.
type Mark struct {
	Name    string
	Time    time.Time
	Code    string // see record.AppendError.Code; "stdin" or "panic" when it was not the append
	Session string // first eight characters, or "-"
	PID     int    // the hook's
}

// MarkDir is where the hooks of a journal leave their marks.
func MarkDir(journal string) string { return journal + ".marks" }

const markTime = "20060102T150405.000000000Z"

// leaveMark does what it can; there is nobody left to tell when it cannot.
func leaveMark(journal string, h record.Header, err error) {
	code := "stdin"
	if ae, ok := errors.AsType[*record.AppendError](err); ok {
		code = ae.Code()
	} else if err.Error() == "panic" {
		code = "panic"
	}
	name := h.Time.UTC().Format(markTime) + "_" + code + "_" + orDash(h.Session) + "_" + strconv.Itoa(os.Getpid())
	dir := MarkDir(journal)
	_ = os.Mkdir(dir, 0o700) // there already, or the open below fails too
	f, openErr := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if openErr == nil {
		f.Close()
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// ParseMark reads a mark's file name.
func ParseMark(name string) (Mark, bool) {
	f := strings.Split(name, "_")
	if len(f) != 4 {
		return Mark{}, false
	}
	t, err := time.Parse(markTime, f[0])
	if err != nil {
		return Mark{}, false
	}
	pid, err := strconv.Atoi(f[3])
	return Mark{Name: name, Time: t, Code: f[1], Session: f[2], PID: pid}, err == nil
}

// Reason says in words why a hook could not record.
func (m Mark) Reason() string {
	digits, ok := strings.CutPrefix(m.Code, "errno-")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return m.Code
	}
	return syscall.Errno(n).Error()
}

// Marks lists the marks in dir, oldest first. Files with other names are left
// alone. A missing directory holds none.
func Marks(dir string) ([]Mark, error) {
	entries, err := os.ReadDir(dir) // sorted by name, which begins with the time
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var marks []Mark
	for _, e := range entries {
		if m, ok := ParseMark(e.Name()); ok {
			marks = append(marks, m)
		}
	}
	return marks, nil
}

// RemoveMark removes a mark that has been dealt with.
func RemoveMark(dir string, m Mark) error { return os.Remove(filepath.Join(dir, m.Name)) }
