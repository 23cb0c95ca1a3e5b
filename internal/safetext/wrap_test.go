package safetext_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"gander/internal/safetext"
)

func TestWrapBreaksBetweenWords(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		n, limit int
		want     []string
	}{
		{"fits", "one two", 10, 3, []string{"one two"}},
		{"two lines", "one two three", 8, 3, []string{"one two", "three"}},
		{"a word longer than a line", "abcdefghij kl", 4, 9, []string{"abcd", "efgh", "ij", "kl"}},
		{"more than fits", "one two three four", 8, 2, []string{"one two", "three f…"}},
		{"escapes count", "a\nb c", 4, 3, []string{`a\nb`, "c"}},
		{"wide characters", "日本語", 4, 3, []string{"日本", "語"}},
		{"nothing", "", 4, 3, nil},
		{"no room", "abc", 1, 9, []string{"a", "b", "c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, safetext.Wrap(tt.in, tt.n, tt.limit)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("a b \x1b[31m \u202e 日本", 5, 3)
	f.Fuzz(func(t *testing.T, s string, n, limit int) {
		n, limit = 12+max(0, n%100), max(0, limit%10) // 12 columns hold any escape
		lines := safetext.Wrap(s, n, limit)
		if len(lines) > limit {
			t.Fatalf("%d lines, want at most %d", len(lines), limit)
		}
		for _, l := range lines {
			if strings.ContainsFunc(l, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) || !utf8.ValidString(l) {
				t.Errorf("%q is not safe", l)
			}
			if len(l) > 0 && utf8.RuneCountInString(l) > 5*n { // marks take no column
				t.Errorf("%d characters in %d columns", utf8.RuneCountInString(l), n)
			}
		}
	})
}
