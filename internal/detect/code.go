package detect

import (
	"strings"

	"gander/internal/shell"
)

// interpreters are the programs that take a program in another language.
const interpreters = "python pypy perl ruby node nodejs php lua deno bun osascript"

// unversioned is python for python3.12.
func unversioned(name string) string { return strings.TrimRight(name, "0123456789.") }

// code emits what a program names that an interpreter is given as an argument:
// files and URLs. The commands it runs are kept for inner.
func (t *translator) code(c *shell.Command, dir string) {
	p := program{operands: reads}
	for i := 1; i < len(c.Argv); i++ {
		if editsInPlace(c.Argv[i]) {
			p.operands |= writes
		}
		if holdsCode(c.Argv[i-1]) {
			t.program(c, dir, c.Argv[i], 0)
		}
	}
	if t.piped != "" {
		t.program(c, dir, t.piped, 0)
	}
	t.plain(&p, c, dir)
}

// awk is an interpreter whose program is its first operand.
func (t *translator) awk(c *shell.Command, dir string) {
	for i := 1; i < len(c.Argv); i++ {
		switch a := c.Argv[i]; {
		case a == "-f" || a == "-v" || a == "-F":
			i++
		case strings.HasPrefix(a, "-"):
		default:
			t.program(c, dir, a, 0)
			t.plain(&program{operands: reads, skip: 1}, c, dir)
			return
		}
	}
}

// program emits the files and URLs a program names, and those of the programs
// it evaluates, so many layers deep.
func (t *translator) program(c *shell.Command, dir, src string, layers int) {
	has := t.log.has
	if t.piped != "" {
		t.log.unset(fieldParentCommandLine) // it is most of all the program
	}
	language := unversioned(strings.ToLower(c.Name))
	toks, whole := tokens(language, src)
	s := newSource(language, toks, src)
	n := 0
	for i, tok := range toks {
		if tok.kind != text || tok.text == "" || len(tok.text) > maxPath {
			continue
		}
		if n++; n > maxStrings {
			whole = false
			break
		}
		switch str := s.joined(i); {
		case strings.Contains(str, "://"):
			t.web(str)
		case strings.IndexByte(str, '\n') >= 0:
		case strings.IndexByte(str, '/') >= 0, strings.HasPrefix(str, "."), strings.HasPrefix(str, "~"):
			t.named(c, dir, str, s, i)
		}
	}
	t.cut = t.cut || !whole
	t.log.has = has
	t.madeBy(c)
	s.runs(func(line string) bool { return t.keep(c, line) })
	if layers < maxLayers {
		s.evaluated(func(src string) bool {
			if !t.afford(len(src)) {
				return false
			}
			t.program(c, dir, src, layers+1)
			return true
		})
	}
}

// named emits the file the string at i of a program names. A program that was
// piped in is what is written only where it says so: it may be long, and name
// a thousand things that look like files.
func (t *translator) named(c *shell.Command, dir, path string, s *source, i int) {
	use, known := s.useOf(i)
	switch {
	case t.piped == "":
	case known && use&writes != 0:
		t.log.setAll(fieldContent, []string{c.Text, t.piped})
	case !known && strings.ContainsAny(path, "<>|\"'`;,(){}\\"):
		return
	case !known && strings.Trim(path, "/.~*") == "":
		return // a separator more often than a place
	default:
		t.madeBy(c)
	}
	t.file(use, dir, path)
}

// maxLayers is how many programs within programs are read.
const maxLayers = 3

// maxStrings bounds the strings looked at in one program.
const maxStrings = maxTargets

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

// codeVerbs are in programs that do more than read. They tell of a file whose
// place in the program says nothing.
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
