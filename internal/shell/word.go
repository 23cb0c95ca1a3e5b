package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// word folds a word and pushes the fields it gives on the stack: one as a rule,
// none for an empty $@, several for {a,b}, an unquoted variable or $IFS.
func (w *walker) word(word *syntax.Word) {
	if v, ok := plain(word); ok {
		w.vals = append(w.vals, v)
		return
	}
	if !mayExpand(word) {
		w.fields(word)
		return
	}
	split := &syntax.Word{Parts: word.Parts} // a changed tree has no positions
	if !syntax.SplitBraces(split) {
		w.fields(word)
		return
	}
	n, base, cost := 0, len(w.vals), wordCost+len(w.sourceOf(word))
	for one, err := range expand.BracesSeq(nil, split) {
		if err != nil || n == MaxCommands || w.full() || !w.spend(cost) {
			break
		}
		n++
		w.fields(one)
	}
	if n > 1 && len(w.vals) > base {
		w.vals[base].odd |= oddProgram // {cat,/etc/shadow}
	}
}

// maxBraces is how many braces a word may hold to be expanded. The time that
// takes grows with their square, and nobody writes a dozen.
const maxBraces = 32

// mayExpand reports whether a word may hold a brace expansion.
func mayExpand(word *syntax.Word) bool {
	n := 0
	for _, p := range word.Parts {
		if lit, ok := p.(*syntax.Lit); ok {
			n += strings.Count(lit.Value, "{")
		}
	}
	return n > 0 && n <= maxBraces
}

// wordCost is what a word that expansion makes costs beside its text.
const wordCost = 64

// plain folds the words that need no work.
func plain(word *syntax.Word) (value, bool) {
	if len(word.Parts) != 1 {
		return value{}, false
	}
	switch p := word.Parts[0].(type) {
	case *syntax.Lit:
		if unplain.in(p.Value) {
			return value{}, false
		}
		return value{text: p.Value, known: true, glob: hasGlob(p.Value)}, true
	case *syntax.SglQuoted:
		return constant(p.Value), !p.Dollar
	case *syntax.DblQuoted:
		if len(p.Parts) == 0 {
			return constant(""), true
		}
		if lit, ok := p.Parts[0].(*syntax.Lit); ok && len(p.Parts) == 1 && strings.IndexByte(lit.Value, '\\') < 0 {
			return constant(lit.Value), true
		}
	}
	return value{}, false
}

func hasGlob(s string) bool { return globs.in(s) }

// A byteSet finds bytes faster than strings.ContainsAny, which sets up anew
// for each of the many short words.
type byteSet [256]bool

func bytesOf(chars string) *byteSet {
	var set byteSet
	for _, c := range []byte(chars) {
		set[c] = true
	}
	return &set
}

var (
	unplain   = bytesOf(`\{`)
	globs     = bytesOf("*?[")
	confusing = bytesOf(" \t\r\n'\"")
)

func (set *byteSet) in(s string) bool {
	for i := range len(s) {
		if set[s[i]] {
			return true
		}
	}
	return false
}

// fields folds a word without brace expansions.
func (w *walker) fields(word *syntax.Word) {
	if v, ok := plain(word); ok {
		w.vals = append(w.vals, v)
		return
	}
	b := w.builder()
	b.parts(word.Parts)
	b.flush()
	w.open--
}

// single folds a word that is not split into fields.
func (w *walker) single(word *syntax.Word) value {
	if word == nil {
		return constant("")
	}
	if v, ok := plain(word); ok {
		return v
	}
	return w.whole(func(b *builder) { b.parts(word.Parts) })
}

// document folds the body of a here-document.
func (w *walker) document(word *syntax.Word, quoted bool) value {
	if quoted {
		return constant(word.Lit())
	}
	return w.whole(func(b *builder) {
		b.quoted = true
		b.double(word.Parts, "\\$`\n")
	})
}

// whole runs fill on a builder that does not split, and gives the one field.
func (w *walker) whole(fill func(*builder)) value {
	base := len(w.vals)
	b := w.builder()
	b.unsplit, b.started = true, true
	fill(b)
	b.flush()
	w.open--
	v := w.vals[base]
	w.pop(base)
	return v
}

