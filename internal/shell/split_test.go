package shell_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gander/internal/shell"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what testdata expects; review the diff as code")

// A sample is one entry of a file in testdata: a sentence, the line, and what
// render makes of it.
//
//	# A pipe joins two commands.
//	$ a |
//	> b
//	0 a: a
//	1 <0 b: b
type sample struct {
	name, line, want string
}

func TestSplit(t *testing.T) {
	for _, file := range sampleFiles(t) {
		samples := readSamples(t, file)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			for i, s := range samples {
				t.Run(s.name, func(t *testing.T) {
					r := shell.Split(s.line)
					check(t, s.line, r)
					got := render(r)
					samples[i].want = got
					if diff := cmp.Diff(s.want, got); diff != "" && !*update {
						t.Errorf("%s\n(-want +got)\n%s", s.line, diff)
					}
				})
			}
		})
		if *update {
			writeSamples(t, file, samples)
		}
	}
}

func sampleFiles(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no testdata: %v", err)
	}
	return files
}

func readSamples(tb testing.TB, file string) []sample {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var samples []sample
	var s *sample
	for l := range strings.Lines(string(data)) {
		text := l[min(2, len(l)-1):]
		switch {
		case strings.HasPrefix(l, "# "):
			samples = append(samples, sample{name: strings.TrimSpace(text)})
			s = &samples[len(samples)-1]
		case strings.HasPrefix(l, "$ "):
			s.line = strings.TrimSuffix(text, "\n")
		case strings.HasPrefix(l, "> "):
			s.line += "\n" + strings.TrimSuffix(text, "\n")
		case l != "\n":
			s.want += l
		}
	}
	return samples
}

func writeSamples(t *testing.T, file string, samples []sample) {
	t.Helper()
	var b strings.Builder
	for i, s := range samples {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("# " + s.name + "\n$ " + strings.ReplaceAll(s.line, "\n", "\n> ") + "\n" + s.want)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
