package detect

import (
	"path"
	"strings"

	"gander/internal/event"
	"gander/internal/shell"
)

// This file follows secrets through commands and files. It errs on the side of
// following: what a command is given is taken to be in what it writes.

// carried says that something holds a secret, and from which calls it has it:
// nil when from the call at hand alone.
type carried struct {
	level secrecy
	via   *link
}

// add makes c hold what more holds. Of two of a level the one with a history
// says more.
func (c *carried) add(more carried) {
	if more.level > c.level || more.level == c.level && c.via == nil {
		*c = more
	}
}

// A taint is a file that holds a copy of a secret.
type taint struct {
	path string // see atHome; with * at its end whatever begins so
	carried
}

const (
	maxTaints    = 32
	maxTaintPath = 512
	maxVars      = 16
	// Patterns are matched with taints so often in a call, and no longer ones.
	maxGlobs = 256
	maxGlob  = 128
)

// flow finds out which commands of a call are given a secret, and remembers the
// files they write. It looks twice: a substitution stands behind the command
// that uses it.
func (s *Sessions) flow(se *session, e *event.Event) {
	f := &s.facts
	if !s.holdsSource(se) {
		return
	}
	f.shown = s.shown(se, e)
	var vars []variable
	for range 2 {
		for i := range f.cmds {
			c := &f.cmds[i]
			c.flow.add(carried{level: c.secret})
			s.takeFiles(se, i)
			if i > 0 {
				vars = s.takePipes(i, vars)
			}
			if c.flow.level == public || c.kind&digests != 0 {
				continue
			}
			s.taintOutputs(se, e, i)
		}
	}
	for i := range f.files {
		switch file := &f.files[i]; {
		case file.use == deletes:
			se.untaint(file.path)
		case file.use == writes && f.shown.level > public:
			se.taint(file.path, carried{f.shown.level, newLink(se, e, f.shown.via)})
		}
	}
	s.markSecret(se, e)
}

// holdsSource reports whether there is any secret to follow.
func (s *Sessions) holdsSource(se *session) bool {
	if len(se.taints) > 0 || se.staged.level > public || se.words != nil {
		return true
	}
	for i := range s.facts.files {
		if s.facts.files[i].secret > public {
			return true
		}
	}
	for i := range s.facts.cmds {
		if s.facts.cmds[i].secret > public {
			return true
		}
	}
	return false
}

// markSecret remembers that a secret that gives access by itself was read.
func (s *Sessions) markSecret(se *session, e *event.Event) {
	for i := range s.facts.files {
		if f := &s.facts.files[i]; f.use == reads && f.secret == strong {
			se.secret = mark{e.Time, se.calls, newLink(se, e, nil)}
			return
		}
	}
}

// takeFiles gives a command what is in the files it reads.
func (s *Sessions) takeFiles(se *session, i int) {
	c := &s.facts.cmds[i]
	for _, f := range s.facts.filesOf(i) {
		if f.use != reads {
			continue
		}
		c.flow.add(carried{level: f.secret})
		c.flow.add(se.tainted(f.path, c.kind&packs != 0))
	}
	if i == 0 || len(se.taints) == 0 || c.kind&(sends|packs) == 0 {
		return
	}
	for _, a := range s.facts.line().Commands[i-1].Argv[1:] {
		if p := namedFile(a); p != "" {
			c.flow.add(se.tainted(absolute(c.dir, p), c.kind&packs != 0))
		}
	}
}

// namedFile is the file in a word: x, @x, name=x, FILE:x, or "".
func namedFile(a string) string {
	if len(a) > maxTaintPath {
		return ""
	}
	a = a[strings.LastIndexByte(a, '@')+1:]
	a = a[strings.LastIndexByte(a, '=')+1:]
	return strings.TrimPrefix(strings.TrimPrefix(a, "FILE:"), "file://")
}

// A variable is one of the shell that holds a secret.
type variable struct {
	name string
	carried
}

// takePipes gives a command what is piped into it, what the substitutions in
// its words print, what the commands print that it runs, and what variables
// hold. It returns the variables that hold a secret.
func (s *Sessions) takePipes(i int, vars []variable) []variable {
	f := &s.facts
	cmds := f.line().Commands
	c, cmd := &f.cmds[i], &cmds[i-1]
	if cmd.Stdin >= 0 {
		c.flow.add(f.printed(cmd.Stdin + 1))
	}
	if cmd.Parent >= 0 {
		f.cmds[cmd.Parent+1].flow.add(f.printed(i))
	}
	for n := i; n < len(cmds) && cmds[n].Start < cmd.End; n++ {
		if cmds[n].Start > cmd.Start {
			c.flow.add(f.printed(n + 1))
		}
	}
	if cmd.Dynamic {
		for _, v := range vars {
			if strings.Contains(cmd.Text, "$"+v.name) || strings.Contains(cmd.Text, "${"+v.name) {
				c.flow.add(v.carried)
			}
		}
	}
	if c.flow.level == public {
		return vars
	}
	return setBy(cmd, c.flow, vars)
}

// printed is what a command prints.
func (f *facts) printed(i int) carried {
	if i >= len(f.cmds) || f.cmds[i].kind&digests != 0 {
		return carried{}
	}
	return f.cmds[i].flow
}

var readsVariable = setOf("read readarray mapfile export declare local typeset readonly")

