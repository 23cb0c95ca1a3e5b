package shell

import "strings"

// tool computes the output of a program that only turns text into text, where
// its input and arguments are known.
func (w *walker) tool(c call) value {
	args := c.args[1:]
	switch name := strings.ToLower(w.cmds[c.at].Name); name {
	case "echo":
		return w.echo(c)
	case "printf":
		return w.printf(c)
	case "cat":
		return w.cat(c)
	case "tee":
		for _, a := range args {
			if a.known && !strings.HasPrefix(a.text, "-") {
				w.write(a.text, c.io.in)
			}
		}
		return c.io.in
	case "which", "type":
		return located(program{}.scan(args).rest)
	case "true", ":":
		return constant("")
	default:
		return w.filter(name, c)
	}
}

func (w *walker) echo(c call) value {
	args, newline, escapes := c.args[1:], "\n", false
	for len(args) > 0 && len(args[0].text) > 1 && args[0].text[0] == '-' && strings.Trim(args[0].text[1:], "neE") == "" {
		if strings.Contains(args[0].text, "n") {
			newline = ""
		}
		escapes = escapes || strings.Contains(args[0].text, "e")
		args = args[1:]
	}
	if !c.io.want {
		return mixed(args)
	}
	hidden := false
	v := w.joinValues(" ", args...).edit(func(s string) string {
		if escapes {
			s, hidden = unescape(s, echoEscapes)
		}
		return s + newline
	})
	if hidden {
		v = v.through("echo -e")
	}
	return v
}

func (w *walker) printf(c call) value {
	args := c.args[1:]
	if len(args) > 1 && args[0].text == "-v" {
		v := w.format(args[2:])
		w.set(args[1].text, v)
		return constant("")
	}
	if len(args) > 0 && args[0].text == "--" {
		args = args[1:]
	}
	if !c.io.want {
		return mixed(args)
	}
	return w.format(args)
}

// format is printf's output for a format and its arguments.
func (w *walker) format(args []value) value {
	if len(args) == 0 {
		return constant("")
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a.program()
	}
	v := w.joinValues("", args...)
	text, hidden, ok := formatText(words[0], words[1:])
	if !ok || !w.keeps(len(text)) {
		return mixed(args)
	}
	v = v.edit(func(string) string { return text })
	if hidden {
		v = v.through("printf")
	}
	return v
}

// cat joins files and input.
func (w *walker) cat(c call) value {
	args := program{}.scan(c.args[1:]).rest
	if len(args) == 0 {
		return c.io.in
	}
	files := make([]value, len(args))
	for i, a := range args {
		files[i] = w.operandFile(c, a)
	}
	return w.joinValues("", files...)
}

// A step is what a filter does to its input.
type step struct {
	label string                      // for Command.Decoded
	hides bool                        // its output is decoded, whatever the input
	do    func(string) (string, bool) // nil where it is not computed
}

// filter computes a program that reads one input.
func (w *walker) filter(name string, c call) value {
	args := c.args[1:]
	var s step
	var operands []value
	switch name {
	case "base64", "gbase64", "base32", "basenc", "b64decode":
		s, operands = baseStep(name, args)
	case "xxd":
		s, operands = xxdStep(args)
	case "rev":
		s, operands = step{label: "rev", hides: true, do: reverse}, args
	case "tr":
		s = trStep(args)
	case "openssl":
		s = opensslStep(args)
	case "gpg", "gpg2", "uudecode":
		o := program{}.permute(args)
		s = step{label: name, hides: name == "uudecode" || o.has("d", "decrypt")}
	default:
		s, operands = unpackStep(name, args)
	}
	in := c.io.in
	if !c.io.piped {
		in = value{}
	}
	if len(operands) > 0 {
		in = w.operandFile(c, operands[0])
	}
	out := s.apply(in)
	if !w.keeps(len(out.text)) {
		out.text, out.known = "", false
	}
	return out
}

// apply gives the filter's output.
func (s step) apply(in value) value {
	out := value{taint: in.taint}
	if p := in.path(); p != nil {
		out.rare = &rare{path: p}
	}
	if in.known && s.do != nil {
		out.text, out.known = s.do(in.text)
	}
	if s.hides || s.label != "" && out.known && out.text != in.text {
		return out.through(s.label)
	}
	return out
}
