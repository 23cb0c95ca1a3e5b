package shell

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A flavour is one of the languages of backslash escapes.
type flavour uint8

const (
	dollarQuotes flavour = iota // $'...'
	echoEscapes                 // echo -e, printf %b: octal is \0nnn
	printfFormat                // printf's first argument
	trEscapes                   // tr: no \x
)

var simpleEscapes = map[byte]byte{
	'a': '\a', 'b': '\b', 'e': 0x1b, 'E': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
	'\\': '\\', '\'': '\'', '"': '"', '?': '?',
}

// unescape replaces backslash escapes. It reports as hidden a text that writes
// letters as numbers, which serves no other purpose.
func unescape(s string, f flavour) (text string, hidden bool) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, false
	}
	out := make([]byte, 0, len(s))
	letters, others := false, false
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		r, isByte, n := numeric(s[i+1:], f)
		if n == 0 {
			i++
			if s[i] == 'c' && (f == echoEscapes || f == printfFormat) {
				break // the output ends here
			}
			out = appendEscape(out, s[i])
			continue
		}
		i += n
		if isByte {
			out = append(out, byte(r))
		} else {
			out = utf8.AppendRune(out, r)
		}
		visible := r > ' ' && r < 0x7f
		letters = letters || visible
		others = others || !visible && !strings.ContainsRune(blanks, r)
	}
	return string(out), letters && !others
}

// appendEscape adds what a backslash and c stand for.
func appendEscape(out []byte, c byte) []byte {
	if e, ok := simpleEscapes[c]; ok {
		return append(out, e)
	}
	return append(out, '\\', c)
}

// hexDigits is how many digits may follow \x, \u and \U.
var hexDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// numeric reads an escape such as x63, u0063 or 143 and gives how long it is.
func numeric(s string, f flavour) (r rune, isByte bool, n int) {
	base, digits, start := 8, 3, 0
	switch {
	case hexDigits[s[0]] > 0 && f != trEscapes:
		base, digits, start = 16, hexDigits[s[0]], 1
	case s[0] == '0' && (f == echoEscapes || f == printfFormat):
		start = 1
	case !isDigit(s[0], 8):
		return 0, false, 0
	}
	end := start
	for end < len(s) && end < start+digits && isDigit(s[end], base) {
		end++
	}
	if end == start && base == 16 {
		return 0, false, 0
	}
	v, _ := strconv.ParseUint("0"+s[start:end], base, 32)
	return rune(v & 0x7fffffff), base == 8 || s[0] == 'x', end
}

func isDigit(c byte, base int) bool {
	if base == 8 {
		return c >= '0' && c <= '7'
	}
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// maxWidth bounds the padding of one printf directive.
const maxWidth = 256

// formatText carries out printf. It gives up on directives it does not know.
func formatText(format string, args []string) (text string, hidden, ok bool) {
	var out strings.Builder
	hidden = false
	for first := true; first || len(args) > 0; first = false {
		before := len(args)
		for i := 0; i < len(format); {
			if next := strings.IndexByte(format[i:], '%'); next != 0 {
				if next < 0 {
					next = len(format) - i
				}
				lit, h := unescape(format[i:i+next], printfFormat)
				out.WriteString(lit)
				hidden = hidden || h
				i += next
				continue
			}
			var d directive
			if d, i, ok = parseDirective(format, i+1); !ok {
				return "", false, false
			}
			arg := ""
			if d.verb != '%' && len(args) > 0 {
				arg, args = args[0], args[1:]
			}
			s, h := d.render(arg)
			out.WriteString(s)
			hidden = hidden || h
		}
		if before == len(args) || out.Len() > MaxText {
			break // nothing takes the arguments, or it is too much
		}
	}
	return out.String(), hidden, true
}

// A directive is one of printf's: %-10s.
type directive struct {
	verb      byte
	left      bool
	zero      bool
	width     int
	precision int // -1 for none
}

// parseDirective reads the directive behind a percent sign, and gives where the
// format goes on.
func parseDirective(format string, i int) (directive, int, bool) {
	d := directive{precision: -1}
	for ; i < len(format) && strings.IndexByte("-0+ #", format[i]) >= 0; i++ {
		d.left = d.left || format[i] == '-'
		d.zero = d.zero || format[i] == '0'
	}
	d.width, i = number(format, i)
	if i < len(format) && format[i] == '.' {
		d.precision, i = number(format, i+1)
	}
	if i == len(format) || strings.IndexByte("%sbdiuxoc", format[i]) < 0 {
		return d, i, false
	}
	d.verb = format[i]
	return d, i + 1, true
}

func number(s string, i int) (n, end int) {
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = min(n*10+int(s[i]-'0'), maxWidth)
	}
	return n, i
}

// verbBase is the base of the directives for numbers.
var verbBase = map[byte]int{'d': 10, 'i': 10, 'u': 10, 'x': 16, 'o': 8}

// render gives the text of a directive for its argument.
func (d directive) render(arg string) (text string, hidden bool) {
	switch d.verb {
	case '%':
		return "%", false
	case 's':
		text = arg
	case 'b':
		text, hidden = unescape(arg, echoEscapes)
	case 'c':
		text = arg[:min(1, len(arg))]
	default:
		n, _ := strconv.ParseInt(arg, 0, 64)
		text = strconv.FormatInt(n, verbBase[d.verb])
	}
	if d.precision >= 0 && (d.verb == 's' || d.verb == 'b') {
		text = text[:min(len(text), d.precision)]
	}
	pad := strings.Repeat(" ", max(0, d.width-len(text)))
	switch {
	case d.left:
		return text + pad, hidden
	case d.zero && d.verb != 's':
		return strings.ReplaceAll(pad, " ", "0") + text, hidden
	}
	return pad + text, hidden
}
