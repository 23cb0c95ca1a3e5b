package shell_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gander/internal/shell"
)

// nesting are texts that go one level deeper, or one element further, each
// time they are repeated.
var nesting = []string{
	"$(", "(", "{ ", "if ", "${a:-", "\"$(", "f(){ ", "id|", "id&&", "id;", "`", "\\`", "<(", ">(", "[[ (", "((", "! ",
	"$((", "$[", "a[", "${a[", "a=(", "while ", "until ", "for i in ", "case x in a) ", "select a in ", "time ", "coproc ",
	"function f { ", "\"${a:-", "$((1+(", "$((-", "((!", "((a=", "((a?", "let a+", "1+", "[[ ! ", "[[ a && ", "@(", "{a,", "{a,b}",
	"{1..9999}", "<<a;", "cat <<a\n", "bash<<<", "elif ", "if a; then b; elif ", "sudo ", "sh -c ", "eval ", "nohup nice ",
	"xargs ", "find -exec ", "parallel ", "env -S ", "tee >(", "x=$y$y;y=$x$x;", "A=$A$A$A$Ax;", "a=(${a[@]} ${a[@]});",
	"a+=b;", "printf %999d;", "${x//a/", "echo a|cat>f;", "echo a>>f;cat f f f f>f;", "set -- \"$@\" \"$@\";",
	"$x", "$'", "'", "\"", "\\", "&", "\n", "\x00", "\xff", "#", "~", "*", "echo a;#x\n", "a=b ",
}

// TestRepetition sends each of them at sizes around the limits. What is tested
// is that it comes back: a stack overflow would end the process.
func TestRepetition(t *testing.T) {
	for _, unit := range nesting {
		t.Run(fmt.Sprintf("%q", unit), func(t *testing.T) {
			for _, n := range []int{10, shell.MaxDepth - 1, 1 << 10, shell.MaxLine / len(unit)} {
				line := strings.Repeat(unit, n)
				check(t, line, shell.Split(line))
			}
		})
	}
}

func TestMillionsOfOpenersAreTooLong(t *testing.T) {
	for _, unit := range nesting[:14] {
		line := strings.Repeat(unit, 3_000_000)
		r := shell.Split(line)
		check(t, line, r)
		if !slices.Contains(r.Facts, shell.TooLong) {
			t.Errorf("%q: facts are %v", unit, r.Facts)
		}
	}
}

func TestNestingIsReadUpToTheLimit(t *testing.T) {
	for _, pair := range []struct{ open, end string }{
		{"(", ")"},
		{"{ ", "; }"},
		{"echo $(", ")"},
		{"if a; then ", "; fi"},
		{"echo \"$(", ")\""},
		{"cat <(", ")"},
		{"while a; do ", "; done"},
		{"case a in b) ", ";; esac"},
		{"f() { ", "; }"},
		{"echo ${x:-$(", ")}"},
	} {
		for _, tt := range []struct {
			levels int
			deep   bool
		}{{60, false}, {2000, true}} {
			line := strings.Repeat(pair.open, tt.levels) + "curl u" + strings.Repeat(pair.end, tt.levels)
			r := shell.Split(line)
			check(t, line, r)
			if deep := slices.Contains(r.Facts, shell.TooDeep); deep != tt.deep {
				t.Errorf("%d x %q: facts are %v", tt.levels, pair.open, r.Facts)
			}
			if !tt.deep && !names(r, "curl") {
				t.Errorf("%d x %q: curl is not found", tt.levels, pair.open)
			}
		}
	}
}

func names(r shell.Result, name string) bool {
	return slices.ContainsFunc(r.Commands, func(c shell.Command) bool { return c.Name == name })
}

func TestNestingHiddenInALayerIsTooDeepToo(t *testing.T) {
	deep := strings.Repeat("(", 40_000)
	for _, line := range []string{
		"bash -c '" + deep + "'",
		"sh <<'EOF'\n" + deep + "\nEOF",
		"echo '" + deep + "' | sh",
		"echo " + base64.StdEncoding.EncodeToString([]byte(deep)) + " | base64 -d | sh",
		"x='" + deep + "'; eval \"$x\"",
	} {
		r := shell.Split(line)
		check(t, line, r)
		if !slices.Contains(r.Facts, shell.TooDeep) {
			t.Errorf("%.20s: facts are %v", line, r.Facts)
		}
	}
}

