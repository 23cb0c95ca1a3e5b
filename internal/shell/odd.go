package shell

import (
	"bytes"
	"path"
	"strings"
)

// This file decides when quotes and expansions hide a word. It errs towards
// "no": foo"bar baz", --flag="$x", \ls, "$HOME"/bin and C:\dir are how people
// write.

// A piece is a stretch of a folded word, text[start:end].
type piece struct {
	start, end int
	kind       pieceKind
}

// A pieceKind says how a piece was written.
type pieceKind uint8

const (
	literalPiece pieceKind = iota
	quotedPiece
	expandedPiece
	unknownPiece
)

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' }

// judge looks at how the pieces of a field meet.
func (b *builder) judge() oddity {
	base := bytes.LastIndexByte(b.text, '/') + 1
	asPath := looksLikePath(b.text)
	var odd oddity
	for i, p := range b.pieces {
		switch {
		case p.start == p.end && p.kind == quotedPiece:
			odd |= b.emptyQuotes(i, base)
		case i > 0 && p.start > base && p.end > p.start && b.pieces[i-1].kind != unknownPiece && b.letters(p.start):
			odd |= oddProgram // 'cu'rl, $A$B
		}
		if asPath && p.kind == quotedPiece && b.splits(p) {
			odd |= oddWord // /etc/pa'ss'wd
		}
	}
	return odd
}

// emptyQuotes judges c""url: quotes that can only be there to split a word.
func (b *builder) emptyQuotes(i, base int) oddity {
	at := b.pieces[i].start
	var odd oddity
	if at >= base && len(b.text) > 0 && len(b.text) > base {
		odd = oddProgram
	}
	inside := i > 0 && i+1 < len(b.pieces) &&
		b.pieces[i-1].kind == literalPiece && b.pieces[i+1].kind == literalPiece
	if inside && at > 0 && at < len(b.text) && isAlnum(b.text[at-1]) && isAlnum(b.text[at]) {
		odd |= oddWord
	}
	return odd
}

// letters reports whether letters meet at an offset.
func (b *builder) letters(at int) bool {
	return isLetter(b.text[at-1]) && isLetter(b.text[at])
}

// splits reports whether a quoted piece is all letters and digits between
// others, so that the quotes serve no purpose.
func (b *builder) splits(p piece) bool {
	if p.start == 0 || p.end == len(b.text) || p.start == p.end {
		return false
	}
	for _, c := range b.text[p.start-1 : p.end+1] {
		if !isAlnum(c) {
			return false
		}
	}
	return true
}

func looksLikePath(text []byte) bool {
	s := string(text[:min(len(text), 3)])
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "~/") || strings.HasPrefix(s, "./") || s == "../"
}

// needless judges a backslash before c, behind the text of earlier parts and
// the text of this one. \ls, which goes around an alias, is ordinary.
func needless(before, text []byte, c byte) oddity {
	if len(text) == 0 {
		text = before
	}
	if !isLetter(c) || len(text) == 0 || !isLetter(text[len(text)-1]) {
		return 0
	}
	if len(text) > 1 && text[1] == ':' {
		return 0 // C:\Tools\x
	}
	return oddProgram
}

// escapedPath judges backslashes inside a path: /etc/pa\sswd.
func escapedPath(text []byte, src string) oddity {
	if !looksLikePath(text) {
		return 0
	}
	for i := 1; i+1 < len(src); i++ {
		if src[i] == '\\' && isLetter(src[i+1]) && isLetter(src[i-1]) {
			return oddWord
		}
	}
	return 0
}

// disguised are the programs a glob in a command's name is tried on, most
// wanted first. What it really names depends on the machine.
var disguised = []string{
	"cat", "curl", "wget", "bash", "sh", "nc", "ncat", "rm", "python3", "python", "perl", "base64",
	"zsh", "dash", "busybox", "socat", "ssh", "scp", "chmod", "dd", "head", "tail", "less", "more",
	"cp", "mv", "id", "whoami", "xxd", "openssl", "tar", "find", "grep", "awk", "sed", "kill", "crontab",
}

// globbed gives the program that a pattern in command position likely names.
func (w *walker) globbed(pattern string) string {
	base := baseName(pattern)
	if base == "[" || base == "[[" {
		return base
	}
	if !hasGlob(base) && !strings.ContainsAny(base, "()") {
		return base
	}
	w.facts.add(DynamicCommand)
	if len(base) > 64 || strings.Count(base, "*") > 2 || countLetters(base) < 2 {
		return ""
	}
	for _, name := range disguised {
		if ok, _ := path.Match(base, name); ok {
			w.facts.add(ObfuscatedQuotes)
			return name
		}
	}
	return ""
}

func countLetters(s string) int {
	n := 0
	for i := range len(s) {
		if isLetter(s[i]) {
			n++
		}
	}
	return n
}
