package anchor

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Mark is how every statement begins, so that it is found in the middle of a
// log's line.
const Mark = `{"gander_anchor":1,"journal":"`

const (
	// MaxText bounds what [AppendLine] appends, in bytes.
	MaxText = MaxLine + 512
	// ShortLine is the longest seal [AppendShort] keeps, in bytes: with all that
	// stands around it, a message that every syslog receiver takes.
	ShortLine = 1536
)

// timeLayout always prints nine digits, so that lines sort.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

var (
	// ErrForeign is the error of text that is no statement.
	ErrForeign = errors.New("not an anchored statement")
	// ErrDamaged is the error of text that begins as a statement and was cut or
	// changed.
	ErrDamaged = errors.New("damaged statement")
)

// AppendLine appends the text of st, which has passed its Check, without a line
// feed:
//
//	{"gander_anchor":1,"journal":…,"k":…,"hash":…,"time":…,"seal":<Line, byte for byte>}
//
// Without a line there is no "seal".
func AppendLine(b []byte, st Statement) []byte {
	b = append(b, Mark...)
	b = append(b, st.Journal...)
	b = append(b, `","k":`...)
	b = strconv.AppendUint(b, st.K, 10)
	b = append(b, `,"hash":"`...)
	b = append(b, st.Hash...)
	b = append(b, `","time":"`...)
	b = st.Time.UTC().AppendFormat(b, timeLayout)
	b = append(b, '"')
	if st.Line != nil {
		b = append(b, `,"seal":`...)
		b = append(b, st.Line...)
	}
	return append(b, '}')
}

// AppendShort is [AppendLine] for logs, which cut long lines: a seal of more
// than [ShortLine] bytes is left out. Its number and hash are what counts.
func AppendShort(b []byte, st Statement) []byte {
	if len(st.Line) > ShortLine {
		st.Line = nil
	}
	return AppendLine(b, st)
}

// ParseLine reads what [AppendLine] wrote, and nothing that merely means the
// same. It returns [ErrForeign] or [ErrDamaged]. The line aliases text, and is
// nil where it was left out.
func ParseLine(text []byte) (Statement, error) {
	rest, ok := bytes.CutPrefix(text, []byte(Mark))
	if !ok {
		return Statement{}, ErrForeign
	}
	st, rest, ok := cutHead(rest)
	if !ok {
		return Statement{}, ErrDamaged
	}
	rest, ok = bytes.CutSuffix(rest, []byte{'}'})
	if !ok || len(text) > MaxText || !st.isPlain() {
		return Statement{}, ErrDamaged
	}
	if len(rest) == 0 {
		return st, nil
	}
	st.Line, ok = bytes.CutPrefix(rest, []byte(`,"seal":`))
	if !ok || st.Check() != nil {
		return Statement{}, ErrDamaged
	}
	return st, nil
}

// cutHead reads everything between the mark and the seal.
func cutHead(b []byte) (st Statement, rest []byte, ok bool) {
	var k, when string
	ok = cut(&b, `","k":`, MaxJournal, &st.Journal) && cut(&b, `,"hash":"`, 20, &k) &&
		cut(&b, `","time":"`, 64, &st.Hash) && cut(&b, `"`, len(timeLayout), &when)
	if !ok {
		return st, nil, false
	}
	var errK, errTime error
	st.K, errK = strconv.ParseUint(k, 10, 64)
	st.Time, errTime = time.Parse(timeLayout, when)
	// Only one way of writing a number and a time is ours.
	same := strconv.FormatUint(st.K, 10) == k && st.Time.Format(timeLayout) == when
	return st, b, errK == nil && errTime == nil && same
}

// cut takes at most n bytes up to sep off the front of b, and sep.
func cut(b *[]byte, sep string, n int, into *string) bool {
	head := (*b)[:min(len(*b), n+len(sep))]
	i := strings.Index(string(head), sep)
	if i < 0 {
		return false
	}
	*into, *b = string(head[:i]), (*b)[i+len(sep):]
	return true
}
