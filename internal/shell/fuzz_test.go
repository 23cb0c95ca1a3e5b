package shell_test

import (
	"slices"
	"testing"

	"gander/internal/shell"
	"github.com/google/go-cmp/cmp"
)

// facts is every fact, in the order Result.Facts keeps.
var facts = []shell.Fact{
	shell.Unparsable, shell.TooDeep, shell.TooLong, shell.DynamicCommand,
	shell.DecoderToShell, shell.DownloadToShell, shell.ObfuscatedQuotes, shell.LayersTruncated,
}

func FuzzSplit(f *testing.F) {
	for _, file := range sampleFiles(f) {
		for _, s := range readSamples(f, file) {
			f.Add(s.line)
		}
	}
	for _, unit := range nesting {
		f.Add(unit + unit + unit)
	}
	f.Fuzz(func(t *testing.T, line string) {
		shell.Walk(line) // does not recover
		r := shell.Split(line)
		check(t, line, r)
		if again := shell.Split(line); !cmp.Equal(r, again) {
			t.Errorf("the second answer differs from the first:\n%s", cmp.Diff(r, again))
		}
	})
}

// check reports what must hold for every line and does not.
func check(t *testing.T, line string, r shell.Result) {
	t.Helper()
	if len(r.Commands) > shell.MaxCommands {
		t.Errorf("%d commands", len(r.Commands))
	}
	size := 0
	for i, c := range r.Commands {
		if c.Parent < -1 || c.Parent >= i || c.Stdin < -1 || c.Stdin >= i {
			t.Errorf("command %d has parent %d and stdin %d", i, c.Parent, c.Stdin)
		}
		if c.Start < 0 || c.Start > c.End || c.End > len(line) {
			t.Errorf("command %d stands at [%d:%d] of %d bytes", i, c.Start, c.End, len(line))
		}
		if len(c.Argv) == 0 && c.Name != "" {
			t.Errorf("command %d is named %q without having words", i, c.Name)
		}
		size += len(c.Text)
		for _, word := range c.Argv {
			size += len(word)
		}
	}
	// Wrappers repeat the text of what they run, so there is a factor.
	if limit := 200 * (len(line) + shell.MaxExpansion); size > limit {
		t.Errorf("the texts have %d bytes, more than %d", size, limit)
	}
	last := -1
	for _, fact := range r.Facts {
		at := slices.Index(facts, fact)
		if at <= last {
			t.Errorf("facts are unknown, double or out of order: %v", r.Facts)
		}
		last = at
	}
}