// quiet walks the substitutions in a word whose value does not matter.
func (w *walker) quiet(word *syntax.Word) {
	if word != nil {
		w.single(word)
	}
}

// builder gives an empty builder; the caller closes it with w.open--.
func (w *walker) builder() *builder {
	if w.open == len(w.builders) {
		w.builders = append(w.builders, &builder{w: w})
	}
	b := w.builders[w.open]
	w.open++
	b.reset()
	b.w = w
	return b
}

// A builder puts the fields of one word together.
type builder struct {
	w       *walker
	quoted  bool // inside double quotes
	unsplit bool // an assignment, redirection or here-document: one field
	loose   bool // literal text is split at blanks: ${x:-a b}

	odd     oddity
	text    []byte
	program []byte // text as a program; kept once it differs
	differs bool
	started bool // there is a field, though it may be empty
	unknown int  // where the last part that is not known ends, or -1
	glob    bool
	taint   taint
	path    []string
	file    *value
	pieces  []piece
}

func (b *builder) reset() {
	*b = builder{text: b.text[:0], program: b.program[:0], pieces: b.pieces[:0], unknown: -1}
}

// flush ends a field.
func (b *builder) flush() {
	if b.started || len(b.text) > 0 {
		b.w.vals = append(b.w.vals, b.value())
	}
	odd := b.odd &^ oddProgram
	quoted, unsplit, loose, w := b.quoted, b.unsplit, b.loose, b.w
	b.reset()
	b.quoted, b.unsplit, b.loose, b.w, b.odd = quoted, unsplit, loose, w, odd
}

func (b *builder) value() value {
	v := value{
		text: string(b.text), known: b.unknown < 0, glob: b.glob,
		taint: b.taint, odd: b.odd,
	}
	if !v.known {
		v.base = strings.LastIndexByte(v.text, '/') >= b.unknown
		v.blank = slices.ContainsFunc(b.pieces, func(p piece) bool {
			return p.kind != unknownPiece && strings.ContainsAny(v.text[p.start:p.end], blanks)
		})
	}
	if len(b.pieces) > 1 {
		v.odd |= b.judge()
	}
	if b.differs || b.path != nil || b.file != nil {
		v.rare = &rare{path: b.path, file: b.file}
		if b.differs {
			v.rare.program = string(b.program)
		}
	}
	return v
}

// put adds text that is known.
func (b *builder) put(s string, from pieceKind) {
	b.pieces = append(b.pieces, piece{len(b.text), len(b.text) + len(s), from})
	b.text = append(b.text, s...)
	if b.differs {
		b.program = append(b.program, s...)
	}
}

// source adds the source of something that is not known, and to the program a
// text that stands for it.
func (b *builder) source(s, program string) {
	if !b.w.spend(len(program)) {
		program = s
	}
	if s != program && !b.differs {
		b.differs = true
		b.program = append(b.program[:0], b.text...)
	}
	b.pieces = append(b.pieces, piece{len(b.text), len(b.text) + len(s), unknownPiece})
	b.text = append(b.text, s...)
	if b.differs {
		b.program = append(b.program, program...)
	}
	b.unknown = len(b.text)
	b.started = true
}

// origin notes where the bytes come from that are about to be added, if they
// stand where they would be run.
func (b *builder) origin(v value) {
	if !commandBegins(b.text) {
		return
	}
	b.taint |= v.taint
	if p := v.path(); len(p) > 0 && len(b.path) < 2*MaxLayers {
		b.path = appendPath(b.path, p...)
	}
}

// commandBegins reports whether a command may begin behind a text.
func commandBegins(text []byte) bool {
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ' ', '\t':
		case ';', '&', '|', '(', '{', '\n', '`':
			return true
		default:
			return false
		}
	}
	return true
}

// expansion adds the value of a variable or substitution.
func (b *builder) expansion(v value) {
	if !b.w.spend(len(v.text)) {
		b.source("", "")
		return
	}
	b.origin(v)
	if b.quoted || b.unsplit {
		b.started = true
		b.put(v.text, expandedPiece)
		return
	}
	b.split(v.text)
}

