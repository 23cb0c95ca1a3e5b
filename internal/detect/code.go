package detect

import (
	"strings"

	"gander/internal/shell"
)

// interpreters are the programs that take a program in another language.
const interpreters = "python pypy perl ruby node nodejs php lua deno bun osascript"

// unversioned is python for python3.12.
func unversioned(name string) string { return strings.TrimRight(name, "0123456789.") }

// code emits what the strings of a one-line program name: files and URLs.
func (t *translator) code(c *shell.Command, dir string) {
	p := program{operands: reads}
	for i := 1; i < len(c.Argv); i++ {
		if editsInPlace(c.Argv[i]) {
			p.operands |= writes
		}
		if !holdsCode(c.Argv[i-1]) {
			continue
		}
		src := c.Argv[i]
		use := usesIn(src)
		whole := stringsIn(src, func(s string) {
			switch {
			case strings.Contains(s, "://"):
				t.web(s)
			case strings.IndexByte(s, '/') >= 0, strings.HasPrefix(s, "."), strings.HasPrefix(s, "~"):
				t.file(use, dir, s)
			}
		})
		t.cut = t.cut || !whole
	}
	t.plain(&p, c, dir)
}

// holdsCode reports whether an option's value is a program: -c, -e, -pe, --eval.
func holdsCode(option string) bool {
	if len(option) < 2 || option[0] != '-' {
		return false
	}
	if option[1] == '-' {
		return option == "--eval" || option == "--print"
	}
	return len(option) <= 4 && strings.IndexByte("cerEp", option[len(option)-1]) >= 0
}

// editsInPlace reports whether an option of perl or ruby makes them write their
// operands back: -i, -pi, -i.bak, -pie.
func editsInPlace(option string) bool {
	letters, ok := strings.CutPrefix(option, "-")
	letters = strings.TrimLeft(letters, "pn0l")
	return ok && strings.HasPrefix(letters, "i") && len(letters) <= len("i.orig")
}

// A verb is a word that tells what is done with files.
type verb struct {
	word string
	use  fileUse
}

// codeVerbs are in programs that do more than read.
var codeVerbs = []verb{
	{"write", writes},
	{"'w", writes},
	{`"w`, writes},
	{"'a'", writes},
	{`"a"`, writes},
	{"'a+'", writes},
	{"append", writes},
	{"copy", writes},
	{"dump", writes},
	{"symlink", writes},
	{"unlink", deletes},
	{"rmtree", deletes},
	{"remove", deletes},
	{"rmSync", deletes},
	{"rm_rf", deletes},
	{"chmod", changes},
	{"chown", changes},
	{"rename", changes},
	{"move", changes},
}

// usesIn says what a program may do with the files it names.
func usesIn(src string) fileUse {
	use := reads
	for _, v := range codeVerbs {
		if strings.Contains(src, v.word) {
			use |= v.use
		}
	}
	return use
}

// maxStrings bounds the strings looked at in one program.
const maxStrings = 1024

// stringsIn yields the quoted strings of a program in any language that quotes
// as C does. It reports false when there are more than it looks at.
func stringsIn(src string, yield func(string)) bool {
	for range maxStrings {
		from := strings.IndexAny(src, "'\"`")
		if from < 0 {
			return true
		}
		quote := src[from]
		src = src[from+1:]
		to := closing(src, quote)
		if to < 0 {
			return true
		}
		if s := src[:to]; s != "" && len(s) <= maxPath {
			yield(s)
		}
		src = src[to+1:]
	}
	return false
}

// closing is where a string ends that was begun by a quote, or -1.
func closing(src string, quote byte) int {
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case quote:
			return i
		}
	}
	return -1
}
