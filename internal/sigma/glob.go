package sigma

import "unicode/utf8"

// A glob is text with wildcards: segments in this order, anything between
// them. An anchored glob's first segment lies at the start of the value, its
// last at the end.
type glob struct {
	segments []segment
	anchor   anchor
	cased    bool
}

// A segment is one or more texts with exactly one character between each. A
// byte that is not UTF-8 counts as a character.
type segment []string

// find reports whether s matches g, and where. Taking the leftmost place for
// each segment is enough, so the time is bounded by the length of s times
// that of g.
func (g *glob) find(s string) (start, end int, ok bool) {
	segs, from, to := g.segments, 0, len(s)
	if g.anchor == whole && len(segs) == 1 {
		n, ok := segs[0].prefix(s, g.cased)
		return 0, n, ok && n == len(s)
	}
	if g.anchor&atStart != 0 {
		if from, ok = segs[0].prefix(s, g.cased); !ok {
			return 0, 0, false
		}
		segs = segs[1:]
	}
	if g.anchor&atEnd != 0 {
		if to, ok = segs[len(segs)-1].suffix(s[from:], g.cased); !ok {
			return 0, 0, false
		}
		to += from
		segs = segs[:len(segs)-1]
	}
	if start, end, ok = findAll(segs, s[from:to], g.cased); !ok {
		return 0, 0, false
	}
	start, end = start+from, end+from
	if g.anchor&atStart != 0 {
		start = 0
	}
	if g.anchor&atEnd != 0 {
		end = len(s)
	}
	return start, end, true
}

// findAll looks for segs in s one behind the other.
func findAll(segs []segment, s string, cased bool) (start, end int, ok bool) {
	for i, seg := range segs {
		from, to, ok := seg.index(s[end:], cased)
		if !ok {
			return 0, 0, false
		}
		if i == 0 {
			start = from
		}
		end += to
	}
	return start, end, true
}

// prefix returns how many bytes of s, from its start, match.
func (seg segment) prefix(s string, cased bool) (n int, ok bool) {
	for i, text := range seg {
		if i > 0 {
			_, size := utf8.DecodeRuneInString(s[n:])
			if size == 0 {
				return 0, false
			}
			n += size
		}
		if !hasPrefix(s[n:], text, cased) {
			return 0, false
		}
		n += len(text)
	}
	return n, true
}

// suffix returns where the end of s that matches begins.
func (seg segment) suffix(s string, cased bool) (start int, ok bool) {
	start = len(s)
	for i := len(seg) - 1; i >= 0; i-- {
		text := seg[i]
		if start -= len(text); start < 0 || !hasPrefix(s[start:], text, cased) {
			return 0, false
		}
		if i > 0 {
			_, size := utf8.DecodeLastRuneInString(s[:start])
			if size == 0 {
				return 0, false
			}
			start -= size
		}
	}
	return start, true
}

// index returns the first place in s that matches.
func (seg segment) index(s string, cased bool) (start, end int, ok bool) {
	for start <= len(s) {
		if seg[0] != "" {
			i := index(s[start:], seg[0], cased)
			if i < 0 {
				return 0, 0, false
			}
			start += i
		}
		if n, ok := seg.prefix(s[start:], cased); ok {
			return start, start + n, true
		}
		_, size := utf8.DecodeRuneInString(s[start:])
		start += max(size, 1)
	}
	return 0, 0, false
}

// longest returns the longest text of g, in lower case.
func (g *glob) longest() string {
	best := ""
	for _, seg := range g.segments {
		for _, text := range seg {
			if len(text) > len(best) {
				best = text
			}
		}
	}
	return fold(best)
}
