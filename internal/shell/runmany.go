package shell

import (
	"slices"
	"strings"
)

// find runs what stands behind -exec and its like.
func (w *walker) find(c call) {
	args := c.args
	for i := 1; i < len(args); i++ {
		switch args[i].text {
		case "-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch":
		default:
			continue
		}
		end := i + 1
		for end < len(args) && args[end].text != ";" && (args[end].text != "+" || args[end-1].text != "{}") {
			end++
		}
		if end > i+1 {
			w.child(c, args[i+1:end], stdio{from: -1})
		}
		i = end
	}
}

// xargs runs a command with arguments from its input.
func (w *walker) xargs(p program, c call) output {
	o := p.scan(c.args[1:])
	if len(o.rest) == 0 {
		return w.unknown(c)
	}
	in, inner := c.io.in, stdio{from: c.io.from, want: c.io.want}
	replace := o.text.text
	if o.has("i", "replace") {
		replace = "{}"
	}
	if !c.io.piped {
		return w.child(c, o.rest, inner)
	}
	if replace != "" {
		line, _, _ := strings.Cut(in.text, "\n")
		in.text = strings.TrimLeft(line, " \t")
		return w.child(c, w.replaced(o.rest, replace, in), inner)
	}
	if !in.known {
		return w.childWith(c, o.rest, []value{in}, inner)
	}
	args := slices.Clone(o.rest)
	for _, word := range strings.FieldsFunc(in.text, func(r rune) bool { return strings.ContainsRune(" \t\n\x00", r) }) {
		if len(args) > MaxCommands || !w.spend(wordCost) {
			break
		}
		args = append(args, constant(strings.Trim(word, `'"`)))
	}
	return w.child(c, args, inner)
}

// replaced puts a value in the place of a text in each word.
func (w *walker) replaced(args []value, text string, with value) []value {
	out := slices.Clone(args)
	for i, a := range out {
		before, _, found := strings.Cut(a.text, text)
		if !found || !w.spend(len(a.text)+strings.Count(a.text, text)*len(with.text)) {
			continue
		}
		v := value{taint: a.taint, odd: a.odd}
		if commandBegins([]byte(before)) {
			v.taint |= with.taint
		}
		if with.known {
			v.known = a.known
			v.text = strings.ReplaceAll(a.text, text, with.text)
		} else {
			v.text, v.blank = a.text, strings.ContainsAny(a.text, blanks)
			v.rare = &rare{program: strings.ReplaceAll(a.program(), text, w.placeholder(text, with))}
		}
		out[i] = v
	}
	return out
}

// maxMultiples is how many of parallel's arguments are tried.
const maxMultiples = 16

// parallel runs a command once for each argument behind ":::" or line of input.
func (w *walker) parallel(p program, c call) output {
	o := p.scan(c.args[1:])
	isList := func(v value) bool { return strings.HasPrefix(v.text, ":::") }
	end := slices.IndexFunc(o.rest, isList)
	var inputs []value
	command := o.rest
	if end >= 0 {
		command, inputs = o.rest[:end], slices.DeleteFunc(slices.Clone(o.rest[end+1:]), isList)
	} else if c.io.piped {
		inputs = lines(c.io.in)
	}
	if len(inputs) == 0 {
		return w.template(c, command)
	}
	out := w.unknown(c)
	for _, in := range inputs[:min(len(inputs), maxMultiples)] {
		with := w.replaced(command, "{}", in)
		if !slices.ContainsFunc(command, func(v value) bool { return strings.Contains(v.text, "{}") }) {
			with = append(with, in)
		}
		out = w.then(out, w.template(c, with))
	}
	return out
}

// lines gives each line of a known input, or the one value that is not known.
func lines(in value) []value {
	if !in.known {
		return []value{in}
	}
	var vals []value
	for line := range strings.Lines(in.text) {
		if line = strings.TrimSpace(line); line != "" {
			vals = append(vals, constant(line))
		}
		if len(vals) == maxMultiples {
			break
		}
	}
	return vals
}

// template runs parallel's command: a program for the shell if it is one word.
func (w *walker) template(c call, args []value) output {
	if len(args) == 1 {
		w.tainted(args[0].taint)
		return w.inner(c, args[0], w.cmds[c.at].Name, nil)
	}
	return w.child(c, args, stdio{from: -1})
}
