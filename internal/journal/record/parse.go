package record

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// ErrForeign is the error of a line no version of gander wrote.
var ErrForeign = errors.New("not a gander record")

// ErrTorn is the error of a line that begins as a record and does not end as
// one: its writer was killed, or ran out of space.
var ErrTorn = errors.New("torn record")

var prefix = []byte(`{"v":1,"ts":"`)

// Parse reads a line without its line feeds. The payload aliases line unless
// it was encoded. Keys must stand exactly as [Frame] writes them: a line that
// merely means the same was written by somebody else. Whether the payload is
// valid JSON is for the agent's adapter to say.
func Parse(line []byte) (Record, error) {
	if !bytes.HasPrefix(line, prefix) {
		if bytes.HasPrefix(prefix, line) && len(line) > 0 {
			return Record{}, ErrTorn
		}
		return Record{}, ErrForeign
	}
	c := &cursor{rest: line}
	var r Record
	c.header(&r.Header)
	if c.has(`"cut":{"len":`) {
		r.Cut = &Cut{Len: c.int()}
		c.want(`,"sha256":"`)
		r.Cut.SHA256 = c.word(64)
		c.want(`","head":`)
		r.Cut.Head = int(c.int())
		c.want(`},`)
	}
	c.payload(&r)
	if r.Cut != nil && (r.Cut.Head < 0 || r.Cut.Head > len(r.Payload)) {
		c.bad = true
	}
	if c.bad {
		return Record{}, c.verdict(line)
	}
	return r, nil
}

// A cursor reads a line from the left; once something is not as it must be,
// bad stays set and nothing more is read.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) header(h *Header) {
	c.want(string(prefix))
	h.Time = c.time()
	c.want(`","sid":"`)
	h.Session = c.word(8)
	c.want(`","agent":"`)
	h.Agent = c.word(32)
	c.want(`","host":"`)
	h.Host = c.word(64)
	c.want(`","uid":`)
	h.UID = int(c.int())
	c.want(`,"pid":`)
	h.PID = int(c.int())
	c.want(`,"ppid":`)
	h.Parent = int(c.int())
	c.want(`,"pstart":`)
	h.PStart = c.uint()
	c.want(`,`)
}

func (c *cursor) payload(r *Record) {
	switch {
	case c.bad:
	case c.has(`"payload":`):
		n := len(c.rest) - 1
		if n < 1 || c.rest[n] != '}' {
			c.bad = true
			return
		}
		r.Payload, c.rest = c.rest[:n], nil
	case c.has(`"payload_b64":"`):
		text, ok := bytes.CutSuffix(c.rest, []byte(`"}`))
		p, err := base64.StdEncoding.AppendDecode(nil, text)
		c.bad = !ok || err != nil
		r.Payload, r.Encoded, c.rest = p, true, nil
	default:
		c.bad = true
	}
}

// verdict tells a line that was cut short from one that was made up. A writer
// that was stopped leaves a line without the closing brace.
func (c *cursor) verdict(line []byte) error {
	if line[len(line)-1] != '}' || bytes.HasPrefix(c.rest, []byte(`"payload`)) {
		return ErrTorn
	}
	return fmt.Errorf("%w: unexpected %.20q", ErrForeign, c.rest)
}

func (c *cursor) has(s string) bool {
	if c.bad || len(c.rest) < len(s) || string(c.rest[:len(s)]) != s {
		return false
	}
	c.rest = c.rest[len(s):]
	return true
}

func (c *cursor) want(s string) {
	if !c.has(s) {
		c.bad = true
	}
}

// word reads at most n safe characters.
func (c *cursor) word(n int) string {
	if c.bad {
		return ""
	}
	i := 0
	for i < len(c.rest) && i < n && isSafe(c.rest[i]) {
		i++
	}
	s := string(c.rest[:i])
	c.rest = c.rest[i:]
	return s
}

func (c *cursor) digits() string {
	i := 0
	for i < len(c.rest) && i < 20 && (c.rest[i] >= '0' && c.rest[i] <= '9' || i == 0 && c.rest[i] == '-') {
		i++
	}
	s := string(c.rest[:i])
	c.rest = c.rest[i:]
	return s
}

func (c *cursor) int() int64 {
	if c.bad {
		return 0
	}
	v, err := strconv.ParseInt(c.digits(), 10, 64)
	c.bad = err != nil
	return v
}

func (c *cursor) uint() uint64 {
	if c.bad {
		return 0
	}
	v, err := strconv.ParseUint(c.digits(), 10, 64)
	c.bad = err != nil
	return v
}

func (c *cursor) time() time.Time {
	if c.bad || len(c.rest) < len(timeLayout) {
		c.bad = true
		return time.Time{}
	}
	t, err := time.Parse(timeLayout, string(c.rest[:len(timeLayout)]))
	c.bad = err != nil
	c.rest = c.rest[len(timeLayout):]
	return t
}
