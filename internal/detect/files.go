package detect

import (
	"path"
	"strings"

	"gander/internal/shell"
)

// A fileUse is what is done with a file.
type fileUse uint8

const (
	reads fileUse = 1 << iota
	writes
	changes // its name, mode, owner or times
	deletes
)

// fileUses are the classes of log event a use makes.
var fileUses = [...]struct {
	use   fileUse
	class string
}{{reads, classRead}, {writes, classWrite}, {changes, classChange}, {deletes, classDelete}}

// A program says which of its operands are files. Of the options that take a
// value only those need a table whose value names a file that is not used so:
// a key that is held, not shown, a file that is left out.
type program struct {
	operands fileUse
	last     fileUse // of the last operand when there are several: a copy's target
	skip     int     // operands before the files: grep's pattern
	values   string  // options whose next word is no file that is used so: " -i --rsh "
	special  func(t *translator, c *shell.Command, dir string)

	interprets bool // it runs a program that is written on its line or piped in
}

// programTable lists the programs whose operands are files. One that is not
// here is taken to use none. To use a key is not to show it: ssh -i, kubectl
// --kubeconfig and git are left out on purpose.
var programTable = []struct {
	names string
	program
}{
	{"cp install ln ditto", program{operands: reads, last: writes}},
	{"scp", program{operands: reads, last: writes, values: " -i -F -o -S "}},
	{"rsync", program{operands: reads, last: writes, values: " -e --rsh --exclude "}},
	{"mv", program{operands: reads | changes, last: writes}},
	{"chmod chown chgrp chflags chattr setfacl touch rename mount umount", program{operands: changes}},
	{"tee sponge truncate patch", program{operands: writes}},
	{"rm unlink shred srm trash trash-put wipe", program{operands: deletes}},
	{"grep egrep fgrep zgrep rg ag ack jq yq", program{operands: reads, skip: 1}},
	{"awk gawk mawk nawk", program{special: (*translator).awk}},
	{"cat tac nl head tail less more most bat batcat view vi vim nvim nano emacs ed strings " +
		"base64 base32 basenc xxd od hexdump hd sort uniq cut paste column fold rev fmt pr split csplit " +
		"diff cmp comm join zip 7z 7za rar gzip bzip2 xz zstd cpio openssl iconv uuencode qrencode xclip " +
		"aws gsutil rclone", program{operands: reads}},
	{"tar bsdtar", program{operands: reads, values: " --exclude "}},
	{"sftp", program{operands: reads, values: " -i -F -o -S -P "}},
	{"gpg", program{operands: reads, values: " --homedir "}},
	{"sed", program{skip: 1, special: (*translator).sed}},
	{"dd", program{special: (*translator).dd}},
	{"find", program{special: (*translator).find}},
	{"curl curlie wget wget2 http https xh", program{special: (*translator).transfer}},
	{interpreters, program{operands: reads, special: (*translator).code, interprets: true}},
}

var programs = func() map[string]*program {
	all := make(map[string]*program)
	for i := range programTable {
		for name := range strings.FieldsSeq(programTable[i].names) {
			all[name] = &programTable[i].program
		}
	}
	return all
}()

// operands emits the files and URLs a command is given.
func (t *translator) operands(c *shell.Command, dir string) {
	name := strings.ToLower(c.Name) // some file systems do not care
	switch {
	case clients[name]:
		t.client(c, name)
	case connectors[name]:
		t.connector(c)
	}
	p := programs[name]
	if p == nil {
		p = programs[unversioned(name)]
	}
	switch {
	case p == nil:
	case p.special != nil:
		p.special(t, c, dir)
	default:
		t.plain(p, c, dir)
	}
}

// plain emits the operands of a program without a grammar of its own.
func (t *translator) plain(p *program, c *shell.Command, dir string) {
	last := -1
	if p.last != 0 {
		last = lastIndex(c.Argv)
	}
	skip := p.skip
	for i, a := range c.Argv {
		switch {
		case i == 0 || !isOperand(a) || p.values != "" && strings.Contains(p.values, " "+c.Argv[i-1]+" "):
		case skip > 0 && strings.Trim(a, "0123456789") != "":
			skip-- // a number is an option's value: grep -A 3 pattern
		case skip > 0:
		case i == last:
			t.copied(p.last, c.Argv, dir)
		default:
			t.operand(p.operands, c, dir, a)
		}
	}
	if f := t.feeder(c); f != nil {
		t.found(p.operands, f, dir)
	}
}

// isOperand reports whether a word may name a file. The value of --file=x may.
func isOperand(a string) bool {
	if strings.HasPrefix(a, "-") {
		return strings.Contains(a, "=") && !strings.HasPrefix(a, "--exclude") && !strings.HasPrefix(a, "--rsh")
	}
	return a != "" && len(a) <= maxPath && strings.IndexByte(a, '\n') < 0
}

// maxPath is the longest path Linux takes, in bytes.
const maxPath = 4096

// lastIndex is the index of the last operand when there are at least two.
func lastIndex(argv []string) int {
	last, n := -1, 0
	for i, a := range argv {
		if i > 0 && !strings.HasPrefix(a, "-") {
			last = i
			n++
		}
	}
	if n < 2 {
		return -1
	}
	return last
}

// operand emits one operand. Behind find -exec, {} stands for what is found.
func (t *translator) operand(use fileUse, c *shell.Command, dir, a string) {
	if strings.HasPrefix(a, "-") {
		_, a, _ = strings.Cut(a, "=")
	}
	if strings.Contains(a, "{}") {
		if f := t.finder(c); f != nil {
			t.found(use, f, dir)
			return
		}
	}
	t.file(use, dir, a)
}

