package shell

import (
	"errors"
	"io"
	"runtime"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxFrames is how many calls the stack may hold while text is still being
// read. The parser needs about ten for one level of nesting, and up to a
// kilobyte of text is read at a time.
const maxFrames = 16 * MaxDepth

var errDeep = errors.New("nested too deep")

// A source gives a parser its text, and stops once the parser has recursed too
// deep. Counting brackets beforehand cannot do that: what nests depends on
// quotes and here-documents, which only the parser gets right.
type source struct {
	text string
	off  int
}

func (s *source) Read(p []byte) (int, error) {
	if s.off == len(s.text) {
		return 0, io.EOF
	}
	var pc [1]uintptr
	if s.off > 0 && runtime.Callers(maxFrames, pc[:]) > 0 {
		return 0, errDeep
	}
	n := copy(p, s.text[s.off:])
	s.off += n
	return n, nil
}

// The dialects that are tried on a text, in this order.
const (
	bash   = iota
	zsh    // the login shell on macOS
	mended // bash, with missing closers made up
	dialects
)

var dialectOptions = [dialects][]syntax.ParserOption{
	bash:   {syntax.Variant(syntax.LangBash)},
	zsh:    {syntax.Variant(syntax.LangZsh)},
	mended: {syntax.Variant(syntax.LangBash), syntax.RecoverErrors(8)},
}

// parse gives the statements of a text. From rest on the text could not be
// parsed; it is len(text) when all is well.
func (w *walker) parse(text string) (stmts []*syntax.Stmt, rest int) {
	stmts, err := w.parseAs(bash, text)
	if err == nil {
		return stmts, len(text)
	}
	if errors.Is(err, errDeep) {
		w.facts.add(TooDeep)
		return nil, 0
	}
	if all, ok := w.repaired(text, err); ok {
		return all, len(text)
	}
	// A shell runs line by line: what stands before the error is run.
	return whole(stmts, err)
}

// repaired parses what bash does not take: as zsh, or with what is missing made
// up, which is no longer what would run.
func (w *walker) repaired(text string, err error) ([]*syntax.Stmt, bool) {
	if !syntax.IsIncomplete(err) {
		if all, err := w.parseAs(zsh, text); err == nil {
			return all, true
		}
	}
	if !w.scope.partial {
		w.facts.add(Unparsable)
	}
	if strings.Count(text, "'")%2 == 1 { // the parser would make up an empty string
		if all, err := w.parseAs(bash, text+"'"); err == nil {
			return all, true
		}
	}
	all, err := w.parseAs(mended, text)
	return all, err == nil
}

func (w *walker) parseAs(dialect int, text string) (stmts []*syntax.Stmt, err error) {
	if w.parsers[dialect] == nil {
		w.parsers[dialect] = syntax.NewParser(dialectOptions[dialect]...)
	}
	defer func() {
		if recover() != nil {
			w.parsers[dialect] = nil
			stmts, err = nil, errors.New("the parser panicked")
		}
	}()
	w.source = source{text: text}
	f, err := w.parsers[dialect].Parse(&w.source, "")
	if f == nil {
		return nil, err
	}
	return f.Stmts, err
}

// whole drops the statements the parser had not finished when it met err.
func whole(stmts []*syntax.Stmt, err error) ([]*syntax.Stmt, int) {
	var perr syntax.ParseError
	if !errors.As(err, &perr) {
		return nil, 0
	}
	rest := 0
	for i, s := range stmts {
		end := int(s.End().Offset())
		if end > int(perr.Pos.Offset()) || end <= rest {
			return stmts[:i], rest
		}
		rest = end
	}
	return stmts, rest
}
