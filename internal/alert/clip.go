package alert

import "unicode/utf8"

// clip shortens s to MaxSubject bytes without cutting a character in two.
func clip(s string) string {
	if len(s) <= MaxSubject {
		return s
	}
	end := MaxSubject
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// clipMatch keeps the part of a long value around its matched range.
func clipMatch(m Match) Match {
	if len(m.Value) <= MaxSubject {
		return m
	}
	from := max(0, m.Start-MaxSubject/4)
	for from > 0 && !utf8.RuneStart(m.Value[from]) {
		from--
	}
	m.Value = clip(m.Value[from:])
	m.Start = max(0, m.Start-from)
	m.End = min(max(0, m.End-from), len(m.Value))
	return m
}