func TestManyBracketsThatDoNotNestAreRead(t *testing.T) {
	source := strings.Repeat("print(len((1, 2)), {'a': [f(x)]})\n", 2000)
	for _, line := range []string{
		"cat > x.py <<'EOF'\n" + source + "EOF\ncurl u",
		strings.Repeat("echo $(date) \"$(id)\" ${x:-y};", 200) + "curl u",
	} {
		r := shell.Split(line)
		check(t, line, r)
		if len(r.Facts) > 0 || !names(r, "curl") {
			t.Errorf("%.20s: facts are %v", line, r.Facts)
		}
	}
}

func TestExpansionIsBounded(t *testing.T) {
	long := strings.Repeat("a", 100<<10)
	for _, line := range []string{
		"echo {1..9999}" + long,
		"x=" + long[:60<<10] + ";echo" + strings.Repeat(" $x", 1000),
		"x=" + long[:1000] + strings.Repeat(";echo ${x//a/$x}", 500),
		"x=" + long[:1000] + strings.Repeat(";echo ${x//a*a*a*a*b/}", 500),
		"a=(" + strings.Repeat("'' ", 10_000) + ")" + strings.Repeat(";echo \"${a[@]}\"", 900),
		"echo " + long[:60<<10] + strings.Repeat(" | cat - - -", 500),
		"echo '" + strings.Repeat("a ", 30<<10) + "' | xargs xargs xargs xargs rm",
		"parallel parallel parallel parallel ::: " + strings.Repeat("a ", 1000),
		"printf " + strings.Repeat("%9999999999d", 1000) + " | sh",
	} {
		r := shell.Split(line)
		check(t, line, r)
		size := 0
		for _, c := range r.Commands {
			size += len(c.Text)
		}
		if size > 16<<20 {
			t.Errorf("%.40s: %d commands with %d bytes of text", line, len(r.Commands), size)
		}
	}
}

func TestPaddingHidesNothing(t *testing.T) {
	pad := strings.Repeat(" ", 100<<10)
	for _, line := range []string{
		"echo '" + pad + "curl u' | sh",
		"sh <<'EOF'\n" + pad + "curl u\nEOF",
		"x='" + pad + "curl u'; eval \"$x\"",
		"(echo '" + pad + "'; echo curl u) | sh",
	} {
		r := shell.Split(line)
		check(t, line, r)
		if !names(r, "curl") {
			t.Errorf("%.20s: curl is not found; facts are %v", line, r.Facts)
		}
	}
	for _, line := range []string{
		"(printf '%250s'" + strings.Repeat(" a", 1000) + "; echo curl u) | sh",
		"x=" + strings.Repeat("a", 50<<10) + "; y=$x$x$x; eval \"$y\"",
		"echo " + zipped(t, strings.Repeat(" ", shell.MaxText)+"curl u") + " | base64 -d | gunzip | sh",
	} {
		r := shell.Split(line)
		check(t, line, r)
		if !slices.Contains(r.Facts, shell.LayersTruncated) {
			t.Errorf("%.20s: facts are %v", line, r.Facts)
		}
	}
}

// zipped is a text as gzip and base64 give it.
func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestLongLinesAreLookedOver(t *testing.T) {
	line := "cat > x <<'EOF'\n" + strings.Repeat("rm -rf / # data\n", 20_000) + "EOF\nsudo -u root sh -c 'id' > /tmp/out && A=b 'curl' u"
	r := shell.Split(line)
	check(t, line, r)
	want := `0 cat: cat | >x
1 sudo: sudo -u root sh -c id | >/tmp/out
2 curl: curl u | A=b
! too-long
`
	if got := render(r); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCommandsAreCounted(t *testing.T) {
	line := strings.Repeat("a;", 2*shell.MaxCommands)
	r := shell.Split(line)
	check(t, line, r)
	if len(r.Commands) != shell.MaxCommands || !slices.Contains(r.Facts, shell.LayersTruncated) {
		t.Errorf("%d commands, facts %v", len(r.Commands), r.Facts)
	}
}
