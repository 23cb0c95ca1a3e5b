package shell

import (
	"mvdan.cc/sh/v3/syntax"
)

// A walker goes through one line in the order a shell would run it, and knows
// at each point what variables, files and pipes hold.
type walker struct {
	parsers [dialects]*syntax.Parser
	source  source

	cmds  []Command
	facts factSet
	scope scope

	vars  map[string]value
	trail []change             // what to undo when a subshell ends
	files map[string]value     // written by the line itself, by name
	funcs map[string][]setting // the line's own, with what they assign

	depth  int // open constructs
	spent  int // bytes of expansion, see MaxExpansion
	maybe  int // >0 where it is not sure that a statement runs
	substs int // placeholders given out

	vals     []value             // a stack of folded words
	pending  []*syntax.ProcSubst // a stack of >(...) that wait for their input
	builders []*builder          // one for each open word; reused
	open     int                 // how many of them are in use
	buf      []byte              // scratch for Command.Text
}

// A scope is what differs between a program and one inside it.
type scope struct {
	src        string // the text that positions refer to
	parent     int    // see Command.Parent
	path       []string
	layer      int
	start, end int // where the program stands in the line, for a layer above zero
	params     []value
	function   bool // $1 belongs to a function's caller
	partial    bool // some of the text is not known
}

// A change is a variable's value before an assignment.
type change struct {
	name string
	old  value
	was  bool
}

// A setting is what a function assigns.
type setting struct {
	name string
	value
}

func (w *walker) start(line string) { w.scope = scope{src: line, parent: -1} }

// reset forgets the line, and lets go of its memory.
func (w *walker) reset() {
	clear(w.cmds)
	for _, b := range w.builders {
		b.reset()
	}
	*w = walker{
		parsers: w.parsers, builders: w.builders, buf: w.buf[:0], cmds: w.cmds[:0], vals: w.vals[:0],
	}
}

// pop drops the words on the stack from base on.
func (w *walker) pop(base int) {
	clear(w.vals[base:])
	w.vals = w.vals[:base]
}

// program walks a text in the current scope.
func (w *walker) program(text string, io stdio) output {
	if len(text) > MaxLine {
		w.facts.add(TooLong)
		w.crude(text, 0)
		return output{last: len(w.cmds) - 1}
	}
	pending := len(w.pending)
	stmts, rest := w.parse(text)
	out := w.stmts(stmts, io)
	w.deliver(output{last: -1}, &redirects{}, pending)
	if rest < len(text) {
		w.crude(text[rest:], rest)
		out.known = false
	}
	return out
}

func (w *walker) full() bool { return len(w.cmds) >= MaxCommands }

// add makes room for a command; it gives -1 when there is none.
func (w *walker) add(from int) int {
	if w.full() {
		w.facts.add(LayersTruncated)
		return -1
	}
	w.cmds = append(w.cmds, Command{Parent: w.scope.parent, Stdin: from, Decoded: w.scope.path})
	return len(w.cmds) - 1
}

// span turns positions in the current program into a range of the line.
func (w *walker) span(from, to syntax.Pos) (start, end int) {
	if w.scope.layer > 0 {
		return w.scope.start, w.scope.end
	}
	return w.within(from, to)
}

// within is span for the text of the current program.
func (w *walker) within(from, to syntax.Pos) (start, end int) {
	start, end = int(from.Offset()), int(to.Offset())
	if n := len(w.scope.src); !to.IsValid() || end > n {
		end = n // a closer the parser made up
	}
	return min(start, end), end
}

// enter counts a level of nesting. Past the limit it reports false and saves
// what the text between the positions holds.
func (w *walker) enter(n syntax.Node) bool {
	if w.depth < MaxDepth {
		w.depth++
		return true
	}
	w.facts.add(TooDeep)
	start, end := w.within(n.Pos(), n.End())
	w.crude(w.scope.src[start:end], start)
	return false
}

func (w *walker) leave() { w.depth-- }

// spend accounts for n bytes of expansion and reports whether they are to be had.
func (w *walker) spend(n int) bool {
	if n > MaxExpansion-w.spent {
		w.facts.add(LayersTruncated)
		return false
	}
	w.spent += n
	return true
}

func (w *walker) stmts(list []*syntax.Stmt, io stdio) output {
	out := silent()
	for _, s := range list {
		if w.full() {
			w.facts.add(LayersTruncated)
			break
		}
		o := w.stmt(s, io)
		if io.want {
			o = w.then(out, o)
		} else if o.last < 0 {
			o.last = out.last
		}
		out = o
		io.from = -1 // the pipe feeds the first; what it holds may reach any
	}
	return out
}

