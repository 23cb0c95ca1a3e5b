package sigma

// lower maps the letters A-Z to a-z and every other byte to itself.
var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// fold returns s with the letters A-Z in lower case.
func fold(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lower[c]
	}
	return string(b)
}

// equalFold reports whether a and b are the same but for the case of A-Z.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower[a[i]] != lower[b[i]] {
			return false
		}
	}
	return true
}

// hasPrefix reports whether s begins with text, which is in lower case unless cased.
func hasPrefix(s, text string, cased bool) bool {
	if len(s) < len(text) {
		return false
	}
	return s[:len(text)] == text || !cased && equalFold(s[:len(text)], text)
}

// index returns where text first lies in s, or -1.
func index(s, text string, cased bool) int {
	for i := 0; i+len(text) <= len(s); i++ {
		if hasPrefix(s[i:], text, cased) {
			return i
		}
	}
	return -1
}

// findText looks for text in s at the anchored place.
func findText(s, text string, at anchor, cased bool) (start, end int, ok bool) {
	if len(text) > len(s) {
		return 0, 0, false
	}
	switch {
	case at == anywhere:
		if start = index(s, text, cased); start < 0 {
			return 0, 0, false
		}
		return start, start + len(text), true
	case at == whole && len(text) != len(s):
		return 0, 0, false
	case at == atEnd:
		start = len(s) - len(text)
	}
	return start, start + len(text), hasPrefix(s[start:], text, cased)
}
