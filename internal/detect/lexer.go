package detect

import (
	"strconv"
	"strings"
)

// A token is a piece of a program in a language that writes strings and calls
// as C, Python or Perl do.
type token struct {
	kind byte   // word, text, command, or the sign itself
	text string // of a text what it stands for, as far as that is easily said
}

// The kinds of token that are not signs.
const (
	word    = 'w' // a name with its dots and sigils: os.system, $x, .unlink
	text    = 's' // a string
	command = '`' // a string that is run: of perl, ruby and php
)

// maxTokens bounds the tokens looked at in one program.
const maxTokens = 64 << 10

// A lexer takes a program apart. It does not know the language: what it gets
// wrong is missed, and goes on to be wrong until the next line or quote.
type lexer struct {
	src       string
	backticks byte // what a string in backticks is: text or command
	list      []token
	depth     int // of round and square brackets, in which the end of a line means nothing
}

// tokens gives the tokens of a program for an interpreter. It reports false
// when there are more than it looks at.
func tokens(interpreter, src string) ([]token, bool) {
	l := lexer{src: src, backticks: text}
	switch interpreter {
	case "perl", "ruby", "php":
		l.backticks = command
	}
	for len(l.list) < maxTokens {
		l.src = strings.TrimLeft(l.src, " \t\r")
		if l.src == "" {
			return l.list, true
		}
		l.next()
	}
	return l.list, false
}

func (l *lexer) add(kind byte, s string, rest int) {
	l.list = append(l.list, token{kind, s})
	l.src = l.src[rest:]
}

func (l *lexer) next() {
	c := l.src[0]
	switch {
	case c == '#', strings.HasPrefix(l.src, "//") && l.backticks == text && l.startsLine():
		l.comment()
	case c == '"' || c == '\'':
		l.quoted(c, text)
	case c == '`':
		l.quoted(c, l.backticks)
	case isWord(c):
		n := 1
		for n < len(l.src) && isWord(l.src[n]) {
			n++
		}
		l.word(n)
	case c == '\n' && l.depth > 0:
		l.src = l.src[1:]
	default:
		l.bracket(c)
		l.add(c, l.src[:1], 1)
	}
}

func (l *lexer) bracket(c byte) {
	switch {
	case c == '(' || c == '[':
		l.depth++
	case (c == ')' || c == ']') && l.depth > 0:
		l.depth--
	}
}

// startsLine reports whether nothing stands before the rest on its line: // is
// a division in Python, and half of a URL in no language.
func (l *lexer) startsLine() bool {
	return len(l.list) == 0 || strings.IndexByte("\n;{}", l.list[len(l.list)-1].kind) >= 0
}

func (l *lexer) comment() {
	n := strings.IndexByte(l.src, '\n')
	if n < 0 {
		n = len(l.src)
	}
	l.src = l.src[n:]
}

// word adds a name, or the string that follows when the name says how that is
// quoted: f"", qx{}, %x().
func (l *lexer) word(n int) {
	name := l.src[:n]
	if len(name) <= 2 && n < len(l.src) && strings.Trim(name, "bBfFrRuU") == "" && (l.src[n] == '"' || l.src[n] == '\'') {
		l.src = l.src[n:]
		l.quoted(l.src[0], text)
		return
	}
	if l.backticks == command && n < len(l.src) && (name == "qx" || name == "x" && l.follows('%')) {
		if end := strings.IndexByte("({[|!/", l.src[n]); end >= 0 {
			l.src = l.src[n:]
			l.quoted(")}]|!/"[end], command)
			return
		}
	}
	l.add(word, name, n)
}

// follows reports whether the last token is that sign.
func (l *lexer) follows(sign byte) bool {
	return len(l.list) > 0 && l.list[len(l.list)-1].kind == sign
}

// quoted adds a string that ends with a quote. A string without an end is one
// character, and the program goes on behind that.
func (l *lexer) quoted(quote, kind byte) {
	if three := strings.Repeat(string(quote), 3); strings.HasPrefix(l.src, three) {
		if end := strings.Index(l.src[3:], three); end >= 0 {
			l.add(kind, unescape(l.src[3:3+end]), end+6)
			return
		}
	}
	end := closing(l.src[1:], quote)
	if end < 0 {
		l.add('?', "", 1)
		return
	}
	l.add(kind, unescape(l.src[1:1+end]), end+2)
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '$' || c >= 0x80
}

// closing is where a string ends that was begun by a quote, or -1.
func closing(src string, quote byte) int {
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case quote:
			return i
		}
	}
	return -1
}

// unescape reads the escapes that all these languages have.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case '\n': // the line goes on
		case 'x':
			if n, err := strconv.ParseUint(s[i+1:min(i+3, len(s))], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
			}
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