func (w *walker) stmt(s *syntax.Stmt, io stdio) output {
	if !w.enter(s) {
		return output{last: len(w.cmds) - 1}
	}
	defer w.leave()
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		if s.Background {
			defer w.undo(len(w.trail))
		}
		return w.simple(s, c, io)
	case *syntax.BinaryCmd:
		return w.binary(c, io)
	case *syntax.DeclClause:
		return w.declare(s, c, io)
	case nil:
		if len(s.Redirs) == 0 { // made up by the parser
			return silent()
		}
		return w.simple(s, new(syntax.CallExpr), io)
	}
	return w.compound(s, io)
}

// binary walks a pipeline or list. They nest to the left, as deep as they are
// long, so the left side is not walked by recursion.
func (w *walker) binary(b *syntax.BinaryCmd, io stdio) output {
	chain := []*syntax.BinaryCmd{b}
	for {
		left, ok := b.X.Cmd.(*syntax.BinaryCmd)
		if !ok {
			break
		}
		chain, b = append(chain, left), left
	}
	first := io
	first.want = io.want || piping(b)
	mark := len(w.trail)
	out := w.stmt(b.X, first)
	if piping(b) {
		w.undo(mark)
	}
	for i := len(chain) - 1; i >= 0 && !w.full(); i-- {
		next := io
		next.want = io.want || i > 0 && piping(chain[i-1])
		out = w.right(chain[i], out, next)
	}
	return out
}

func piping(b *syntax.BinaryCmd) bool {
	return b.Op == syntax.Pipe || b.Op == syntax.PipeAll
}

// right walks what stands to the right of a pipe, && or ||.
func (w *walker) right(b *syntax.BinaryCmd, left output, io stdio) output {
	if piping(b) {
		mark := len(w.trail)
		out := w.stmt(b.Y, stdio{in: left.value, from: left.last, piped: true, want: io.want})
		w.undo(mark)
		return out
	}
	io.from = -1
	w.maybe++
	next := w.stmt(b.Y, io)
	w.maybe--
	if b.Op == syntax.OrStmt && left.known && left.text != "" {
		return left // it succeeded, so the other was not run
	}
	return w.then(left, next)
}

// compound walks a statement with a body, redirected as a whole.
func (w *walker) compound(s *syntax.Stmt, io stdio) output {
	first, pending := len(w.cmds), len(w.pending)
	var rd redirects
	w.redirect(s.Redirs, &rd, &io)
	out := w.body(s.Cmd, io)
	for _, r := range rd.list {
		at := max(out.last, first)
		if !r.Write {
			at = first
		}
		if at < len(w.cmds) {
			w.cmds[at].Redirects = append(w.cmds[at].Redirects, r)
		}
	}
	return w.deliver(out, &rd, pending)
}

func (w *walker) body(c syntax.Command, io stdio) output {
	switch c := c.(type) {
	case *syntax.Block:
		return w.stmts(c.Stmts, io)
	case *syntax.Subshell:
		return w.subshell(c.Stmts, io)
	case *syntax.IfClause:
		return w.branches(c, io)
	case *syntax.WhileClause:
		out := w.stmts(c.Cond, io)
		return w.then(out, w.perhaps(c.Do, io))
	case *syntax.ForClause:
		return w.loop(c, io)
	case *syntax.CaseClause:
		return w.cases(c, io)
	case *syntax.FuncDecl:
		w.define(c)
		return silent()
	}
	return w.others(c, io)
}

// others walks the statements few lines have.
func (w *walker) others(c syntax.Command, io stdio) output {
	switch c := c.(type) {
	case *syntax.ArithmCmd:
		w.arithm(c.X)
	case *syntax.LetClause:
		for _, x := range c.Exprs {
			w.arithm(x)
		}
	case *syntax.TestClause:
		w.test(c.X)
	case *syntax.TimeClause:
		return w.time(c, io)
	case *syntax.CoprocClause:
		if c.Stmt != nil {
			return w.stmt(c.Stmt, io)
		}
	}
	return silent()
}

// subshell walks statements whose assignments do not outlive them.
func (w *walker) subshell(list []*syntax.Stmt, io stdio) output {
	mark := len(w.trail)
	out := w.stmts(list, io)
	w.undo(mark)
	return out
}

// perhaps walks statements that may not run, or run more than once.
func (w *walker) perhaps(list []*syntax.Stmt, io stdio) output {
	w.maybe++
	out := w.stmts(list, io)
	w.maybe--
	return out
}

func (w *walker) branches(c *syntax.IfClause, io stdio) output {
	out := silent()
	for ; c != nil; c = c.Else {
		out = w.then(out, w.stmts(c.Cond, io))
		out = w.then(out, w.perhaps(c.Then, io))
	}
	return out
}