// copied emits the target of a copy: the last operand, and when that is
// written as a directory, the files in it.
func (t *translator) copied(use fileUse, argv []string, dir string) {
	last := lastIndex(argv)
	target := argv[last]
	if strings.IndexByte(target, ':') > 0 {
		return // on another host
	}
	if !strings.HasSuffix(target, "/") {
		t.file(use, dir, target)
		return
	}
	for _, a := range argv[1:last] {
		if isOperand(a) && a[0] != '-' {
			t.file(use, dir, target+path.Base(a))
		}
	}
}

// finder is the find that runs c, or nil.
func (t *translator) finder(c *shell.Command) *shell.Command {
	for n := c.Parent; n >= 0; n = t.line.Commands[n].Parent {
		if p := &t.line.Commands[n]; p.Name == "find" {
			return p
		}
	}
	return nil
}

// feeder is the find whose output xargs makes the operands of c, or nil.
func (t *translator) feeder(c *shell.Command) *shell.Command {
	if c.Parent < 0 || t.line.Commands[c.Parent].Name != "xargs" {
		return nil
	}
	if n := t.line.Commands[c.Parent].Stdin; n >= 0 && t.line.Commands[n].Name == "find" {
		return &t.line.Commands[n]
	}
	return nil
}

// find emits what find deletes itself.
func (t *translator) find(c *shell.Command, dir string) {
	inner := false // within the command of -exec
	for _, a := range c.Argv {
		switch a {
		case "-exec", "-execdir", "-ok", "-okdir":
			inner = true
		case ";", "+":
			inner = false
		case "-delete":
			if !inner {
				t.found(deletes, c, dir)
				return
			}
		}
	}
}

// found emits what a find finds: the places it starts at, or patterns below
// them when it looks for less than everything.
func (t *translator) found(use fileUse, f *shell.Command, dir string) {
	pattern := lookedFor(f.Argv)
	starts := 0
	for _, a := range f.Argv[1:] {
		if strings.HasPrefix(a, "-") || a == "(" || a == "!" {
			break
		}
		t.file(use, dir, below(a, pattern))
		starts++
	}
	if starts == 0 {
		t.file(use, dir, below(".", pattern))
	}
}

// lookedFor is the pattern a find's tests come to: a name, some of what is
// there, or "" for all of it.
func lookedFor(argv []string) string {
	const some = "?*"
	pattern := ""
	for i, a := range argv {
		switch a {
		case "-name", "-iname", "-path", "-ipath", "-wholename":
			if before := argv[i-1]; before == "!" || before == "-not" {
				pattern = some
			} else if i+1 < len(argv) {
				pattern = argv[i+1]
			}
		case "-empty", "-mtime", "-mmin", "-ctime", "-atime", "-newer", "-size", "-regex", "-perm", "-user":
			if pattern == "" {
				pattern = some
			}
		}
	}
	return pattern
}

func below(dir, pattern string) string {
	if pattern == "" {
		return dir
	}
	return dir + "/" + pattern
}

func (t *translator) sed(c *shell.Command, dir string) {
	p := program{operands: reads, skip: 1}
	for _, a := range c.Argv[1:] {
		if strings.HasPrefix(a, "-i") || strings.HasPrefix(a, "--in-place") || strings.HasPrefix(a, "-Ei") {
			p.operands = writes
		}
	}
	t.plain(&p, c, dir)
}

func (t *translator) dd(c *shell.Command, dir string) {
	for _, a := range c.Argv[1:] {
		if file, ok := strings.CutPrefix(a, "if="); ok {
			t.file(reads, dir, file)
		}
		if file, ok := strings.CutPrefix(a, "of="); ok {
			t.file(writes, dir, file)
		}
	}
}

// transfer emits the files a web client sends and keeps.
func (t *translator) transfer(c *shell.Command, dir string) {
	for i := 1; i < len(c.Argv); i++ {
		a, before := c.Argv[i], c.Argv[i-1]
		switch {
		case takesFile(before, "-T", "--upload-file", "--post-file", "--body-file"):
			t.file(reads, dir, a)
		case takesFile(before, "-o", "--output", "-O", "--output-document"):
			t.file(writes, dir, a)
		case strings.HasPrefix(a, "--post-file="), strings.HasPrefix(a, "--body-file="), strings.HasPrefix(a, "--upload-file="):
			t.file(reads, dir, a[strings.IndexByte(a, '=')+1:])
		case strings.HasPrefix(a, "--output="), strings.HasPrefix(a, "--output-document="):
			t.file(writes, dir, a[strings.IndexByte(a, '=')+1:])
		case len(a) > 2 && (a[:2] == "-o" || a[:2] == "-O"):
			t.file(writes, dir, a[2:])
		case len(a) > 2 && a[:2] == "-T":
			t.file(reads, dir, a[2:])
		default:
			t.file(reads, dir, attached(a))
		}
	}
}

// takesFile reports whether a word is one of two options, the short one
// perhaps at the end of a cluster, whose value is the next word.
func takesFile(word string, options ...string) bool {
	for _, o := range options {
		if word == o {
			return true
		}
		if len(o) == 2 && len(word) > 2 && word[0] == '-' && word[1] != '-' && word[len(word)-1] == o[1] {
			return true
		}
	}
	return false
}

// attached is the file of @file, -d@file, name=@file and name=<file, or "".
func attached(a string) string {
	for i := range len(a) {
		if a[i] != '@' && a[i] != '<' {
			continue
		}
		if i == 0 || a[i-1] == '=' || i == 2 && a[0] == '-' {
			file, _, _ := strings.Cut(a[i+1:], ";")
			return file
		}
	}
	return ""
}
