// Package anchor keeps copies of the journal's seals where the agent's user
// cannot reach them.
//
// A seal is a signed statement of what the journal held, and commits to every
// seal before it. Whoever can write the journal can also write another one and
// seal it; they cannot change what an anchor already holds. So an [Anchor] is
// anything that takes a [Statement] and cannot be made to forget it by the one
// who is watched: a file with the append-only flag, a log of the system, a
// server, a repository, a time-stamping authority. Each kind is a folder below
// this one, anchor/all is their list, and anchor/readback reads them back.
//
// The [Queue] hands statements to every configured anchor. Since a seal commits
// to all before it, only the newest one counts, and passing over older ones
// loses nothing: whatever is changed before it shows against it.
//
// Statements travel as one line of JSON; see [AppendLine] and docs/anchors.md.
package anchor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

const (
	// MaxLine bounds Statement.Line in bytes. A seal has some 1.3 KiB, and
	// 90 KiB when it was made in a flood.
	MaxLine = 128 << 10
	// MaxJournal bounds Statement.Journal in bytes.
	MaxJournal = 64
)

// ErrPermanent marks an error that sending the same statement again cannot
// mend: it was refused. The next statement may still be taken.
var ErrPermanent = errors.New("refused")

// A Statement is one seal, as an anchor gets it.
type Statement struct {
	Journal string    // the journal's id: letters, digits, '.', '-' and '_', not '.' or '-' first
	K       uint64    // the seal's number, one more than that of the seal before
	Hash    string    // SHA-256 of Line, 64 lower-case hex digits
	Line    []byte    // the seal as it stands in the journal, one line of JSON without its line feed
	Time    time.Time // when the seal was made, by its own account
}

// NewStatement makes the statement of the seal in line.
func NewStatement(journal string, k uint64, line []byte, t time.Time) Statement {
	sum := sha256.Sum256(line)
	return Statement{Journal: journal, K: k, Hash: hex.EncodeToString(sum[:]), Line: line, Time: t}
}

// Check reports what keeps st from being sent. Its errors are [ErrPermanent].
// Every anchor calls it first: after it, no field can break a line, a file
// name, a header or a log.
func (st Statement) Check() error {
	sum := sha256.Sum256(st.Line)
	switch {
	case !st.isPlain():
		return Refuse("statement %d: the journal %.80q, the hash %.80q or the time cannot be written", st.K, st.Journal, st.Hash)
	case len(st.Line) > MaxLine:
		return Refuse("statement %d: a seal of %d bytes is over the limit of %d", st.K, len(st.Line), MaxLine)
	case !isLine(st.Line):
		return Refuse("statement %d: the seal is not one line of JSON", st.K)
	case st.Hash != hex.EncodeToString(sum[:]):
		return Refuse("statement %d: the hash is not that of the seal", st.K)
	}
	return nil
}

// isPlain checks everything but the line.
func (st Statement) isPlain() bool {
	sum, err := hex.DecodeString(st.Hash)
	year := st.Time.UTC().Year()
	return isJournal(st.Journal) && err == nil && len(sum) == sha256.Size && hex.EncodeToString(sum) == st.Hash &&
		year >= 1970 && year <= 9999
}

func isJournal(s string) bool {
	if s == "" || len(s) > MaxJournal || s[0] == '.' || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if !isWordByte(c) {
			return false
		}
	}
	return true
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

// isLine accepts a JSON object that no transport of lines can cut or change.
func isLine(b []byte) bool {
	return len(b) > 1 && b[0] == '{' && b[len(b)-1] == '}' &&
		bytes.IndexFunc(b, isControl) < 0 && utf8.Valid(b) && json.Valid(b)
}

// isControl includes C1 and the line separators of Unicode, which some logs
// break lines at.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029
}

// Refuse makes an error that is [ErrPermanent].
func Refuse(format string, args ...any) error {
	return &refusal{fmt.Errorf(format, args...)}
}

type refusal struct{ error }

func (*refusal) Is(target error) bool { return target == ErrPermanent }

func (r *refusal) Unwrap() error { return r.error }

// A Receipt is what an anchor gave in return. The zero value is none.
type Receipt struct {
	Text  string // short and for people: the id of a commit
	Token []byte // a proof of its own, kept beside the state: an RFC 3161 token
}

// An Anchor takes statements.
type Anchor interface {
	// Name is the anchor's name in the configuration.
	Name() string
	// Send returns when the statement is where it cannot be taken back, as far
	// as the anchor can tell; each kind says how far. A statement sent twice is
	// harmless. Errors carry no secret and no path or query of a URL; those that
	// are not [ErrPermanent] are worth another try. Send gives up when ctx is
	// done. It need not be safe for several goroutines.
	Send(ctx context.Context, st Statement) (Receipt, error)
}
