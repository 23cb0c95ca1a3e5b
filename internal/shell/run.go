package shell

import "strings"

// run goes on into what a command runs, and gives its output.
func (w *walker) run(c call) output {
	w.called(w.cmds[c.at].Name)
	p := lookup(w.cmds[c.at].Name)
	switch p.kind {
	case other:
		return w.plain(c)
	case tool:
		return output{value: w.tool(c), last: c.at}
	case fetcher:
		return w.fetch(p, c)
	case runsShell:
		return w.sh(c)
	case interpreter:
		return w.interpret(p, c)
	case wrapper:
		return w.wrap(p, c)
	case joiner:
		return w.joined(p, c)
	case builtin:
		w.builtin(c)
		return output{value: constant(""), last: c.at}
	default:
		return w.special(p, c)
	}
}

// special is run for the programs with a syntax of their own.
func (w *walker) special(p program, c call) output {
	switch p.kind {
	case finder:
		w.find(c)
	case argsAdder:
		return w.xargs(p, c)
	case multiplier:
		return w.parallel(p, c)
	case container:
		return w.container(c)
	case pods:
		return w.pod(c)
	case trapper:
		o := program{}.scan(c.args[1:])
		if !o.has("l", "p") && len(o.rest) > 1 && o.rest[0].text != "-" {
			return w.inner(c, o.rest[0], "trap", nil)
		}
	case sourcer:
		if len(c.args) > 1 {
			v := w.operandFile(c, c.args[1])
			w.tainted(v.taint)
			return w.inner(c, v, w.cmds[c.at].Name, nil)
		}
	case spooler:
		if c.io.piped {
			w.tainted(c.io.in.taint)
			return w.inner(c, c.io.in, w.cmds[c.at].Name, nil)
		}
	default:
	}
	return w.unknown(c)
}

// unknown is the output of a command that is not understood: it may hold
// whatever the command read.
func (w *walker) unknown(c call) output {
	v := value{taint: c.io.in.taint}
	for _, a := range c.args[1:] {
		if a.rare != nil && a.rare.file != nil {
			v = mixed([]value{v, *a.rare.file})
		}
	}
	return output{value: v, last: c.at}
}

// plain runs a program nothing is known of, unless the line made it.
func (w *walker) plain(c call) output {
	if prog := c.args[0]; len(w.files) > 0 && prog.known && strings.Contains(prog.text, "/") {
		if v, ok := w.files[fileKey(prog.text)]; ok {
			w.tainted(v.taint)
			return w.inner(c, v, w.cmds[c.at].Name, c.args)
		}
	}
	return w.unknown(c)
}

// child walks a command that another one runs. Its words are the last of the
// parent's, as a rule.
func (w *walker) child(c call, args []value, io stdio) output {
	return w.childWith(c, args, nil, io)
}

// childWith is child for a command that gets more arguments than are written.
func (w *walker) childWith(c call, args, more []value, io stdio) output {
	if len(args) == 0 || w.tooManyWraps(c.at) {
		return w.unknown(c)
	}
	parent := w.scope.parent
	w.scope.parent = c.at
	at := w.add(io.from)
	w.scope.parent = parent
	if at < 0 {
		return w.unknown(c)
	}
	w.cmds[at].Start, w.cmds[at].End = w.cmds[c.at].Start, w.cmds[c.at].End
	w.describe(at, args, w.cmds[c.at].Text)
	return w.run(call{at: at, args: append(args[:len(args):len(args)], more...), io: io})
}

// maxWraps is how many commands may run each other. The text of each holds that
// of all within it.
const maxWraps = 32

func (w *walker) tooManyWraps(at int) bool {
	n := 0
	for ; at >= 0; at = w.cmds[at].Parent {
		n++
	}
	if n > maxWraps {
		w.facts.add(LayersTruncated)
		return true
	}
	return false
}

