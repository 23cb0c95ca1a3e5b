package shell

import (
	"slices"
	"strings"
)

// A kind is how a program treats its arguments and its input.
type kind uint8

const (
	other       kind = iota
	runsShell        // sh: runs its -c argument, its operand or its input
	interpreter      // python: the same with another language inside
	fetcher          // curl: its output comes from the network
	tool             // echo, base64: its output can be computed
	wrapper          // sudo: its operands are a command
	joiner           // eval, ssh: its operands, joined, are a program
	finder           // find: commands between -exec and ;
	argsAdder        // xargs: its input becomes arguments
	multiplier       // parallel: the same with its own syntax
	container        // docker: a command behind run or exec
	pods             // kubectl: a command behind --
	trapper          // trap: its first operand is a program
	sourcer          // source: runs a file
	spooler          // at: its input is a program, to run later
	builtin          // changes what variables hold
)

// A program is what the walker knows of one name. Options are letters and, for
// the long ones, names between blanks.
type program struct {
	kind    kind
	short   string // short options that take a value
	long    string // long options that take their value as the next word: " user group "
	text    string // options whose value matters: a program, xargs' replacement, a fetcher's file
	operand int    // operands before the command
	assigns bool   // NAME=value may stand before the command
	shell   bool   // without a command it runs a shell
	file    bool   // writes what it fetches to a file, unless told otherwise
}

// lookup finds a program by its base name. Names differ in case on file systems
// that do not care, and interpreters carry a version: python3.12.
func lookup(name string) program {
	if p, ok := programs[name]; ok || name == "" || len(name) > 64 {
		return p
	}
	low := strings.TrimSuffix(strings.ToLower(name), ".exe")
	if low != name {
		if p, ok := programs[low]; ok {
			return p
		}
	}
	if last := low[max(0, len(low)-1):]; last != "" && last[0] <= '9' {
		if p := programs[strings.TrimRight(low, "0123456789.")]; p.kind == interpreter {
			return p
		}
	}
	return program{}
}

// hasOption reports whether a blank-separated list of options holds one.
func hasOption(list, name string) bool {
	return name != "" && strings.Contains(list, " "+name+" ")
}

// An options is what a scan of a program's options found.
type options struct {
	rest    []value // the operands
	text    value   // the value of an option in program.text
	hasText bool
	letters [4]uint64 // a bit for each short option
	long    []string
}

// has reports whether one of the options was given.
func (o *options) has(names ...string) bool {
	for _, name := range names {
		if len(name) > 1 && slices.Contains(o.long, name) {
			return true
		}
		if c := name[0]; len(name) == 1 && o.letters[c/64]>>(c%64)&1 != 0 {
			return true
		}
	}
	return false
}

// maxLong is how many different long options are noted. No program has more,
// and one that it does not have ends it.
const maxLong = 64

// flag notes an option.
func (o *options) flag(name string) {
	switch {
	case len(name) == 1:
		o.letters[name[0]/64] |= 1 << (name[0] % 64)
	case len(o.long) < maxLong && !slices.Contains(o.long, name):
		o.long = append(o.long, name)
	}
}

// scan reads a program's options up to the first operand.
func (p program) scan(args []value) options {
	var o options
	o.rest = p.options(&o, args)
	return o
}

// permute reads the options of a program that takes them behind operands too.
func (p program) permute(args []value) options {
	var o options
	for {
		args = p.options(&o, args)
		if len(args) == 0 {
			return o
		}
		o.rest, args = append(o.rest, args[0]), args[1:]
	}
}

// options reads options and gives the arguments from the first operand on.
func (p program) options(o *options, args []value) []value {
	for len(args) > 0 {
		arg := args[0].text
		switch {
		case arg == "--":
			return p.afterAssigns(args[1:])
		case arg == "-" && p.shell || p.assigns && isAssignment(arg):
			args = args[1:] // "su -" and "env A=b"
		case len(arg) < 2 || arg[0] != '-':
			return args
		case strings.HasPrefix(arg, "--"):
			args = p.longOption(o, arg[2:], args[1:])
		default:
			args = p.cluster(o, arg[1:], args[1:])
		}
	}
	return nil
}

// afterAssigns drops the assignments in "env -- A=b cmd".
func (p program) afterAssigns(args []value) []value {
	for p.assigns && len(args) > 0 && isAssignment(args[0].text) {
		args = args[1:]
	}
	return args
}

func (p program) longOption(o *options, name string, args []value) []value {
	name, val, attached := strings.Cut(name, "=")
	text := hasOption(p.text, name)
	o.flag(name)
	switch {
	case !text && (attached || !hasOption(p.long, name)):
		return args
	case attached:
		o.text, o.hasText = constant(val), true
		return args
	case len(args) == 0:
		return nil
	case text:
		o.text, o.hasText = args[0], true
	}
	return args[1:]
}

// cluster reads short options in one word: -u root, -uroot, -lc.
func (p program) cluster(o *options, letters string, args []value) []value {
	for i := range len(letters) {
		letter := letters[i : i+1]
		text := hasOption(p.text, letter)
		o.flag(letter)
		if !text && !strings.Contains(p.short, letter) {
			continue
		}
		val := constant(letters[i+1:])
		if val.text == "" && len(args) > 0 {
			val, args = args[0], args[1:]
		}
		if text {
			o.text, o.hasText = val, true
		}
		break
	}
	return args
}

// isAssignment reports whether a word has the form NAME=value.
func isAssignment(word string) bool {
	i := strings.IndexByte(word, '=')
	if i < 1 || word[0] >= '0' && word[0] <= '9' {
		return false
	}
	for _, c := range []byte(word[:i]) {
		if !isAlnum(c) && c != '_' {
			return false
		}
	}
	return true
}
