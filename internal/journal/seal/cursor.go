package seal

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

// A cursor reads a line from the left; once something is not as it must be,
// bad stays set and nothing more is read. It is lenient where the caller
// compares the line with what it would have written itself.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) has(s string) bool {
	if c.bad || len(c.rest) < len(s) || string(c.rest[:len(s)]) != s {
		return false
	}
	c.rest = c.rest[len(s):]
	return true
}

func (c *cursor) want(s string) { c.bad = !c.has(s) }

func (c *cursor) key(k string) {
	c.want(`,"`)
	c.want(k)
	c.want(`":`)
}

func (c *cursor) uint(key string) uint64 {
	c.key(key)
	i := 0
	for i < len(c.rest) && i < 20 && c.rest[i] >= '0' && c.rest[i] <= '9' {
		i++
	}
	if c.bad {
		return 0
	}
	v, err := strconv.ParseUint(string(c.rest[:i]), 10, 64)
	c.bad = err != nil
	c.rest = c.rest[i:]
	return v
}

// int reads a number that fits an int64 and is not negative.
func (c *cursor) int(key string) int64 {
	v := c.uint(key)
	if v > math.MaxInt64 {
		c.bad = true
		return 0
	}
	return int64(v)
}

// quoted reads a string that holds neither escapes nor quotes.
func (c *cursor) quoted(key string) string {
	c.key(key)
	c.want(`"`)
	if c.bad {
		return ""
	}
	s, _, ok := strings.Cut(string(c.rest), `"`)
	if !ok {
		c.bad = true
		return ""
	}
	c.rest = c.rest[len(s)+1:]
	return s
}

// text reads a word of safe characters.
func (c *cursor) text(key string) string {
	s := c.quoted(key)
	if s != safeWord(s) {
		c.bad = true
	}
	return s
}

// safeWord keeps what can stand in a seal: 64 letters, digits and '-' at most.
func safeWord(s string) string {
	s = s[:min(len(s), 64)]
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, s)
}

// hex fills out with lower-case hex digits.
func (c *cursor) hex(key string, out []byte) {
	c.key(key)
	c.want(`"`)
	n := 2 * len(out)
	if c.bad || len(c.rest) < n+1 || c.rest[n] != '"' {
		c.bad = true
		return
	}
	_, err := hex.Decode(out, c.rest[:n])
	c.bad = err != nil
	c.rest = c.rest[n+1:]
}

func (c *cursor) crcs(key string) []uint32 {
	raw, err := base64.StdEncoding.DecodeString(c.quoted(key))
	if err != nil || len(raw)%4 != 0 {
		c.bad = true
		return nil
	}
	var out []uint32
	for ; len(raw) > 0; raw = raw[4:] {
		out = append(out, binary.BigEndian.Uint32(raw))
	}
	return out
}

func (c *cursor) time(key, layout string) time.Time {
	t, err := time.Parse(layout, c.quoted(key))
	c.bad = c.bad || err != nil
	return t
}
