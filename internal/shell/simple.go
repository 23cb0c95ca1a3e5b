package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A call is a command about to run.
type call struct {
	at   int     // its index in walker.cmds
	args []value // args[0] is the program
	io   stdio
}

// simple walks a simple command: a program with its arguments, or only
// assignments or redirections.
func (w *walker) simple(s *syntax.Stmt, c *syntax.CallExpr, io stdio) output {
	at := w.add(io.from)
	if at < 0 {
		return output{last: -1}
	}
	base, pending := len(w.vals), len(w.pending)
	for _, word := range c.Args {
		w.word(word)
	}
	args := w.vals[base:len(w.vals):len(w.vals)]
	w.place(at, s, c)
	if len(args) > 0 {
		from, _ := w.within(c.Args[0].Pos(), c.End())
		w.describe(at, args, w.scope.src[from:])
	}

	var rd redirects
	if len(s.Redirs) > 0 {
		w.redirect(s.Redirs, &rd, &io)
		w.cmds[at].Redirects = rd.list
	}
	var out output
	if len(args) == 0 {
		w.assignments(at, c.Assigns)
		out = output{value: constant(""), last: at}
	} else {
		mark := len(w.trail)
		w.assignments(at, c.Assigns)
		out = w.run(call{at: at, args: args, io: io})
		if len(c.Assigns) > 0 {
			w.undo(mark) // they held for this command alone
		}
	}
	out = w.deliver(out, &rd, pending)
	w.pop(base)
	return out
}

// place sets where the command stands in the line.
func (w *walker) place(at int, s *syntax.Stmt, c *syntax.CallExpr) {
	from, to := s.Position, s.Position
	if len(c.Args) > 0 || len(c.Assigns) > 0 {
		from, to = c.Pos(), c.End()
	}
	for _, r := range s.Redirs {
		if r.Word == nil {
			continue
		}
		if from.After(r.Pos()) {
			from = r.Pos()
		}
		if end := r.Word.End(); end.After(to) {
			to = end
		}
	}
	w.cmds[at].Start, w.cmds[at].End = w.span(from, to)
}

// describe fills in a command's words. Near is a text that the joined words are
// likely to begin or end, and can then share.
func (w *walker) describe(at int, args []value, near string) {
	argv := make([]string, len(args))
	for i, a := range args {
		argv[i] = a.text
		if !a.known {
			w.cmds[at].Dynamic = true
		}
		if a.odd&oddWord != 0 {
			w.facts.add(ObfuscatedQuotes)
		}
	}
	c := &w.cmds[at]
	c.Argv = argv
	c.Text = w.join(args, near)
	c.Name = w.name(args[0])
}

// name decides what program a word names, and what is odd about it.
func (w *walker) name(v value) string {
	if v.odd&oddProgram != 0 {
		w.facts.add(ObfuscatedQuotes)
	}
	w.tainted(v.taint)
	switch {
	case v.glob:
		return w.globbed(v.text)
	case !v.known && !v.base:
		if shell := loginShell[v.text]; shell != "" {
			return shell
		}
		w.facts.add(DynamicCommand)
		return ""
	}
	return baseName(v.text)
}

// loginShell names what variables every shell sets stand for, nearly enough.
var loginShell = map[string]string{"$SHELL": "sh", "${SHELL}": "sh", "$BASH": "bash", "${BASH}": "bash"}

// tainted notes that bytes of these origins are run.
func (w *walker) tainted(t taint) {
	if t&fromNet != 0 {
		w.facts.add(DownloadToShell)
	}
	if t&fromDecoder != 0 {
		w.facts.add(DecoderToShell)
	}
}

func baseName(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}

// join gives the words of a command in one text. It does not copy where near
// already reads so.
func (w *walker) join(args []value, near string) string {
	buf := w.buf[:0]
	for i, a := range args {
		if i > 0 {
			buf = append(buf, ' ')
		}
		buf = append(buf, a.text[:a.name]...)
		switch text := a.text[a.name:]; {
		case a.known && (text != "" || a.name == 0):
			buf = appendWord(buf, text)
		case a.blank:
			buf = append(append(append(buf, '"'), text...), '"')
		default:
			buf = append(buf, text...) // its blanks are those of a $(...)
		}
	}
	w.buf = buf
	switch n := len(buf); {
	case n > len(near):
	case near[:n] == string(buf):
		return near[:n]
	case near[len(near)-n:] == string(buf):
		return near[len(near)-n:]
	}
	return string(buf)
}

// joinWords joins words with blanks.
func joinWords(words []string) string {
	var buf []byte
	for i, word := range words {
		if i > 0 {
			buf = append(buf, ' ')
		}
		buf = appendWord(buf, word)
	}
	return string(buf)
}

