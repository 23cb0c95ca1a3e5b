package shell

import (
	"cmp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// param adds a parameter expansion.
func (b *builder) param(pe *syntax.ParamExp, rest []syntax.WordPart) {
	if !b.w.enter(pe) {
		b.asWritten(pe)
		return
	}
	defer b.w.leave()
	switch {
	case bare(pe):
		b.variable(pe, rest)
	case pe.Param != nil && pe.Index != nil && element(pe):
		b.element(pe)
	case pe.Param != nil && pe.Exp != nil && pe.Index == nil && !pe.Length && !pe.Excl && b.fallback(pe):
	default:
		b.w.operands(pe)
		if text, ok := b.w.compute(pe); ok {
			v := b.w.vars[pe.Param.Value]
			v.text, v.known = text, true
			if !trims(pe) {
				b.odd |= oddProgram // ${a//x/}
			}
			b.expansion(v)
			return
		}
		b.asWritten(pe)
	}
}

// trims reports whether an expansion cuts off a prefix or suffix, as people do
// with paths.
func trims(pe *syntax.ParamExp) bool {
	if pe.Exp == nil {
		return false
	}
	switch pe.Exp.Op {
	case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		return true
	default:
		return false
	}
}

// bare reports whether an expansion is $name or ${name}.
func bare(pe *syntax.ParamExp) bool {
	return pe.Param != nil && plainName(pe) && pe.Index == nil && pe.Exp == nil
}

// element reports whether an expansion is ${name[index]}.
func element(pe *syntax.ParamExp) bool { return plainName(pe) && pe.Exp == nil }

// plainName reports whether an expansion has none of the operators that compute.
func plainName(pe *syntax.ParamExp) bool {
	return !pe.Excl && !pe.Length && !pe.Width && !pe.IsSet && pe.Flags == nil &&
		pe.NestedParam == nil && len(pe.Modifiers) == 0 &&
		pe.Slice == nil && pe.Repl == nil && pe.Names == 0
}

// variable adds $name.
func (b *builder) variable(pe *syntax.ParamExp, rest []syntax.WordPart) {
	name := pe.Param.Value
	if list, ok := b.w.positional(name); ok {
		b.list(list, name == "@")
		return
	}
	v, ok := b.w.vars[name]
	switch {
	case ok && v.known:
		b.expansion(v)
	case ok && v.rare != nil && len(v.rare.list) > 0: // $a is ${a[0]}
		b.list(v.rare.list[:1], false)
	case ok && strings.HasPrefix(name, placeholderPrefix):
		b.origin(v)
		b.source(v.text, "${"+name+"}")
	case name == "IFS" && !ok:
		b.blank(rest)
	case name == "HOME" && !ok:
		b.started = true
		b.put("~", expandedPiece)
	case !ok && b.vanishes(name, rest):
	default:
		b.origin(v)
		s := b.w.sourceOf(pe)
		b.source(s, cmp.Or(v.program(), s))
	}
}

// blank adds $IFS where it was not assigned.
func (b *builder) blank(rest []syntax.WordPart) {
	if b.quoted || b.unsplit {
		b.put(" \t\n", expandedPiece)
		return
	}
	if len(b.text) > 0 && len(rest) > 0 {
		b.odd |= oddWord // cat$IFS/etc/passwd
	}
	odd := b.odd
	b.flush()
	b.odd = odd
}

// vanishes reports whether an expansion that nobody assigned stands inside a
// word to split it, as in c$@url or ba${x}sh, and adds nothing.
func (b *builder) vanishes(name string, rest []syntax.WordPart) bool {
	if len(rest) == 0 || b.quoted {
		return false
	}
	if len(b.text) == 0 {
		return b.odd&oddWord != 0 && isPositional(name) // cat$IFS$9/etc/passwd
	}
	next, ok := rest[0].(*syntax.Lit)
	if !ok || !isAlnum(b.text[len(b.text)-1]) || next.Value == "" || !isAlnum(next.Value[0]) {
		return false
	}
	if isPositional(name) {
		if b.w.scope.function {
			return false
		}
	} else if len(rest) > 1 || lookup(baseName(string(b.text)+next.Value)).kind == other {
		return false // perhaps it does hold something
	}
	b.put("", expandedPiece)
	b.odd |= oddWord
	return true
}

func isPositional(name string) bool {
	return name == "@" || name == "*" || name >= "1" && name <= "9" && len(name) == 1
}

// positional is what $@, $* or $1 stands for, where the program was given its
// arguments in the line.
func (w *walker) positional(name string) ([]value, bool) {
	params := w.scope.params
	if params == nil || w.scope.function {
		return nil, false
	}
	if name == "@" || name == "*" {
		return params[1:], true
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 0 {
		return nil, false
	}
	if n >= len(params) {
		return []value{constant("")}, true
	}
	return params[n : n+1], true
}

// list adds several values: as fields of their own, or joined where the word
// is not split.
func (b *builder) list(vals []value, apart bool) {
	for i, v := range vals {
		if !b.w.spend(wordCost) {
			break
		}
		if i > 0 {
			if apart && !b.unsplit || !b.quoted && !b.unsplit {
				b.flush()
			} else {
				b.put(" ", expandedPiece)
			}
		}
		if v.known {
			b.expansion(v)
			continue
		}
		b.origin(v)
		b.source(v.text, v.program())
	}
}

// element adds ${name[index]}.
func (b *builder) element(pe *syntax.ParamExp) {
	b.w.arithm(pe.Index)
	v := b.w.vars[pe.Param.Value]
	word, _ := pe.Index.(*syntax.Word)
	if v.rare == nil || v.rare.list == nil || word == nil {
		b.origin(v)
		b.asWritten(pe)
		return
	}
	index := word.Lit()
	if index == "@" || index == "*" {
		b.list(v.rare.list, index == "@")
		return
	}
	n, err := strconv.Atoi(index)
	if err != nil || n < 0 || n >= len(v.rare.list) {
		b.asWritten(pe)
		return
	}
	b.list(v.rare.list[n:n+1], false)
}

// fallback adds ${name:-word} and its like, and reports whether it could.
func (b *builder) fallback(pe *syntax.ParamExp) bool {
	v, assigned := b.w.vars[pe.Param.Value]
	if pe.Param.Value == "HOME" && !assigned {
		v, assigned = constant("~"), true
	}
	set := assigned && v.known && v.text != ""
	switch pe.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if set {
			b.w.quiet(pe.Exp.Word)
			b.expansion(v)
			return true
		}
		if assigned && !v.known {
			return false
		}
		b.substitutes(pe)
		return true
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if !set {
			return false
		}
		b.substitutes(pe)
		return true
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if !set {
			return false
		}
		b.w.quiet(pe.Exp.Word)
		b.expansion(v)
		return true
	default:
		return false
	}
}

// substitutes adds the word of ${name:-word}, which is split as the expansion
// is, and assigns it for ${name:=word}.
func (b *builder) substitutes(pe *syntax.ParamExp) {
	word := pe.Exp.Word
	if pe.Exp.Op == syntax.AssignUnset || pe.Exp.Op == syntax.AssignUnsetOrNull {
		v := b.w.single(word)
		b.w.set(pe.Param.Value, v)
		b.list([]value{v}, false)
		return
	}
	if word == nil {
		return
	}
	if b.quoted {
		b.double(word.Parts, "\\$`\"\n}")
		return
	}
	loose := b.loose
	b.loose = !b.unsplit
	b.parts(word.Parts)
	b.loose = loose
}

// operands walks the substitutions inside an expansion.
func (w *walker) operands(pe *syntax.ParamExp) {
	w.arithm(pe.Index)
	if pe.Slice != nil {
		w.arithm(pe.Slice.Offset)
		w.arithm(pe.Slice.Length)
	}
	if pe.Repl != nil {
		w.quiet(pe.Repl.Orig)
		w.quiet(pe.Repl.With)
	}
	if pe.Exp != nil {
		w.quiet(pe.Exp.Word)
	}
	if pe.NestedParam != nil {
		w.quiet(&syntax.Word{Parts: []syntax.WordPart{pe.NestedParam}})
	}
}

// compute evaluates an expansion or an arithmetic expression whose variables
// are all known.
func (w *walker) compute(p syntax.WordPart) (text string, ok bool) {
	src, size := w.sourceOf(p), 0
	if pe, isParam := p.(*syntax.ParamExp); isParam {
		if pe.Param == nil || pe.Length || !w.vars[pe.Param.Value].known {
			return "", false
		}
		size = len(w.vars[pe.Param.Value].text)
	}
	// Patterns cost the product of their lengths, and a replacement gives it.
	if len(src) > 1<<10 || !w.spend(wordCost+len(src)+len(src)*size/8) {
		return "", false
	}
	defer func() {
		if recover() != nil { // as for 1<<-1, or a substitution within
			ok = false
		}
	}()
	env := &environ{w: w}
	text, err := expand.Literal(&expand.Config{Env: env}, &syntax.Word{Parts: []syntax.WordPart{p}})
	return text, err == nil && !env.missing
}

// An environ shows the known variables to package expand.
type environ struct {
	w       *walker
	missing bool // an unknown variable was asked for
}

// Get implements [expand.Environ].
func (e *environ) Get(name string) expand.Variable {
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		// Otherwise this machine's users would be looked up.
		return expand.Variable{Set: true, Kind: expand.String, Str: "~" + user}
	}
	v := e.w.vars[name]
	if len(v.text) > 1<<10 {
		v.known = false
	}
	if !v.known && name != "IFS" {
		e.missing = true
	}
	return expand.Variable{Set: v.known, Kind: expand.String, Str: v.text}
}

// Each implements [expand.Environ].
func (e *environ) Each(func(string, expand.Variable) bool) {}
