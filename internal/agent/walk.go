package agent

import (
	"bytes"
	"strings"
)

// The walkers slice JSON without copying and without checking it: ReadObject
// lets jsontext judge the bytes first. On malformed JSON they give up somewhere,
// but never read outside of it and never take more than linear time.

// walkObject calls f with the quoted name and the value of each member of the
// object at the start of b.
func walkObject(b []byte, f func(name, value []byte)) {
	i := skipBlank(b, 0)
	if !at(b, i, '{') {
		return
	}
	for i = skipBlank(b, i+1); at(b, i, '"'); i = skipBlank(b, i+1) {
		nameEnd := skipString(b, i)
		colon := skipBlank(b, nameEnd)
		if !at(b, colon, ':') {
			return
		}
		start := skipBlank(b, colon+1)
		end := skipValue(b, start)
		if end == start || end > len(b) {
			return
		}
		f(b[i:nameEnd], b[start:end:end])
		if i = skipBlank(b, end); !at(b, i, ',') {
			return
		}
	}
}

// Elements calls f with the JSON of each element of the JSON array in b.
// Anything but an array has no elements.
func Elements(b []byte, f func(element []byte)) {
	i := skipBlank(b, 0)
	if !at(b, i, '[') {
		return
	}
	for {
		start := skipBlank(b, i+1)
		end := skipValue(b, start)
		if end == start || end > len(b) {
			return
		}
		f(b[start:end:end])
		if i = skipBlank(b, end); !at(b, i, ',') {
			return
		}
	}
}

func at(b []byte, i int, c byte) bool { return i < len(b) && b[i] == c }

func skipBlank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// skipValue returns the end of the value at i, i itself where there is none,
// and more than len(b) when the value breaks off.
func skipValue(b []byte, i int) int {
	switch {
	case i >= len(b):
		return i
	case b[i] == '"':
		return skipString(b, i)
	case b[i] == '{' || b[i] == '[':
		return skipNested(b, i)
	}
	for i < len(b) && strings.IndexByte(",:]} \t\r\n\"", b[i]) < 0 {
		i++
	}
	return i
}

func skipNested(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = skipString(b, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(b) + 1
}

func skipString(b []byte, i int) int {
	for j := i + 1; j < len(b); j++ {
		quote := bytes.IndexByte(b[j:], '"')
		if quote < 0 {
			break
		}
		j += quote
		escapes := 0
		for b[j-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return j + 1
		}
	}
	return len(b) + 1
}