// appendWord adds a word, in quotes if blanks or quotes in it would mislead.
func appendWord(buf []byte, word string) []byte {
	if word != "" && !confusing.in(word) {
		return append(buf, word...)
	}
	buf = append(buf, '\'')
	buf = append(buf, strings.ReplaceAll(word, "'", `'\''`)...)
	return append(buf, '\'')
}

// assignments carries out the assignments before a program, or without one.
func (w *walker) assignments(at int, list []*syntax.Assign) {
	if len(list) == 0 {
		return
	}
	base := len(w.vals)
	texts := make([]string, 0, len(list))
	for _, a := range list {
		v := w.assign(at, a)
		w.vals = append(w.vals, v)
		texts = append(texts, v.text)
	}
	c := &w.cmds[at]
	c.Assigns = texts
	if len(c.Argv) == 0 {
		c.Text = w.join(w.vals[base:], w.scope.src)
	}
	w.pop(base)
}

// assign carries out one assignment and gives it as a word, NAME=value.
func (w *walker) assign(at int, a *syntax.Assign) value {
	name := a.Name.Value
	v, shown := w.assigns(a)
	if !v.known && (v.rare == nil || v.rare.list == nil) {
		w.cmds[at].Dynamic = true
	}
	if v.odd&oddWord != 0 {
		w.facts.add(ObfuscatedQuotes)
	}
	eq := "="
	if a.Append {
		eq = "+="
		v = w.joinValues("", w.vars[name], v)
	}
	left := name
	if a.Index != nil {
		w.arithm(a.Index)
		v = value{taint: v.taint} // one element of an array
		left += "[" + w.sourceOf(a.Index) + "]"
	}
	w.set(name, v)
	shown.text = left + eq + shown.text
	shown.name = len(left + eq)
	return shown
}

// assigns is the value an assignment gives, and how it is shown.
func (w *walker) assigns(a *syntax.Assign) (v, shown value) {
	switch {
	case a.Value != nil:
		v := w.single(a.Value)
		return v, value{text: v.text, known: v.known, blank: v.blank}
	case a.Array != nil:
		base := len(w.vals)
		for _, e := range a.Array.Elems {
			w.arithm(e.Index)
			if e.Value != nil {
				w.word(e.Value)
			}
		}
		list := append([]value(nil), w.vals[base:]...)
		w.pop(base)
		v := mixed(list)
		v.rare = &rare{list: list}
		return v, value{text: w.arrayText(a.Array, list)}
	}
	return constant(""), constant("")
}

// arrayText shows an array: as written if it has indexes.
func (w *walker) arrayText(a *syntax.ArrayExpr, list []value) string {
	for _, e := range a.Elems {
		if e.Index != nil {
			start, end := w.within(a.Pos(), a.End())
			return w.scope.src[start:end]
		}
	}
	return "(" + w.join(list, "") + ")"
}

// set assigns a variable.
func (w *walker) set(name string, v value) {
	if !w.keeps(len(v.text)) {
		v = value{taint: v.taint}
	}
	old, was := w.vars[name]
	if w.maybe > 0 && was && old.known && v.text != old.text {
		v = mixed([]value{v, old}) // it may be one or the other
	}
	if w.vars == nil {
		w.vars = make(map[string]value)
	}
	w.trail = append(w.trail, change{name, old, was})
	w.vars[name] = v
}

// undo takes back the assignments made since the trail was mark long.
func (w *walker) undo(mark int) {
	for len(w.trail) > mark {
		c := w.trail[len(w.trail)-1]
		w.trail = w.trail[:len(w.trail)-1]
		if c.was {
			w.vars[c.name] = c.old
		} else {
			delete(w.vars, c.name)
		}
	}
}

// declare walks export, local and their like as the simple commands they are.
func (w *walker) declare(s *syntax.Stmt, c *syntax.DeclClause, io stdio) output {
	at := w.add(io.from)
	if at < 0 {
		return output{last: -1}
	}
	base, pending := len(w.vals), len(w.pending)
	w.vals = append(w.vals, constant(c.Variant.Value))
	for _, a := range c.Args {
		switch {
		case !a.Naked:
			w.vals = append(w.vals, w.assign(at, a))
		case a.Name != nil:
			w.vals = append(w.vals, constant(a.Name.Value))
		case a.Value != nil:
			w.word(a.Value)
		}
	}
	start, end := w.span(c.Pos(), c.End())
	w.cmds[at].Start, w.cmds[at].End = start, end
	dynamic := w.cmds[at].Dynamic
	w.describe(at, w.vals[base:], w.scope.src)
	w.cmds[at].Dynamic = dynamic // an array is shown as written, but is constant
	w.pop(base)

	var rd redirects
	w.redirect(s.Redirs, &rd, &io)
	w.cmds[at].Redirects = rd.list
	return w.deliver(output{value: constant(""), last: at}, &rd, pending)
}
