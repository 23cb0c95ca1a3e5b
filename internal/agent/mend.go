package agent

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Mend makes JSON of the beginning and the end of a payload whose middle was
// not kept: it closes what is open at the end of head, and adds to the outermost
// object those of the named members that stand in tail as plain strings. The
// result is for an adapter to read what is left, and for nothing else.
func Mend(head, tail []byte, names ...string) []byte {
	m := mender{text: head}
	for i, c := range head {
		m.take(i, c)
	}
	out := m.close()
	for _, name := range names {
		if v := plainMember(tail, name); v != "" && len(out) > 2 {
			out = append(out[:len(out)-1], `,"`+name+`":"`+v+`"}`...)
		}
	}
	return out
}

// A mender follows JSON text and remembers how to end it early.
type mender struct {
	text   []byte
	open   []byte // the brackets that close what is open, outermost first
	string int    // where the string we are in began, 0 when in none
	key    bool   // the next string, or the one we are in, is a member's name
	escape int    // bytes of an escape sequence still to come
	sound  int    // text[:sound] can be closed
	depth  int    // how many of open were open there
}

func (m *mender) take(i int, c byte) {
	switch {
	case m.string > 0:
		m.inString(i, c)
	case c == '"':
		m.string = i + 1
	case c == '{' || c == '[':
		m.open = append(m.open, c+2) // '}' and ']' follow their partners by two
		m.key = c == '{'
		m.isSound(i + 1)
	case (c == '}' || c == ']') && len(m.open) > 0:
		m.open = m.open[:len(m.open)-1]
		m.isSound(i + 1)
	case c == ',' && len(m.open) > 0:
		m.key = m.open[len(m.open)-1] == '}'
		m.isSound(i) // a number or a word ended here
	case c == ':':
		m.key = false
	}
}

func (m *mender) inString(i int, c byte) {
	switch {
	case m.escape > 0:
		m.escape--
		if m.escape == 0 && c == 'u' && m.text[i-1] == '\\' {
			m.escape = 4
		}
	case c == '\\':
		m.escape = 1
	case c == '"':
		m.string = 0
		if !m.key {
			m.isSound(i + 1)
		}
	}
}

func (m *mender) isSound(end int) { m.sound, m.depth = end, len(m.open) }

// close ends the text: within a value that is a string there, else at the last
// place where it could.
func (m *mender) close() []byte {
	var out []byte
	if m.string > 0 && !m.key {
		out = append(out, wholeRunes(m.text[:len(m.text)-m.unfinished()])...)
		out = append(out, '"')
		m.depth = len(m.open)
	} else {
		out = append(out, m.text[:m.sound]...)
	}
	for i := m.depth - 1; i >= 0 && i < len(m.open); i-- {
		out = append(out, m.open[i])
	}
	return out
}

// unfinished is how many bytes at the end belong to an escape that was cut.
func (m *mender) unfinished() int {
	if m.escape == 0 {
		return 0
	}
	return len(m.text) - bytes.LastIndexByte(m.text, '\\')
}

// wholeRunes drops the beginning of a character at the end of b.
func wholeRunes(b []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if utf8.RuneStart(b[len(b)-n]) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return b[:len(b)-n]
			}
			break
		}
	}
	return b
}

// plainMember finds the last `"name":"value"` whose value needs no unquoting.
func plainMember(b []byte, name string) string {
	mark := `"` + name + `":"`
	i := bytes.LastIndex(b, []byte(mark))
	if i < 0 {
		return ""
	}
	v, _, ok := strings.Cut(string(b[i+len(mark):]), `"`)
	if !ok || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == '\\' || r > '~' }) {
		return ""
	}
	return v
}