// setBy adds the variables that a command gives a secret.
func setBy(c *shell.Command, flow carried, vars []variable) []variable {
	given := c.Assigns
	if len(c.Argv) > 0 {
		given = nil
		if readsVariable[c.Name] {
			given = c.Argv[1:]
		}
	}
	for _, a := range given {
		if name, _, _ := strings.Cut(a, "="); name != "" && name[0] != '-' && len(vars) < maxVars {
			vars = append(vars, variable{name, flow})
		}
	}
	return vars
}

// taintOutputs remembers the files that a command writes.
func (s *Sessions) taintOutputs(se *session, e *event.Event, i int) {
	c := &s.facts.cmds[i]
	var made *link
	keep := func(p string) {
		if made == nil {
			made = newLink(se, e, c.flow.via)
		}
		se.taint(p, carried{c.flow.level, made})
	}
	for _, f := range s.facts.filesOf(i) {
		switch {
		case f.use == writes:
			keep(f.path)
		case f.use == reads && c.kind&suffixes != 0:
			keep(f.path + ".*")
		}
	}
	if i == 0 {
		return
	}
	cmd := &s.facts.line().Commands[i-1]
	if p := outputOf(cmd, c.kind); p != "" {
		keep(absolute(c.dir, p))
	}
	if cmd.Name == "git" && hasWords(cmd.Argv, []string{"add"}) {
		se.staged.add(carried{c.flow.level, newLink(se, e, c.flow.via)})
	}
}

// outputOf is the operand that a program writes although the translation takes
// it for one that is read, or "".
func outputOf(c *shell.Command, kind programKind) string {
	switch c.Name {
	case "split", "csplit":
		if last := lastIndex(c.Argv); last > 0 {
			return c.Argv[last] + "*"
		}
		return "x*"
	case "zip", "7z", "7za", "7zr", "rar", "xxd":
		return archive(c)
	}
	if kind&packs == 0 {
		return ""
	}
	for i, a := range c.Argv[1:] {
		before := c.Argv[i]
		if namesOutput[before] || i > 0 && c.Name != "openssl" && isBundle(before) {
			return a
		}
		if strings.HasPrefix(a, "--file=") || strings.HasPrefix(a, "--output=") {
			return a[strings.IndexByte(a, '=')+1:]
		}
	}
	return ""
}

var namesOutput = setOf("-o -out --output -f --file")

// isBundle reports whether a word is a cluster of tar's letters that ends with
// the one for its file: czf, -czf.
func isBundle(word string) bool {
	word = strings.TrimPrefix(word, "-")
	return strings.HasSuffix(word, "f") && len(word) < 9 && strings.Trim(word, "cxtruvzjJahpkmPf") == ""
}

// archive is the first operand of zip, the second of 7z and xxd.
func archive(c *shell.Command) string {
	skip := c.Name != "zip"
	for _, a := range c.Argv[1:] {
		switch {
		case strings.HasPrefix(a, "-"):
		case skip:
			skip = false
		default:
			return a
		}
	}
	return ""
}

// taint remembers that p holds a secret.
func (se *session) taint(p string, c carried) {
	if p = atHome(p); p == "" || len(p) > maxTaintPath || strings.HasPrefix(p, "/dev/") {
		return
	}
	for i := range se.taints {
		if t := &se.taints[i]; t.path == p {
			t.carried.add(c)
			return
		}
	}
	if len(se.taints) >= maxTaints {
		se.taints = append(se.taints[:0], se.taints[1:]...)
	}
	se.taints = append(se.taints, taint{strings.Clone(p), c})
}

func (se *session) untaint(p string) {
	p = atHome(p)
	for i := range se.taints {
		if se.taints[i].path == p {
			se.taints = append(se.taints[:i], se.taints[i+1:]...)
			return
		}
	}
}

// tainted is what the file p holds; with whole, a directory holds what is in it.
func (se *session) tainted(p string, whole bool) carried {
	var all carried
	if len(se.taints) == 0 || p == "" || len(p) > maxTaintPath {
		return all
	}
	p = atHome(p)
	for i := range se.taints {
		t := &se.taints[i]
		switch {
		case t.is(p) || se.matches(p, t.path):
			all.add(t.carried)
		case whole && isBelow(t.path, p):
			c := t.carried
			if isBelow(atHome(se.root), p) || atHome(se.root) == p {
				c.level = soft // of all a project holds, nobody knows what is left out
			}
			all.add(c)
		}
	}
	return all
}

// is reports whether p is the file of a taint, or in the directory that is one.
func (t *taint) is(p string) bool {
	if begin, ok := strings.CutSuffix(t.path, "*"); ok {
		return strings.HasPrefix(p, begin)
	}
	return t.path == p || isBelow(p, t.path)
}

// matches reports whether p is a pattern that a path matches.
func (se *session) matches(p, file string) bool {
	if len(p) > maxGlob || len(file) > maxGlob || se.globs >= maxGlobs || !strings.ContainsAny(p, "*?[") {
		return false
	}
	se.globs++
	ok, err := path.Match(p, file)
	return ok && err == nil
}

// isBelow reports whether p lies in directory dir.
func isBelow(p, dir string) bool {
	return len(p) > len(dir) && strings.HasPrefix(p, dir) && (p[len(dir)] == '/' || dir == "/")
}

// atHome writes a path below anybody's home directory as one below ~: commands
// and tools name the same file either way.
func atHome(p string) string {
	for _, homes := range [...]string{"/home/", "/Users/"} {
		if rest, ok := strings.CutPrefix(p, homes); ok {
			if i := strings.IndexByte(rest, '/'); i > 0 {
				return "~" + rest[i:]
			}
		}
	}
	if rest, ok := strings.CutPrefix(p, "/root/"); ok {
		return "~/" + rest
	}
	return p
}