// split adds text that is not quoted and splits it into fields.
func (b *builder) split(s string) {
	ifs, glob := b.w.separators(), hasGlob(s)
	for {
		i := strings.IndexAny(s, ifs)
		if i < 0 {
			b.glob = b.glob || glob
			b.put(s, expandedPiece)
			return
		}
		b.put(s[:i], expandedPiece)
		taint := b.taint
		b.flush()
		b.taint = taint
		s = strings.TrimLeft(s[i:], ifs)
		if len(b.w.vals) > 16*MaxCommands {
			return
		}
	}
}

// separators is $IFS.
func (w *walker) separators() string {
	if v, ok := w.vars["IFS"]; ok && v.known {
		return v.text
	}
	return " \t\n"
}

// parts adds the parts of a word outside double quotes.
func (b *builder) parts(parts []syntax.WordPart) {
	for i, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.literal(p.Value)
		case *syntax.SglQuoted:
			b.single(p)
		case *syntax.DblQuoted:
			b.started = b.started || !isAll(p)
			if len(p.Parts) == 0 {
				b.put("", quotedPiece)
			}
			b.quoted = true
			b.double(p.Parts, "\\$`\"\n")
			b.quoted = false
		case *syntax.ProcSubst:
			b.process(p)
		case *syntax.ExtGlob:
			b.glob = true
			b.put(b.w.sourceOf(p), literalPiece)
		default:
			b.expand(p, parts[i+1:])
		}
	}
}

// isAll reports whether a quoted word is "$@", which may be no field at all.
func isAll(q *syntax.DblQuoted) bool {
	if len(q.Parts) != 1 {
		return false
	}
	pe, ok := q.Parts[0].(*syntax.ParamExp)
	return ok && (pe.Param != nil && pe.Param.Value == "@" || pe.Index != nil)
}

// double adds the parts of text in double quotes or of a here-document, where a
// backslash escapes only some characters.
func (b *builder) double(parts []syntax.WordPart, escapes string) {
	for i, p := range parts {
		if lit, ok := p.(*syntax.Lit); ok {
			b.put(unescapeSome(lit.Value, escapes), quotedPiece)
			continue
		}
		b.expand(p, parts[i+1:])
	}
}

func unescapeSome(s, escapes string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(escapes, s[i+1]) >= 0 {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// literal adds text that is not quoted.
func (b *builder) literal(s string) {
	if b.loose {
		b.split(s)
		return
	}
	i := strings.IndexByte(s, '\\')
	b.glob = b.glob || hasGlob(s)
	if i < 0 {
		b.put(s, literalPiece)
		return
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			b.odd |= needless(b.text, out, s[i])
		}
		out = append(out, s[i])
	}
	b.put(string(out), literalPiece)
	b.odd |= escapedPath(b.text, s)
}

func (b *builder) single(p *syntax.SglQuoted) {
	b.started = true
	if !p.Dollar {
		b.put(p.Value, quotedPiece)
		return
	}
	text, hidden := unescape(p.Value, dollarQuotes)
	if hidden {
		b.odd |= oddWord
	}
	b.put(text, quotedPiece)
}

// expand adds an expansion. Rest are the parts behind it.
func (b *builder) expand(p syntax.WordPart, rest []syntax.WordPart) {
	switch p := p.(type) {
	case *syntax.ParamExp:
		b.param(p, rest)
	case *syntax.CmdSubst:
		b.command(p)
	case *syntax.ArithmExp:
		b.w.arithm(p.X)
		if text, ok := b.w.compute(p); ok {
			b.expansion(constant(text))
			return
		}
		b.asWritten(p)
	case *syntax.DblQuoted: // "${x:-"y"}"
		b.double(p.Parts, "\\$`\"\n")
	case *syntax.SglQuoted:
		b.single(p)
	default:
		b.asWritten(p)
	}
}

// asWritten adds an expansion that is not known.
func (b *builder) asWritten(p syntax.WordPart) {
	s := b.w.sourceOf(p)
	b.source(s, s)
}

// sourceOf is the text a node was parsed from.
func (w *walker) sourceOf(n syntax.Node) string {
	start, end := w.within(n.Pos(), n.End())
	return w.scope.src[start:end]
}
