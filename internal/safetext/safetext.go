// Package safetext makes text that an agent controls harmless to look at.
//
// What an agent prints can move the cursor, rewrite the line above, hide a
// part of a command or show its letters in another order. Everything of that
// kind becomes a visible escape. No output of this package holds
//
//   - a byte below 0x20, except the line feeds of [Block] and [JSONBytes],
//   - DEL, or a C1 control (U+0080 to U+009F),
//   - a bidirectional control, a zero-width, tag or other format character, a
//     variation selector, a line or paragraph separator, a space that is not
//     U+0020, or a code point that Unicode does not assign,
//   - invalid UTF-8,
//   - a combining mark that has no character of its own to sit on, or more
//     than four on one character.
//
// Letters of every script stay, also those written from right to left.
//
// The escapes of [Line], [Block] and [Clip] are
//
//	\n \r \t     line feed, carriage return, tab
//	\xHH         any other ASCII control, or a byte that is not valid UTF-8
//	\uHHHH       a code point
//	\UHHHHHHHH   a code point above U+FFFF
//	\\           a backslash
//
// They can be told from backslashes in the text: a backslash that stands
// before one of "\nrtxuU", before anything but printable ASCII, or at the end
// is doubled. Any other backslash is left alone, so that `find . -exec rm {} \;`
// reads as it was typed. Outputs may be joined: what was safe and readable
// apart is so together.
//
// The text of HTML, CSV and chat messages needs more than this package does.
package safetext

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxMarks is how many combining marks one character may carry. Living scripts
// need three; without a limit a stack of them paints over the lines around.
const maxMarks = 4

// Line returns s as text for one line of a terminal: line feeds are escaped
// too.
func Line(s string) string { return escape(s, false) }

// Block returns s as text for several lines of a terminal. Line feeds stay,
// everything else is escaped as by [Line], tabs and carriage returns included.
func Block(s string) string { return escape(s, true) }

func escape(s string, block bool) string {
	if isClean(s, block) && strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s)+len(s)/4)
	for w := (walker{rest: s, block: block}); w.rest != ""; {
		out = w.appendText(out)
	}
	return string(out)
}

// Clip returns [Line] of s, cut to at most n columns of a terminal. Text that
// was cut ends in "…", and never in half an escape. A character that some
// terminals draw two columns wide counts as two, so the result may be narrower
// than n but is not wider. Clip looks at no more of s than it returns; below
// one column it returns nothing.
func Clip(s string, n int) string {
	if n < 1 {
		return ""
	}
	var out []byte
	fits, used := 0, 0 // out[:fits] leaves a column for the ellipsis
	for w := (walker{rest: s}); w.rest != ""; {
		start := len(out)
		out = w.appendText(out)
		used += width(out[start:])
		if used > n {
			return string(out[:fits]) + "…"
		}
		if used < n {
			fits = len(out)
		}
	}
	return string(out)
}

// JSONBytes returns the valid JSON text b, rewritten to be harmless on a
// terminal and to mean the same. [encoding/json] leaves DEL, C1 and invisible
// characters as they are: here they become \uXXXX. Tabs and carriage returns
// between tokens become spaces, and a byte that is not valid UTF-8 becomes
// \ufffd, as which every decoder reads it. JSONBytes returns b itself when
// nothing has to change. JSON that is not valid becomes harmless, but not valid.
func JSONBytes(b []byte) []byte {
	if isClean(b, true) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/4)
	for w := (walker{rest: string(b), block: true}); w.rest != ""; {
		r, raw, plain := w.next()
		switch {
		case plain:
			out = append(out, raw...)
		case r == '\t' || r == '\r':
			out = append(out, ' ')
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = appendHex(out, 'u', hi, 4)
			out = appendHex(out, 'u', lo, 4)
		default:
			out = appendHex(out, 'u', r, 4)
		}
	}
	return out
}

// isClean is the fast path: printable ASCII needs no walk.
func isClean[T string | []byte](s T, block bool) bool {
	for i := range len(s) {
		if c := s[i]; (c < 0x20 || c > 0x7e) && (c != '\n' || !block) {
			return false
		}
	}
	return true
}

// A walker takes characters off the front of a text and judges each.
type walker struct {
	rest  string
	block bool // line feeds are plain
	room  int  // combining marks that may follow
}

// next takes one character. It returns utf8.RuneError and one byte where the
// text is not valid UTF-8, and whether the character may be shown as it is.
func (w *walker) next() (r rune, raw string, plain bool) {
	r, size := utf8.DecodeRuneInString(w.rest)
	raw, w.rest = w.rest[:size], w.rest[size:]
	switch {
	case r == utf8.RuneError && size == 1, !isVisible(r):
		w.room = 0
		return r, raw, r == '\n' && w.block
	case unicode.In(r, unicode.Mn, unicode.Me):
		plain = w.room > 0
		w.room = max(0, w.room-1)
		return r, raw, plain
	}
	w.room = maxMarks
	return r, raw, true
}

func isVisible(r rune) bool {
	return unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// appendText takes one character and appends it in the notation of the package
// comment.
func (w *walker) appendText(dst []byte) []byte {
	r, raw, plain := w.next()
	switch {
	case r == '\\' && w.doubles():
		return append(dst, `\\`...)
	case plain:
		return append(dst, raw...)
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case len(raw) == 1:
		return appendHex(dst, 'x', rune(raw[0]), 2)
	case r > 0xffff:
		return appendHex(dst, 'U', r, 8)
	}
	return appendHex(dst, 'u', r, 4)
}

// doubles reports whether a backslash would be misread before what follows. At
// the end it would be too, by what the caller prints next.
func (w *walker) doubles() bool {
	if w.rest == "" {
		return true
	}
	c := w.rest[0]
	if c < 0x20 || c > 0x7e {
		return c != '\n' || !w.block
	}
	return strings.IndexByte(`\nrtxuU`, c) >= 0
}

func appendHex(dst []byte, kind byte, r rune, digits int) []byte {
	dst = append(dst, '\\', kind)
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&0xf])
	}
	return dst
}
