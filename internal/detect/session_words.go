package detect

import (
	"encoding/base64"
	"encoding/hex"
	"iter"
	"strings"

	"gander/internal/event"
)

// maxScanned bounds what is read of one result or text, in bytes: its beginning
// and its end.
const maxScanned = 64 << 10

func bounded[T string | []byte](text T) string {
	if len(text) <= maxScanned {
		return string(text)
	}
	return string(text[:maxScanned*3/4]) + " " + string(text[len(text)-maxScanned/4:])
}

// words yields the words of a text or of JSON: what stands between blanks,
// quotes and the signs of a shell, without the punctuation around it.
func words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from := 0
		for i := 0; i < len(text); i++ {
			if !parts[text[i]] {
				continue
			}
			if !give(text[from:i], yield) {
				return
			}
			if text[i] == '\\' && i+1 < len(text) {
				i++ // \n and \" of JSON are no letters
			}
			from = i + 1
		}
		give(text[min(from, len(text)):], yield)
	}
}

func give(w string, yield func(string) bool) bool {
	w = strings.TrimRight(strings.TrimLeft(w, "*_#"), ".:!*_")
	return w == "" || yield(w)
}

// parts are the bytes that part words.
var parts = func() (all [256]bool) {
	for c := range 33 {
		all[c] = true
	}
	for _, c := range []byte("\"'`()[]{}<>|;&,=\\?") {
		all[c] = true
	}
	return all
}()

// hostIn is the host a word names, if it names one.
func hostIn(w string) (string, bool) {
	if len(w) < 4 || len(w) > maxPath || strings.IndexByte(w, '.') < 0 || w[0] == '/' || w[0] == '.' || w[0] == '~' {
		return "", false
	}
	h := hostOf(w)
	dot := strings.LastIndexByte(h, '.')
	return h, dot > 0 && dot < len(h)-1 && len(h) <= maxHost
}

// secretWords are hashes of the words of secrets that a session has seen.
type secretWords struct {
	level map[uint64]secrecy
	via   [strong + 1]*link // the last call of each level
}

const (
	maxSecretWords = 256
	minSecretWord  = 12 // letters of a word that nobody writes by chance
	// fewWords of a project's own secrets stand in calls of its own work: a key
	// for the API it belongs to. More are a copy of the file.
	fewWords = 3
)

// learnSecret keeps the words of a secret that a call showed. The hosts in a
// project's own configuration are those it works with.
func (s *Sessions) learnSecret(se *session, r *recentCall, text string) {
	level := soft
	if r.yield&yieldsStrong != 0 {
		level = strong
	}
	if se.words == nil {
		se.words = &secretWords{level: make(map[uint64]secrecy)}
	}
	for w := range words(text) {
		if h, ok := hostIn(w); ok && level == soft && r.link != nil {
			se.project.host(s.hash(h), r.link.at).named = true
		}
		if !looksSecret(w) || len(se.words.level) >= maxSecretWords {
			continue
		}
		key := s.hash(w)
		se.words.level[key] = max(se.words.level[key], level)
		se.words.via[level] = r.link
	}
}

// looksSecret reports whether a word is long and mixed, and no address or path.
func looksSecret(w string) bool {
	if len(w) < minSecretWord || len(w) > 4096 || strings.Contains(w, "://") || w[0] == '/' || w[0] == '~' {
		return false
	}
	return strings.ContainsAny(w, "0123456789") && strings.ContainsAny(w, letters[:52])
}

// shown says whether words of a secret stand in the call itself, as they are or
// encoded.
func (s *Sessions) shown(se *session, e *event.Event) carried {
	if se.words == nil || len(se.words.level) == 0 {
		return carried{}
	}
	c := secretCount{s: s, words: se.words, left: maxDecoded, seen: make(map[uint64]bool)}
	c.text(bounded(e.Command))
	c.text(bounded(e.Content))
	c.text(bounded(e.Prompt))
	for _, u := range e.URLs[:min(len(e.URLs), 8)] {
		c.text(bounded(u))
	}
	if e.Action == event.MCP {
		c.text(bounded(e.Input))
	}
	switch {
	case c.strong > 0:
		return carried{strong, se.words.via[strong]}
	case len(c.seen) >= fewWords:
		return carried{soft, se.words.via[soft]}
	}
	return carried{}
}

// maxDecoded bounds the bytes that are decoded for one call.
const maxDecoded = 32 << 10

// A secretCount counts the words of secrets in texts.
type secretCount struct {
	s      *Sessions
	words  *secretWords
	left   int // bytes that may still be decoded
	seen   map[uint64]bool
	strong int
}

func (c *secretCount) text(text string) {
	for w := range words(text) {
		c.word(w)
		if strings.IndexByte(w, '/') >= 0 {
			for part := range strings.SplitSeq(w, "/") {
				c.word(part)
			}
		}
		if len(w) >= 2*minSecretWord && len(w) <= c.left {
			c.left -= len(w)
			for inner := range words(decoded(w)) {
				c.word(inner)
			}
		}
	}
}

func (c *secretCount) word(w string) {
	if len(w) < minSecretWord {
		return
	}
	key := c.s.hash(w)
	level, ok := c.words.level[key]
	if !ok {
		return
	}
	c.seen[key] = true
	if level == strong {
		c.strong++
	}
}

// decoded is what a word says in hexadecimal or base64, or "".
func decoded(w string) string {
	w = w[strings.LastIndexByte(w, ':')+1:]
	if b, err := hex.DecodeString(w); err == nil {
		return string(b)
	}
	for _, code := range [...]*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := code.DecodeString(w); err == nil {
			return string(b)
		}
	}
	return ""
}