// inner walks a program that a command runs. Step names how its text is
// reached; params are $0, $1 and so on, or nil where the outer ones hold.
func (w *walker) inner(c call, v value, step string, params []value) output {
	program := v.program()
	if strings.TrimSpace(program) == "" {
		return w.unknown(c)
	}
	if w.scope.layer >= MaxLayers {
		w.facts.add(LayersTruncated)
		return w.unknown(c)
	}
	if !w.spend(len(program)) {
		return w.unknown(c)
	}
	outer := w.scope
	w.scope = scope{
		src: program, parent: c.at, layer: outer.layer + 1,
		path:  appendPath(appendPath(outer.path, v.path()...), step),
		start: w.cmds[c.at].Start, end: w.cmds[c.at].End,
		params: outer.params, function: outer.function, partial: !v.known,
	}
	if params != nil {
		w.scope.params, w.scope.function = params, false
	}
	out := w.program(program, c.io)
	w.scope = outer
	if out.last < 0 {
		out.last = c.at
	}
	return out
}

// sh runs a shell: its -c argument, its operand or its input.
func (w *walker) sh(c call) output {
	o := shellOptions(c.args[1:])
	if o.has("n") {
		return w.unknown(c) // only checks the syntax
	}
	mark := len(w.trail)
	defer func() { w.undo(mark) }()
	switch {
	case o.hasText:
		w.tainted(o.text.taint)
		params := o.rest // the first is $0
		if len(params) == 0 {
			params = c.args[:1]
		}
		return w.inner(c, o.text, w.cmds[c.at].Name+" -c", params)
	case len(o.rest) > 0 && !o.has("s") && !isStdin(o.rest[0]):
		v := w.operandFile(c, o.rest[0])
		w.tainted(v.taint)
		return w.inner(c, v, w.cmds[c.at].Name, o.rest)
	case c.io.piped:
		return w.input(c, o.rest)
	}
	return w.unknown(c)
}

// input runs what a shell reads from its stdin.
func (w *walker) input(c call, params []value) output {
	v := c.io.in
	w.tainted(v.taint)
	c.io = stdio{from: -1, want: c.io.want}
	return w.inner(c, v, w.cmds[c.at].Name, append([]value{constant(w.cmds[c.at].Name)}, params...))
}

func isStdin(v value) bool { return v.text == "-" || v.text == "/dev/stdin" || v.text == "/dev/fd/0" }

// operandFile is what a file operand holds.
func (w *walker) operandFile(c call, v value) value {
	if isStdin(v) {
		return c.io.in
	}
	return w.contents(v)
}

// shellOptions reads the options of a shell. The program behind -c is its first
// operand, whatever other options stand between.
func shellOptions(args []value) options {
	var o options
	for len(args) > 0 && (isShellOption(args[0].text) || mayVanish(args)) {
		arg := args[0].text
		args = args[1:]
		if arg == "--" || arg == "-" {
			break
		}
		args = args[min(o.shellOption(arg), len(args)):]
	}
	o.rest = args
	if o.has("c") && !o.hasText && len(args) > 0 {
		o.text, o.hasText, o.rest = args[0], true, args[1:]
	}
	return o
}

// mayVanish reports whether the first word may be nothing, as x is in
// "bash $x -c id", so that the option behind it counts.
func mayVanish(args []value) bool {
	return !args[0].known && strings.HasPrefix(args[0].text, "$") && len(args) > 1 && isShellOption(args[1].text)
}

func isShellOption(arg string) bool {
	return arg == "-" || len(arg) > 1 && (arg[0] == '-' || arg[0] == '+')
}

// shellOption notes an option and gives how many arguments it takes.
func (o *options) shellOption(arg string) int {
	long, ok := strings.CutPrefix(arg, "--")
	if !ok {
		letters, ok := strings.CutPrefix(arg, "-")
		for i := range len(letters) {
			if ok {
				o.flag(letters[i : i+1])
			}
		}
		if !ok && arg[0] != '+' {
			return 0 // a variable
		}
		return strings.Count(arg, "o") + strings.Count(arg, "O")
	}
	if text, ok := strings.CutPrefix(long, "command="); ok { // fish
		o.text, o.hasText = constant(text), true
	}
	if long == "rcfile" || long == "init-file" {
		return 1
	}
	return 0
}

