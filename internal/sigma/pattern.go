package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A pattern is a value of a rule with its wildcards told apart from its text.
type pattern []piece

// A piece is text, or one wildcard.
type piece struct {
	text string
	wild byte // '*' or '?'; 0 for text
}

// parsePattern reads a value as Sigma writes it. A backslash makes a following
// wildcard or backslash plain, and stands for itself before anything else.
func parsePattern(s string) pattern {
	var p pattern
	var text []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\*?`, s[i+1]) >= 0:
			i++
			text = append(text, s[i])
		case c == '*' || c == '?':
			if len(text) > 0 {
				p = append(p, piece{text: string(text)})
				text = text[:0]
			}
			p = append(p, piece{wild: c})
		default:
			text = append(text, c)
		}
	}
	if len(text) > 0 {
		p = append(p, piece{text: string(text)})
	}
	return p
}

// String writes p so that parsePattern reads it back.
func (p pattern) String() string {
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)
	var b strings.Builder
	for _, c := range p {
		if c.wild != 0 {
			b.WriteByte(c.wild)
			continue
		}
		b.WriteString(escape.Replace(c.text))
	}
	return b.String()
}

// plain returns p's text, and false when p has wildcards.
func (p pattern) plain() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].wild == 0:
		return p[0].text, true
	}
	return "", false
}

// folded returns p in lower case.
func (p pattern) folded() pattern {
	q := make(pattern, len(p))
	for i, c := range p {
		q[i] = piece{text: fold(c.text), wild: c.wild}
	}
	return q
}

// predicate makes p a question about field. Wildcards at the ends of p take
// its anchors away; a pattern without any left is plain text.
func (p pattern) predicate(field string, at anchor, cased bool) *predicate {
	if !cased {
		p = p.folded()
	}
	id := identity{field: field, anchor: at, cased: cased}
	segs, at := p.segments(at)
	switch {
	case len(segs) == 0: // any value at all
		id.anchor = anywhere
		return &predicate{identity: id}
	case len(segs) == 1 && len(segs[0]) == 1:
		id.anchor, id.text = at, segs[0][0]
		return &predicate{identity: id, literals: known(fold(id.text))}
	}
	id.kind, id.text = kindGlob, p.String()
	g := &glob{segments: segs, anchor: at, cased: cased}
	return &predicate{identity: id, glob: g, literals: known(g.longest())}
}

func known(literal string) []string {
	if literal == "" {
		return nil
	}
	return []string{literal}
}

// segments splits p at its stars, and returns the anchors that remain.
func (p pattern) segments(at anchor) ([]segment, anchor) {
	if len(p) > 0 && p[0].wild == '*' {
		at &^= atStart
	}
	if len(p) > 0 && p[len(p)-1].wild == '*' {
		at &^= atEnd
	}
	var segs []segment
	cur := segment{""}
	for _, c := range p {
		switch c.wild {
		case '*':
			segs = appendSegment(segs, cur)
			cur = segment{""}
		case '?':
			cur = append(cur, "")
		default:
			cur[len(cur)-1] += c.text
		}
	}
	segs = appendSegment(segs, cur)
	if len(segs) == 0 && at != anywhere {
		segs = []segment{{""}} // the empty value, and nothing else
	}
	return segs, at
}

func appendSegment(segs []segment, s segment) []segment {
	if len(s) == 1 && s[0] == "" {
		return segs
	}
	return append(segs, s)
}

var errWildcard = errors.New(`a value with wildcards cannot be encoded: take the wildcards out, or write \* and \? for the characters`)

// encode applies one encoding modifier to a plain value and gives the texts
// it may become.
func encode(modifier, text string) []string {
	switch modifier {
	case "base64":
		return []string{base64.StdEncoding.EncodeToString([]byte(text))}
	case "base64offset":
		return base64Offsets(text)
	case "utf16be":
		return []string{encodeUTF16(text, binary.BigEndian)}
	case "utf16":
		return []string{"\xff\xfe" + encodeUTF16(text, binary.LittleEndian)}
	default: // wide, utf16le
		return []string{encodeUTF16(text, binary.LittleEndian)}
	}
}

func encodeUTF16(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// base64Offsets gives the part of text's base64 form that does not depend on
// what surrounds it, for each of the three places it may have in a group.
func base64Offsets(text string) []string {
	var out []string
	for before := range 3 {
		bits := (before + len(text)) * 8
		first := (before*8 + 5) / 6 // the first character made of text alone
		last := bits / 6            // behind the last such character
		s := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
		if first < last {
			out = append(out, s[first:last])
		}
	}
	return out
}

// dashes are the characters windash takes for one another.
var dashes = []string{"-", "/", "–", "—", "―"}

// maxDashes bounds the dashes of one value: each multiplies the values by five.
const maxDashes = 4

// windash gives p with every dash that begins a word as each of the dashes.
func windash(p pattern) ([]pattern, error) {
	out := []pattern{nil}
	n := 0
	for _, c := range p {
		texts := []string{c.text}
		if c.wild == 0 {
			parts := splitDashes(c.text)
			if n += len(parts) - 1; n > maxDashes {
				return nil, fmt.Errorf("windash: more than %d dashes in one value: split the value", maxDashes)
			}
			texts = joinDashes(parts)
		}
		var next []pattern
		for _, q := range out {
			for _, t := range texts {
				next = append(next, append(q[:len(q):len(q)], piece{text: t, wild: c.wild}))
			}
		}
		out = next
	}
	return out, nil
}

// splitDashes cuts text at every dash that has a word behind it and none
// before it, and drops the dashes.
func splitDashes(text string) []string {
	var parts []string
	from, before := 0, ' '
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		next, _ := utf8.DecodeRuneInString(text[i+size:])
		if isDash(r) && !isWord(before) && isWord(next) {
			parts = append(parts, text[from:i])
			from = i + size
		}
		before = r
		i += size
	}
	return append(parts, text[from:])
}

func joinDashes(parts []string) []string {
	out := []string{parts[0]}
	for _, part := range parts[1:] {
		var next []string
		for _, head := range out {
			for _, dash := range dashes {
				next = append(next, head+dash+part)
			}
		}
		out = next
	}
	return out
}

func isDash(r rune) bool { return strings.ContainsRune("-/–—―", r) }

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}
