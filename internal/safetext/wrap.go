package safetext

import (
	"bytes"
	"strings"
)

// Wrap is [Line] broken into lines of at most n columns, after a blank where
// there is one. At most limit lines are given; the last one ends in an ellipsis
// when there is more.
func Wrap(s string, n, limit int) []string {
	var lines []string
	for limit > 0 && s != "" {
		if limit == 1 {
			return append(lines, Clip(s, n))
		}
		first, rest := breakLine(s, n)
		lines = append(lines, first)
		s = rest
		limit--
	}
	return lines
}

// breakLine takes one line's worth off s.
func breakLine(s string, n int) (line, rest string) {
	var out []byte
	blank, after := 0, "" // the last blank in out, and what follows it
	for w := (walker{rest: s}); w.rest != ""; {
		start, before := len(out), w.rest
		out = w.appendText(out)
		if width(out) > n && start > 0 {
			if blank > 0 {
				return string(out[:blank]), after
			}
			return string(out[:start]), strings.TrimPrefix(before, " ")
		}
		if bytes.HasSuffix(out, []byte(" ")) {
			blank, after = len(out)-1, w.rest
		}
	}
	return strings.TrimRight(string(out), " "), ""
}