// interpret runs an interpreter. Only where its program comes from matters: the
// language is not read.
func (w *walker) interpret(p program, c call) output {
	o := p.scan(c.args[1:])
	switch {
	case o.hasText:
		w.tainted(o.text.taint)
	case len(o.rest) > 0 && !isStdin(o.rest[0]):
		w.tainted(w.operandFile(c, o.rest[0]).taint)
	case c.io.piped:
		w.tainted(c.io.in.taint)
	}
	return w.unknown(c)
}

// wrap runs a wrapper and the command it runs.
func (w *walker) wrap(p program, c call) output {
	o := p.scan(c.args[1:])
	name := strings.ToLower(w.cmds[c.at].Name)
	if name == "runuser" && o.has("u", "user") {
		p.operand = 0 // the user is no operand
	}
	rest := o.rest[min(p.operand, len(o.rest)):]
	if p.operand > 0 {
		again := p.scan(rest) // su root -c id
		rest = again.rest
		if again.hasText {
			o.text, o.hasText = again.text, true
		}
	}
	switch {
	case o.hasText:
		w.tainted(o.text.taint)
		return w.inner(c, o.text, w.cmds[c.at].Name+textOption(name), nil)
	case name == "command" && o.has("v", "V"):
		return output{value: located(rest), last: c.at}
	case name == "sudo" && o.has("e", "edit"):
		return w.unknown(c) // edits files
	case len(rest) == 0 && p.shell && c.io.piped:
		return w.input(c, nil)
	}
	return w.child(c, rest, c.io)
}

func textOption(name string) string {
	if name == "env" {
		return " -S"
	}
	return " -c"
}

// located is the output of which and command -v.
func located(args []value) value {
	if len(args) == 1 && args[0].known {
		return args[0]
	}
	return value{}
}

// joined runs a program whose operands together are a program for a shell.
func (w *walker) joined(p program, c call) output {
	o := p.scan(c.args[1:])
	rest := o.rest[min(p.operand, len(o.rest)):]
	if p.operand > 0 {
		rest = p.scan(rest).rest // ssh host -p 22 id
	}
	name := w.cmds[c.at].Name
	out, mark := w.unknown(c), len(w.trail)
	switch {
	case len(rest) > 0:
		w.tainted(rest[0].taint)
		out = w.inner(c, w.joinValues(" ", rest...), name, nil)
	case p.shell && c.io.piped && len(o.rest) > 0:
		out = w.input(c, nil)
	}
	if strings.ToLower(name) != "eval" {
		w.undo(mark)
	}
	if p.shell { // ssh
		out.value = value{taint: fromNet}
	}
	return out
}

// builtin carries out a shell builtin that changes what variables hold.
func (w *walker) builtin(c call) {
	args := c.args[1:]
	switch w.cmds[c.at].Name {
	case "set":
		if len(args) > 0 && args[0].text == "--" {
			w.scope.params = append([]value{constant("")}, args[1:]...)
		}
	case "shift":
		if p := w.scope.params; len(p) > 1 {
			w.scope.params = append([]value{p[0]}, p[2:]...)
		}
	case "read":
		w.read(program{short: "adinNptu"}.scan(args).rest, c.io)
	default:
		for _, a := range args {
			if _, ok := w.vars[a.text]; ok {
				w.set(a.text, value{})
			}
		}
	}
}

// read assigns the first line of the input to variables, the last of which gets
// what is left.
func (w *walker) read(names []value, io stdio) {
	if len(names) == 0 {
		names = []value{constant("REPLY")}
	}
	line, _, _ := strings.Cut(io.in.text, "\n")
	for i, name := range names {
		v := value{taint: io.in.taint, known: io.piped && io.in.known}
		if v.known {
			line = strings.TrimLeft(line, " \t")
			v.text = line
			if end := strings.IndexAny(line, " \t"); end >= 0 && i+1 < len(names) {
				v.text = line[:end]
			}
			line = line[len(v.text):]
		}
		w.set(name.text, v)
	}
}