func (w *walker) loop(c *syntax.ForClause, io stdio) output {
	switch l := c.Loop.(type) {
	case *syntax.CStyleLoop:
		w.arithm(l.Init)
		w.arithm(l.Cond)
		w.arithm(l.Post)
	case *syntax.WordIter:
		base := len(w.vals)
		for _, item := range l.Items {
			w.word(item)
		}
		items := w.vals[base:]
		if len(items) == 1 {
			w.set(l.Name.Value, items[0])
		} else {
			w.set(l.Name.Value, mixed(items))
		}
		w.pop(base)
	}
	return w.perhaps(c.Do, io)
}

func (w *walker) cases(c *syntax.CaseClause, io stdio) output {
	w.quiet(c.Word)
	out := silent()
	for _, item := range c.Items {
		for _, p := range item.Patterns {
			w.quiet(p)
		}
		out = w.then(out, w.perhaps(item.Stmts, io))
	}
	return out
}

// define walks the body of a function, and remembers what it assigns.
func (w *walker) define(c *syntax.FuncDecl) {
	outer, mark := w.scope.function, len(w.trail)
	w.scope.function = true
	w.maybe++
	w.stmt(c.Body, stdio{from: -1})
	w.maybe--
	w.scope.function = outer
	if c.Name == nil || len(w.trail) == mark {
		return
	}
	var sets []setting
	for _, s := range w.trail[mark:] {
		sets = append(sets, setting{s.name, w.vars[s.name]})
	}
	if w.funcs == nil {
		w.funcs = make(map[string][]setting)
	}
	w.funcs[c.Name.Value] = sets
}

// called repeats what a function of the line assigns.
func (w *walker) called(name string) {
	w.maybe++
	for _, s := range w.funcs[name] {
		w.set(s.name, s.value)
	}
	w.maybe--
}

// time walks what the reserved word times, as if it were a program.
func (w *walker) time(c *syntax.TimeClause, io stdio) output {
	at := w.add(io.from)
	if at < 0 {
		return silent()
	}
	w.cmds[at].Start, w.cmds[at].End = w.span(c.Pos(), c.End())
	w.cmds[at].Name, w.cmds[at].Argv, w.cmds[at].Text = "time", []string{"time"}, "time"
	if c.Stmt == nil {
		return silent()
	}
	outer := w.scope.parent
	w.scope.parent = at
	out := w.stmt(c.Stmt, io)
	w.scope.parent = outer
	if _, ok := c.Stmt.Cmd.(*syntax.CallExpr); ok && at+1 < len(w.cmds) {
		cmd := &w.cmds[at]
		timed := w.cmds[at+1]
		cmd.Argv = append(cmd.Argv, timed.Argv...)
		cmd.Text += " " + timed.Text
		cmd.Dynamic = timed.Dynamic
	}
	return out
}

// arithm walks the substitutions in an expression and forgets the variables it
// assigns. Sums nest to the left, so that side is not walked by recursion.
func (w *walker) arithm(x syntax.ArithmExpr) {
	var right []syntax.ArithmExpr
	for {
		b, ok := x.(*syntax.BinaryArithm)
		if !ok {
			break
		}
		w.assigned(b.X)
		right = append(right, b.Y)
		x = b.X
	}
	switch e := x.(type) {
	case *syntax.Word:
		w.quiet(e)
	case *syntax.ParenArithm:
		w.deeper(e.X)
	case *syntax.UnaryArithm:
		w.assigned(e.X)
		w.deeper(e.X)
	case *syntax.FlagsArithm:
		w.deeper(e.X)
	}
	for i := len(right) - 1; i >= 0; i-- {
		w.deeper(right[i])
	}
}

// deeper is arithm for a part of an expression.
func (w *walker) deeper(x syntax.ArithmExpr) {
	if x != nil && w.enter(x) {
		w.arithm(x)
		w.leave()
	}
}

// assigned forgets a variable that an expression may assign.
func (w *walker) assigned(x syntax.ArithmExpr) {
	if word, ok := x.(*syntax.Word); ok && word != nil {
		if name := word.Lit(); w.vars[name].known {
			w.set(name, value{})
		}
	}
}

// test walks the substitutions in a [[ ]] clause.
func (w *walker) test(x syntax.TestExpr) {
	for x != nil {
		switch e := x.(type) {
		case *syntax.Word:
			w.quiet(e)
			return
		case *syntax.ParenTest:
			x = e.X
		case *syntax.UnaryTest:
			x = e.X
		case *syntax.BinaryTest:
			if !w.enter(e.X) {
				return
			}
			w.test(e.X)
			w.leave()
			x = e.Y // && and || nest to the right
		default:
			return
		}
	}
}
