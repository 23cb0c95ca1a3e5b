package sigma

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxConditionDepth = 64   // brackets and nots within one another
	maxConditionNodes = 1000 // selections a rule's conditions name, after "of" is written out
)

// A conditionParser reads the conditions of one rule.
type conditionParser struct {
	names  []string // of the rule's selections
	nodes  int      // selections named so far, in all conditions
	tokens []string // what is left of the condition being read
	depth  int
}

// parse reads one condition.
func (p *conditionParser) parse(src string) (*expr, error) {
	var err error
	if p.tokens, err = conditionTokens(src); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if tok := p.peek(); tok != "" {
		return nil, fmt.Errorf("%q is not expected here: put and, or, or a bracket before it", tok)
	}
	return e, nil
}

// conditionTokens splits a condition into words and brackets.
func conditionTokens(src string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case c == '(' || c == ')':
			tokens = append(tokens, src[i:i+1])
			i++
		case c == '|':
			return nil, errors.New("aggregations behind | are no longer Sigma: write a correlation rule")
		case !isNameByte(c):
			return nil, fmt.Errorf("%q cannot be part of it: use selection names, and, or, not, 1 of, all of and brackets", src[i:i+1])
		default:
			from := i
			for i < len(src) && isNameByte(src[i]) {
				i++
			}
			tokens = append(tokens, src[from:i])
		}
	}
	return tokens, nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("_-.*", c) >= 0 || c >= 0x80
}

// peek returns the next token, or "" at the end.
func (p *conditionParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// accept takes the next token if it is word, in any case.
func (p *conditionParser) accept(word string) bool {
	if !strings.EqualFold(p.peek(), word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *conditionParser) or() (*expr, error)  { return p.list("or", opOr, p.and) }
func (p *conditionParser) and() (*expr, error) { return p.list("and", opAnd, p.not) }

// list reads operands with word between them.
func (p *conditionParser) list(word string, op exprOp, operand func() (*expr, error)) (*expr, error) {
	var kids []*expr
	for {
		e, err := operand()
		if err != nil {
			return nil, err
		}
		if kids = append(kids, e); !p.accept(word) {
			return join(op, kids), nil
		}
	}
}

func (p *conditionParser) not() (*expr, error) {
	if p.depth++; p.depth > maxConditionDepth {
		return nil, fmt.Errorf("more than %d brackets and nots within one another: write it flatter", maxConditionDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("not"):
		e, err := p.not()
		if err != nil {
			return nil, err
		}
		return &expr{op: opNot, kids: []*expr{e}}, nil
	case p.accept("("):
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, errors.New("a closing bracket is missing: add it")
		}
		return e, nil
	}
	return p.operand()
}

// operand reads a selection's name, or several by "1 of" or "all of".
func (p *conditionParser) operand() (*expr, error) {
	word := p.peek()
	switch strings.ToLower(word) {
	case "":
		return nil, errors.New("a selection is missing at the end: add its name")
	case ")", "and", "or", "of", "them":
		return nil, fmt.Errorf("a selection is missing before %q: add its name", word)
	}
	p.tokens = p.tokens[1:]
	if p.accept("of") {
		return p.quantified(word)
	}
	for i, name := range p.names {
		if name == word {
			return p.named(i)
		}
	}
	return nil, fmt.Errorf("there is no selection %q: define it under detection or correct the name", word)
}

func (p *conditionParser) quantified(quantity string) (*expr, error) {
	op := opOr
	switch strings.ToLower(quantity) {
	case "1", "any":
	case "all":
		op = opAnd
	default:
		return nil, fmt.Errorf("%q of is not known: write 1 of or all of", quantity)
	}
	pattern := p.peek()
	if pattern == "" || pattern == "(" || pattern == ")" {
		return nil, errors.New("of needs a selection pattern like selection_*, or them, behind it")
	}
	p.tokens = p.tokens[1:]
	var kids []*expr
	for i, name := range p.names {
		if !selects(pattern, name) {
			continue
		}
		e, err := p.named(i)
		if err != nil {
			return nil, err
		}
		kids = append(kids, e)
	}
	if len(kids) == 0 {
		return nil, fmt.Errorf("no selection is called like %q: define one under detection or correct the name", pattern)
	}
	return join(op, kids), nil
}

func (p *conditionParser) named(i int) (*expr, error) {
	if p.nodes++; p.nodes > maxConditionNodes {
		return nil, fmt.Errorf("the conditions name more than %d selections: write it shorter", maxConditionNodes)
	}
	return &expr{op: opName, sel: i}, nil
}

// selects reports whether pattern, which may hold stars, or them, names the selection.
func selects(pattern, name string) bool {
	if strings.EqualFold(pattern, "them") {
		return !strings.HasPrefix(name, "_")
	}
	segs, at := starPattern(pattern).segments(whole)
	if len(segs) == 0 {
		return true
	}
	_, _, ok := (&glob{segments: segs, anchor: at, cased: true}).find(name)
	return ok
}

func starPattern(s string) pattern {
	var p pattern
	for i, text := range strings.Split(s, "*") {
		if i > 0 {
			p = append(p, piece{wild: '*'})
		}
		if text != "" {
			p = append(p, piece{text: text})
		}
	}
	return p
}
