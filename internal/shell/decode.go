package shell

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
)

// A codec is a textual encoding of bytes.
type codec interface {
	Decode(dst, src []byte) (int, error)
	DecodedLen(n int) int
	EncodeToString(src []byte) string
}

// decodeWith gives what can be decoded: like the programs, it writes what
// stands before an error.
func decodeWith(c codec, s, ignored string) (string, bool) {
	src := make([]byte, 0, len(s))
	for i := range len(s) {
		if strings.IndexByte(ignored, s[i]) < 0 {
			src = append(src, s[i])
		}
	}
	dst := make([]byte, c.DecodedLen(len(src)))
	n, err := c.Decode(dst, src)
	return string(dst[:n]), err == nil || n > 0
}

const blanks = " \t\r\n"

// baseStep is base64, base32 or basenc.
func baseStep(name string, args []value) (step, []value) {
	o := program{short: "wb", long: " wrap "}.permute(args)
	decode := name == "b64decode" || o.has("d", "D", "decode", "Decode")
	var c codec = base64.RawStdEncoding
	label := "base64 -d"
	switch {
	case o.has("base16"):
		return hexStep("basenc -d", decode), o.rest
	case o.has("base64url"):
		c = base64.RawURLEncoding
	case o.has("base32"), name == "base32":
		c, label = base32.StdEncoding.WithPadding(base32.NoPadding), "base32 -d"
	}
	if !decode {
		return step{do: func(s string) (string, bool) { return encode(c, s), true }}, o.rest
	}
	return step{label: label, hides: true, do: func(s string) (string, bool) {
		return decodeWith(c, s, blanks+"=")
	}}, o.rest
}

func encode(c codec, s string) string {
	out := c.EncodeToString([]byte(s))
	block := 4
	if _, ok := c.(*base32.Encoding); ok {
		block = 8
	}
	if n := len(out) % block; n > 0 {
		out += strings.Repeat("=", block-n)
	}
	return out + "\n"
}

func hexStep(label string, decode bool) step {
	if !decode {
		return step{do: func(s string) (string, bool) { return hex.EncodeToString([]byte(s)) + "\n", true }}
	}
	return step{label: label, hides: true, do: unhex}
}

func unhex(s string) (string, bool) {
	src := strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(blanks+":", r) }), "")
	dst := make([]byte, hex.DecodedLen(len(src)))
	n, err := hex.Decode(dst, []byte(src))
	return string(dst[:n]), err == nil || n > 0
}

// xxdStep is xxd.
func xxdStep(args []value) (step, []value) {
	o := program{short: "clg"}.permute(args)
	switch {
	case o.has("r") && o.has("p"):
		return hexStep("xxd -r", true), o.rest
	case o.has("r"):
		return step{label: "xxd -r", hides: true}, o.rest
	case o.has("p"):
		return hexStep("", false), o.rest
	}
	return step{}, o.rest
}

func reverse(s string) (string, bool) {
	var b strings.Builder
	for line := range strings.Lines(s) {
		text, end := strings.CutSuffix(line, "\n")
		r := []rune(text)
		for i := len(r) - 1; i >= 0; i-- {
			b.WriteRune(r[i])
		}
		if end {
			b.WriteByte('\n')
		}
	}
	return b.String(), true
}

// opensslStep is "openssl base64 -d", "openssl enc -d -a" and the ciphers.
func opensslStep(args []value) step {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = strings.TrimLeft(a.text, "-")
	}
	given := "  " + strings.Join(words, "  ") + "  "
	coding := hasOption(given, "base64") || hasOption(given, "a")
	if !hasOption(given, "d") || !coding && !hasOption(given, "enc") {
		return step{}
	}
	s := step{label: "openssl -d", hides: true}
	for _, known := range []string{"base64", "enc", "a", "A", "d", "e"} {
		given = strings.ReplaceAll(given, " "+known+" ", "")
	}
	if strings.TrimSpace(given) == "" { // neither a cipher nor a file
		s.do = func(in string) (string, bool) { return decodeWith(base64.RawStdEncoding, in, blanks+"=") }
	}
	return s
}

// unpackStep is gzip, bzip2 and their relatives.
func unpackStep(name string, args []value) (step, []value) {
	o := program{short: "S"}.permute(args)
	if (name == "gzip" || name == "bzip2") && !o.has("d", "decompress", "uncompress") {
		return step{}, o.rest
	}
	open := func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	if strings.HasPrefix(name, "b") {
		open = func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }
	}
	return step{label: name, do: func(s string) (string, bool) {
		r, err := open(strings.NewReader(s))
		if err != nil {
			return "", false
		}
		var out bytes.Buffer
		n, _ := io.Copy(&out, io.LimitReader(r, MaxText+1))
		return out.String(), n > 0
	}}, o.rest
}

// trStep is tr.
func trStep(args []value) step {
	o := program{}.scan(args)
	if o.has("c", "C", "t") || len(o.rest) == 0 {
		return step{}
	}
	for _, a := range o.rest {
		if !a.known {
			return step{}
		}
	}
	from, to := trSet(o.rest[0].text), []byte(nil)
	if len(o.rest) > 1 {
		to = trSet(o.rest[1].text)
	}
	return step{label: "tr", do: func(s string) (string, bool) {
		return translate(s, from, to, o.has("d")), true
	}}
}

func translate(s string, from, to []byte, drop bool) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		at := bytes.LastIndexByte(from, c)
		switch {
		case at < 0:
		case drop:
			continue
		case len(to) > 0:
			c = to[min(at, len(to)-1)]
		case len(out) > 0 && out[len(out)-1] == c: // -s
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

var trClasses = map[string]string{
	"lower": "a-z", "upper": "A-Z", "digit": "0-9", "alpha": "A-Za-z", "alnum": "0-9A-Za-z",
	"space": " \t\n\r\v\f", "blank": " \t", "punct": "!-/:-@[-`{-~",
}

// trSet expands a set of tr: a-z, [:upper:], escapes.
func trSet(s string) []byte {
	for name, set := range trClasses {
		s = strings.ReplaceAll(s, "[:"+name+":]", set)
	}
	s, _ = unescape(s, trEscapes)
	var set []byte
	for i := 0; i < len(s) && len(set) < 1024; i++ {
		if i+2 < len(s) && s[i+1] == '-' && s[i] <= s[i+2] {
			for c := int(s[i]); c <= int(s[i+2]); c++ {
				set = append(set, byte(c))
			}
			i += 2
			continue
		}
		set = append(set, s[i])
	}
	return set
}
