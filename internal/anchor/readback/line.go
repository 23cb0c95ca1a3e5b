package readback

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/syslog"
)

var (
	mark = []byte(anchor.Mark)
	data = regexp.MustCompile(`\[` + regexp.QuoteMeta(syslog.ID) +
		` journal="([A-Za-z0-9_][A-Za-z0-9._-]{0,63})" k="([0-9]{1,20})" hash="([0-9a-f]{64})"\]`)
)

// line looks for a statement in a line of a log, whatever stands in front.
func (r *reader) line(line []byte, name string, n int) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	source := name + ":" + strconv.Itoa(n)
	f := Found{Source: source}
	text := line
	if line[0] == '{' && !bytes.HasPrefix(line, mark) {
		text = f.unwrap(line)
	}
	st, err := search(text)
	switch {
	case err == nil:
		st.Line = bytes.Clone(st.Line) // nil stays nil
		f.Statement = st
		r.found(f)
	case errors.Is(err, anchor.ErrDamaged):
		r.damaged(source, err)
	default:
		r.report.Ignored++
	}
}

// search finds the statement in text, or, where a log cut it short, the number
// and hash that syslog messages carry in front.
func search(text []byte) (anchor.Statement, error) {
	st, err := anchor.Statement{}, anchor.ErrForeign
	if i := bytes.Index(text, mark); i >= 0 {
		st, err = anchor.ParseLine(text[i:])
	}
	if err == nil {
		return st, nil
	}
	m := data.FindSubmatch(text)
	if m == nil {
		return st, err
	}
	k, kErr := strconv.ParseUint(string(m[2]), 10, 64)
	if kErr != nil {
		return st, anchor.ErrDamaged
	}
	return anchor.Statement{Journal: string(m[1]), K: k, Hash: string(m[3])}, nil
}

// unwrap takes the message out of a log entry that is JSON, and from journald's
// what the daemon itself knows. The message is the first text, by name, that
// holds a statement, since other logs call it otherwise.
func (f *Found) unwrap(line []byte) []byte {
	var entry map[string]json.RawMessage
	if json.Unmarshal(line, &entry) != nil {
		return line // cut short: search for what is left
	}
	keys := make([]string, 0, len(entry))
	for key := range entry {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		text := []byte(textOf(entry[key]))
		if bytes.Contains(text, mark) || data.Match(text) {
			f.fromJournald(textOf(entry["_UID"]), textOf(entry["__REALTIME_TIMESTAMP"]))
			return text
		}
	}
	return nil
}

func textOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// fromJournald enters the fields no client of journald can set.
func (f *Found) fromJournald(uid, micros string) {
	if n, err := strconv.ParseUint(uid, 10, 32); err == nil {
		f.By = "uid " + strconv.FormatUint(n, 10)
	}
	if n, err := strconv.ParseInt(micros, 10, 64); err == nil && n > 0 && n < 1<<53 {
		f.Seen = time.UnixMicro(n).UTC()
	}
}
