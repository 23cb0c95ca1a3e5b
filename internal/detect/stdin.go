package detect

import (
	"strings"

	"gander/internal/shell"
)

// given is the program an interpreter reads from its standard input, as far as
// the line says it: a here-document, a here-string, the text of echo or printf.
func (t *translator) given(c *shell.Command) string {
	if p := programs[unversioned(strings.ToLower(c.Name))]; p == nil || !p.interprets || !readsProgram(c.Argv) {
		return ""
	}
	if code := t.document(c); code != "" || c.Stdin < 0 {
		return code
	}
	from := &t.line.Commands[c.Stdin]
	switch from.Name {
	case "cat":
		if len(from.Argv) == 1 {
			return t.document(from)
		}
	case "echo", "printf":
		return said(from.Argv)
	}
	return ""
}

// readsProgram reports whether an interpreter is named no program, so that it
// reads one.
func readsProgram(argv []string) bool {
	for _, a := range argv[1:] {
		switch {
		case a == "-" || a == "/dev/stdin":
			return true
		case a == "-m" || holdsCode(a) || !strings.HasPrefix(a, "-"):
			return false
		}
	}
	return true
}

// said is the text of echo or printf.
func said(argv []string) string {
	n := 1
	for n < len(argv) && strings.HasPrefix(argv[n], "-") {
		n++
	}
	text := strings.Join(argv[n:], " ")
	if argv[0] == "printf" || n > 1 {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	return text
}

// document is the here-document or here-string of a command that is typed, or
// "". Of several it is the first.
func (t *translator) document(c *shell.Command) string {
	line := t.call.Command
	if len(c.Decoded) > 0 || c.End > len(line) || c.Start > c.End {
		return ""
	}
	_, rest, ok := strings.Cut(line[c.Start:c.End], "<<")
	if !ok {
		return ""
	}
	if literal, ok := strings.CutPrefix(rest, "<"); ok {
		return unquoted(strings.TrimLeft(literal, " "))
	}
	rest, tabs := strings.CutPrefix(rest, "-")
	end, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	end = strings.Trim(end, `'"\`)
	_, body, _ := strings.Cut(line[c.End:], "\n")
	return before(body, end, tabs)
}

// unquoted is a word without the quotes around it.
func unquoted(s string) string {
	s = strings.TrimPrefix(s, "$")
	if len(s) > 1 && (s[0] == '\'' || s[0] == '"') {
		if end := strings.LastIndexByte(s, s[0]); end > 0 {
			return s[1:end]
		}
	}
	return s
}

// before is what stands in text before the line that is end, tabs before that
// perhaps left out.
func before(text, end string, tabs bool) string {
	for from := 0; from < len(text); {
		to := strings.IndexByte(text[from:], '\n')
		if to < 0 {
			to = len(text) - from
		}
		line := text[from : from+to]
		if tabs {
			line = strings.TrimLeft(line, "\t")
		}
		if line == end {
			return text[:from]
		}
		from += to + 1
	}
	return text
}
