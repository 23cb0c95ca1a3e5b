package safetext_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gander/internal/safetext"
)

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
	}{
		{"plain ASCII is left alone", "curl -fsS https://example.com | tee 'a b'", "curl -fsS https://example.com | tee 'a b'"},
		{"letters of other scripts stay", "naïve Ωμέγα 日本語 שלום", "naïve Ωμέγα 日本語 שלום"},
		{"an accent stays on its letter", "cafe\u0301", "cafe\u0301"},
		{"a colour sequence is shown", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"a carriage return cannot rewrite the line", "rm -rf /\rls", `rm -rf /\rls`},
		{"a line feed and a tab are shown", "a\n\tb", `a\n\tb`},
		{"NUL, BEL, BS and DEL are shown", "\x00\a\b\x7f", `\x00\x07\x08\x7f`},
		{"a C1 control is a code point", "\u009b31m", `\u009b31m`},
		{"a raw C1 byte is a byte", "\x9b31m", `\x9b31m`},
		{"bidirectional controls are shown", "\u202egnp.exe\u202c\u2066\u200f", `\u202egnp.exe\u202c\u2066\u200f`},
		{"zero-width characters are shown", "a\u200bb\u200d\u2060\ufeffc\u00ad", `a\u200bb\u200d\u2060\ufeffc\u00ad`},
		{"separators are shown", "a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"tag characters are shown", "\U000e0041\U000e007f", `\U000e0041\U000e007f`},
		{"variation selectors are shown", "❤\ufe0f\U000e0100\u180b", `❤\ufe0f\U000e0100\u180b`},
		{"fillers and joiners that draw nothing are shown", "\u3164\u115f\uffa0\u034f", `\u3164\u115f\uffa0\u034f`},
		{"spaces that are not the space are shown", "rm\u00a0x\u2003\u3000", `rm\u00a0x\u2003\u3000`},
		{"private and unassigned code points are shown", "\ue0b0\U000e0fff\uffff", `\ue0b0\U000e0fff\uffff`},
		{"invalid UTF-8 is shown byte by byte", "a\xffb\xed\xa0\x80c\xc3", `a\xffb\xed\xa0\x80c\xc3`},
		{"a real replacement character stays", "\ufffd", "\ufffd"},
		{"a mark without a character is shown", "\u0301a", `\u0301a`},
		{"a mark cannot sit on an escape", "\x1b\u0301", `\x1b\u0301`},
		{"a stack of marks is cut", "e" + strings.Repeat("\u0301", 6), "e" + strings.Repeat("\u0301", 4) + `\u0301\u0301`},
		{"a harmless backslash stays", `find . -exec rm {} \; | sed 's/\./_/'`, `find . -exec rm {} \; | sed 's/\./_/'`},
		{"a forged escape is not one", `\x1b[31m \n \u202e`, `\\x1b[31m \\n \\u202e`},
		{"a backslash before a backslash is doubled", `\\`, `\\\\`},
		{"a backslash before an escape is doubled", "\\\x1b", `\\\x1b`},
		{"a backslash at the end is doubled", `C:\`, `C:\\`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := safetext.Line(tt.in); got != tt.want {
				t.Errorf("Line(%q)\n got %s\nwant %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestBlock(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
	}{
		{"line feeds stay", "a\nb\n", "a\nb\n"},
		{"a line continuation stays", "a \\\nb", "a \\\nb"},
		{"CRLF shows its CR", "a\r\nb", "a\\r\nb"},
		{"a tab is shown", "\tgo", `\tgo`},
		{"a mark cannot sit on a line feed", "\n\u0301", "\n" + `\u0301`},
		{"other line separators do not break the line", "a\u2028b\u0085c\vd\fe", `a\u2028b\u0085c\x0bd\x0ce`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := safetext.Block(tt.in); got != tt.want {
				t.Errorf("Block(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		n        int
		want     string
	}{
		{"what fits is whole", "abc", 3, "abc"},
		{"what does not is cut", "abcd", 3, "ab…"},
		{"one column is the ellipsis", "abc", 1, "…"},
		{"no column is nothing", "abc", 0, ""},
		{"fewer than none is nothing", "abc", -1, ""},
		{"nothing is nothing", "", 5, ""},
		{"an escape is not cut in half", "ab\x1bcd", 5, "ab…"},
		{"an escape that fits is whole", "ab\x1b", 6, `ab\x1b`},
		{"a wide character takes two columns", "日本語", 5, "日本…"},
		{"a wide character is not cut in half", "日本語", 4, "日…"},
		{"emoji are wide", "🦢🦢🦢", 4, "🦢…"},
		{"marks take none", "e\u0301e\u0301", 2, "e\u0301e\u0301"},
		{"a mark stays with its character", "e\u0301abc", 2, "e\u0301…"},
		{"line feeds are escaped", "a\nb", 9, `a\nb`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := safetext.Clip(tt.in, tt.n); got != tt.want {
				t.Errorf("Clip(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
			}
		})
	}
}

func TestClipReadsNoMoreThanItShows(t *testing.T) {
	huge := strings.Repeat("e"+strings.Repeat("\u0301", 99), 1<<16)
	allocs := testing.AllocsPerRun(10, func() { safetext.Clip(huge, 80) })
	if allocs > 10 { // enough for the result to grow, not for all of huge
		t.Errorf("cutting %d bytes to 80 columns allocated %v times", len(huge), allocs)
	}
}

func TestJSONBytes(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
	}{
		{"plain JSON is left alone", "{\n  \"a\": [1, \"\\u001b\\n\"]\n}\n", "{\n  \"a\": [1, \"\\u001b\\n\"]\n}\n"},
		{"DEL and C1 are escaped", "[\"\x7f\u009b\"]", `["\u007f\u009b"]`},
		{"bidirectional and zero-width are escaped", "{\"\u202ea\":\"\u200b\"}", `{"\u202ea":"\u200b"}`},
		{"above U+FFFF a pair is written", "\"\U000e0041\"", `"\udb40\udc41"`},
		{"invalid UTF-8 is the replacement character", "\"a\xff\"", `"a\ufffd"`},
		{"tabs and carriage returns between tokens are spaces", "{\t\"a\":\r\n1}", "{ \"a\": \n1}"},
		{"a stack of marks is cut", "\"e" + strings.Repeat("\u0301", 5) + "\"", "\"e" + strings.Repeat("\u0301", 4) + `\u0301"`},
		{"letters stay", `"日本語"`, `"日本語"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(safetext.JSONBytes([]byte(tt.in))); got != tt.want {
				t.Errorf("JSONBytes(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

var seeds = []string{
	"", "plain", "a\nb\tc\r", "\x1b]0;title\a", "\x9b2J\u009b2J", "\\\\n\\x1b\\", "\u202e\u2066\u200d\ufeff",
	"\xff\xed\xa0\x80\xc3", "e\u0301\u0301\u0301\u0301\u0301", "日本語🦢", "\U000e0041\U000e0100\ufe0f", "a\\\nb",
	`{"a":"\u001b","b":["é",1.50,null]}`, "\"\x7f\u0085\xff\U000e0041\"", "[\t1,\r\n2 ]",
}

func FuzzLine(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, "n"+s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		out := safetext.Line(a)
		mustBeHarmless(t, out, false)
		if back := unescape(t, out); back != a {
			t.Errorf("Line(%q) = %q, which reads as %q", a, out, back)
		}
		joined := out + safetext.Line(b)
		mustBeHarmless(t, joined, false)
		if back := unescape(t, joined); back != a+b {
			t.Errorf("Line(%q)+Line(%q) = %q, which reads as %q", a, b, joined, back)
		}
	})
}

func FuzzBlock(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := safetext.Block(s)
		mustBeHarmless(t, out, true)
		if back := unescape(t, out); back != s {
			t.Errorf("Block(%q) = %q, which reads as %q", s, out, back)
		}
	})
}

func FuzzClip(f *testing.F) {
	for i, s := range seeds {
		f.Add(s, i)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		n %= 300
		out, line := safetext.Clip(s, n), safetext.Line(s)
		mustBeHarmless(t, out, false)
		if bases := countBases(out); bases > max(n, 0) {
			t.Errorf("Clip(%q, %d) = %q takes %d columns", s, n, out, bases)
		}
		if out == line || n < 1 {
			return
		}
		kept, cut := strings.CutSuffix(out, "…")
		if !cut || !strings.HasPrefix(line, kept) {
			t.Errorf("Clip(%q, %d) = %q is not the start of %q", s, n, out, line)
		}
	})
}

func FuzzJSONBytes(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := string(b)
		out := safetext.JSONBytes(b)
		mustBeHarmless(t, string(out), true)
		if string(b) != in {
			t.Fatalf("JSONBytes changed its input %q", in)
		}
		if !json.Valid(b) {
			return
		}
		if got, want := decode(t, out), decode(t, b); !reflect.DeepEqual(got, want) {
			t.Errorf("JSONBytes(%q) = %q means %v, not %v", b, out, got, want)
		}
	})
}

func decode(t *testing.T, b []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("decode %q: %v", b, err)
	}
	return v
}

// mustBeHarmless states the promise of the package in terms of its own: no
// table or function is shared with the code.
func mustBeHarmless(t *testing.T, s string, lineFeeds bool) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("%q is not valid UTF-8", s)
	}
	room := 0
	for _, r := range s {
		switch err := harmless(r, lineFeeds); {
		case err != nil:
			t.Fatalf("%q: %v", s, err)
		case r == '\n':
			room = 0
		case !unicode.In(r, unicode.Mn, unicode.Me):
			room = 4
		case room == 0:
			t.Fatalf("%q: mark %U stands alone or on a stack", s, r)
		default:
			room--
		}
	}
}

func harmless(r rune, lineFeeds bool) error {
	switch {
	case r == '\n' && lineFeeds:
		return nil
	case r < 0x20, 0x7f <= r && r <= 0x9f:
		return fmt.Errorf("control %U", r)
	case unicode.In(r, unicode.Cf, unicode.Bidi_Control, unicode.Join_Control):
		return fmt.Errorf("format character %U", r)
	case unicode.In(r, unicode.Zl, unicode.Zp), unicode.Is(unicode.Zs, r) && r != ' ':
		return fmt.Errorf("separator %U", r)
	case unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		return fmt.Errorf("invisible %U", r)
	case unicode.In(r, unicode.Co, unicode.Noncharacter_Code_Point), !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs):
		return fmt.Errorf("private or unassigned %U", r)
	}
	return nil
}

// unescape reads the notation of the package comment back.
func unescape(t *testing.T, s string) string {
	t.Helper()
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	short := map[byte]string{'n': "\n", 'r': "\r", 't': "\t", '\\': `\`}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		kind := s[i+1]
		if c, ok := short[kind]; ok {
			b.WriteString(c)
			i++
			continue
		}
		n := digits[kind]
		if n == 0 {
			b.WriteByte('\\')
			continue
		}
		v, err := strconv.ParseUint(s[i+2:i+2+n], 16, 32)
		if err != nil {
			t.Fatalf("%q at %d: %v", s, i, err)
		}
		if kind == 'x' {
			b.WriteByte(byte(v))
		} else {
			b.WriteRune(rune(v))
		}
		i += 1 + n
	}
	return b.String()
}

// countBases counts the characters that take a column of their own.
func countBases(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			n++
		}
	}
	return n
}

func BenchmarkLine(b *testing.B) {
	for name, s := range map[string]string{
		"clean":  strings.Repeat("go test ./... -run 'TestLine' ", 64),
		"mixed":  strings.Repeat("naïve \x1b[31m日本\u202e \\n ", 64),
		"binary": strings.Repeat("\xff\x00\x9b\x7f", 512),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				safetext.Line(s)
			}
		})
	}
}
