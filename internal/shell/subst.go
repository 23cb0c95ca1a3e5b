package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command adds the output of a command substitution.
func (b *builder) command(c *syntax.CmdSubst) {
	v := b.w.substitute(c.Stmts)
	if v.known {
		v.text = strings.TrimRight(v.text, "\n")
		if !locates(c.Stmts) {
			b.odd |= oddProgram // $(echo cu)rl
		}
		b.expansion(v)
		return
	}
	b.origin(v)
	s := b.w.sourceOf(c)
	if v.program() != "" {
		b.source(s, strings.TrimRight(v.program(), "\n"))
		return
	}
	b.source(s, b.w.placeholder(s, v))
}

// locates reports whether a substitution asks where a program is, as in
// $(which python3).
func locates(stmts []*syntax.Stmt) bool {
	if len(stmts) != 1 {
		return false
	}
	c, ok := stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 {
		return false
	}
	switch c.Args[0].Lit() {
	case "which", "command", "type":
		return true
	}
	return false
}

// substitute walks the statements of a substitution and gives their output.
func (w *walker) substitute(stmts []*syntax.Stmt) value {
	return w.subshell(stmts, stdio{from: -1, want: true}).value
}

// process adds a process substitution: the name of a pipe.
func (b *builder) process(p *syntax.ProcSubst) {
	if p.Op == syntax.CmdOut {
		b.w.pending = append(b.w.pending, p)
	} else {
		v := b.w.substitute(p.Stmts)
		b.file = &v
	}
	s := b.w.sourceOf(p)
	b.source(s, b.w.placeholder(s, value{}))
}

// placeholder makes a variable that stands for something whose commands are
// already walked, so that a program holding it can be parsed without finding
// them again.
func (w *walker) placeholder(text string, v value) string {
	name := placeholderName(w.substs)
	w.substs++
	v.text, v.known = text, false
	w.set(name, v)
	return "${" + name + "}"
}

// placeholderPrefix is no name a person gives a variable.
const placeholderPrefix = "_gander_subst_"

func placeholderName(n int) string { return placeholderPrefix + strconv.Itoa(n) }
