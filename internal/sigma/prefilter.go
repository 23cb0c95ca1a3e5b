package sigma

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLiterals bounds the alternatives kept for one regular expression.
const maxLiterals = 16

// literalInfo is what is known about the texts a part of a regular expression
// matches. All texts are in lower case, for values are searched case folded.
type literalInfo struct {
	exact []string // every text it can match; nil: not known, or too many
	need  []string // otherwise, texts one of which is in every match; nil: not known
}

// requiredLiterals returns texts one of which occurs, case folded, in whatever
// re matches; nil when it cannot tell.
func requiredLiterals(re *syntax.Regexp) []string {
	return literals(re).best()
}

// best returns the texts to search for, or nil when that is no help.
func (l literalInfo) best() []string {
	texts := l.need
	if l.exact != nil {
		texts = l.exact
	}
	if len(texts) == 0 || slices.Contains(texts, "") {
		return nil
	}
	return texts
}

// literals walks re, whose depth package syntax bounds.
func literals(re *syntax.Regexp) literalInfo {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return literalInfo{exact: []string{""}}
	case syntax.OpLiteral:
		return runLiterals(re)
	case syntax.OpCharClass:
		return classLiterals(re.Rune)
	case syntax.OpCapture:
		return literals(re.Sub[0])
	case syntax.OpConcat:
		return concatLiterals(re.Sub)
	case syntax.OpAlternate:
		return alternateLiterals(re.Sub)
	case syntax.OpQuest:
		return optionalLiterals(re.Sub[0])
	case syntax.OpPlus:
		return literalInfo{need: literals(re.Sub[0]).best()}
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literalInfo{need: literals(re.Sub[0]).best()}
		}
	}
	return literalInfo{}
}

// runLiterals is for a run of characters, one class each when case is ignored.
func runLiterals(re *syntax.Regexp) literalInfo {
	var c concat
	for _, r := range re.Rune {
		set := []rune{r, r}
		if re.Flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				set = append(set, f, f)
			}
		}
		c.add(classLiterals(set))
	}
	return c.info()
}

// classLiterals is for a set of characters, given as pairs of first and last.
// Sets that hold U+FFFD are not known: it also matches bytes that are not UTF-8.
func classLiterals(ranges []rune) literalInfo {
	var texts []string
	for i := 0; i+1 < len(ranges); i += 2 {
		lo, hi := ranges[i], ranges[i+1]
		if hi-lo >= 4*maxLiterals || lo <= utf8.RuneError && utf8.RuneError <= hi {
			return literalInfo{}
		}
		for r := lo; r <= hi; r++ {
			texts = append(texts, fold(string(r)))
		}
	}
	if texts = unique(texts); len(texts) > maxLiterals {
		return literalInfo{}
	}
	return literalInfo{exact: texts}
}

func concatLiterals(subs []*syntax.Regexp) literalInfo {
	var c concat
	for _, sub := range subs {
		c.add(literals(sub))
	}
	return c.info()
}

// A concat collects what is known about parts that follow one another.
type concat struct {
	run     []string // every text the parts since the last unknown one can match
	need    []string // the best of what came before
	unknown bool     // something did come before
}

func (c *concat) add(l literalInfo) {
	if c.run == nil {
		c.run = []string{""}
	}
	if l.exact != nil && len(c.run)*len(l.exact) <= maxLiterals {
		c.run = cross(c.run, l.exact)
		return
	}
	c.need = better(c.need, literalInfo{exact: c.run}.best())
	c.unknown = true
	c.run = []string{""}
	if l.exact != nil {
		c.run = l.exact
		return
	}
	c.need = better(c.need, l.need)
}

func (c *concat) info() literalInfo {
	if !c.unknown {
		return literalInfo{exact: c.run}
	}
	return literalInfo{need: better(c.need, literalInfo{exact: c.run}.best())}
}

func alternateLiterals(subs []*syntax.Regexp) literalInfo {
	var exact, need []string
	isExact, isKnown := true, true
	for _, sub := range subs {
		l := literals(sub)
		isExact = isExact && l.exact != nil
		isKnown = isKnown && l.best() != nil
		exact = append(exact, l.exact...)
		need = append(need, l.best()...)
	}
	exact, need = unique(exact), unique(need)
	switch {
	case isExact && len(exact) <= maxLiterals:
		return literalInfo{exact: exact}
	case isKnown && len(need) <= 4*maxLiterals:
		return literalInfo{need: need}
	}
	return literalInfo{}
}

func optionalLiterals(sub *syntax.Regexp) literalInfo {
	l := literals(sub)
	if l.exact == nil || len(l.exact) >= maxLiterals {
		return literalInfo{}
	}
	return literalInfo{exact: unique(append([]string{""}, l.exact...))}
}

func cross(heads, tails []string) []string {
	out := make([]string, 0, len(heads)*len(tails))
	for _, h := range heads {
		for _, t := range tails {
			out = append(out, h+t)
		}
	}
	return unique(out)
}

// better returns the set whose shortest text is longer: it fires less often.
func better(a, b []string) []string {
	if shortest(b) > shortest(a) {
		return b
	}
	return a
}

func shortest(texts []string) int {
	if len(texts) == 0 {
		return 0
	}
	return len(slices.MinFunc(texts, func(a, b string) int { return len(a) - len(b) }))
}

func unique(texts []string) []string {
	slices.SortFunc(texts, strings.Compare)
	return slices.Compact(texts)
}
