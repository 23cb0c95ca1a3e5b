package record

// validJSON reports what json.Valid reports, some four times as fast on the
// long strings that make large payloads: validating is most of what the hook
// does on a 2 MB file, while the agent waits. The fuzz test holds the two
// against each other.
func validJSON(p []byte) bool {
	s := scanner{p: p}
	for next := (*scanner).value; next != nil; {
		s.blanks()
		next = next(&s)
	}
	s.blanks()
	return s.done && s.i == len(p)
}

// maxDepth is how deep encoding/json follows; deeper text is not valid to it.
const maxDepth = 10000

// A scanner walks over JSON text. Its steps return the step that comes next,
// or nil at the end, good or bad.
type scanner struct {
	p    []byte
	i    int
	open []bool // one for each open bracket: true for an object's
	done bool   // the outermost value is complete
}

type step func(*scanner) step

// peek is the next byte, or 0 at the end: no step accepts it.
func (s *scanner) peek() byte {
	if s.i < len(s.p) {
		return s.p[s.i]
	}
	return 0
}

func (s *scanner) blanks() {
	for s.i < len(s.p) && (s.p[s.i] == ' ' || s.p[s.i] == '\t' || s.p[s.i] == '\n' || s.p[s.i] == '\r') {
		s.i++
	}
}

func (s *scanner) value() step {
	switch c := s.peek(); c {
	case '{':
		return s.push(true, (*scanner).firstName)
	case '[':
		return s.push(false, (*scanner).firstElement)
	case '"':
		return s.after(s.text())
	case 't':
		return s.after(s.word("true"))
	case 'f':
		return s.after(s.word("false"))
	case 'n':
		return s.after(s.word("null"))
	}
	return s.after(s.number())
}

func (s *scanner) push(object bool, next step) step {
	if len(s.open) == maxDepth {
		return nil
	}
	s.open = append(s.open, object)
	s.i++
	return next
}

// pop takes the closing bracket.
func (s *scanner) pop() step {
	s.i++
	s.open = s.open[:len(s.open)-1]
	return s.after(true)
}

// after is what comes behind a value, if it was one.
func (s *scanner) after(ok bool) step {
	switch {
	case !ok:
		return nil
	case len(s.open) == 0:
		s.done = true
		return nil
	}
	return (*scanner).commaOrEnd
}

func (s *scanner) commaOrEnd() step {
	object := s.open[len(s.open)-1]
	switch c := s.peek(); {
	case c == ',' && object:
		s.i++
		return (*scanner).name
	case c == ',':
		s.i++
		return (*scanner).value
	case c == '}' && object, c == ']' && !object:
		return s.pop()
	}
	return nil
}

func (s *scanner) firstName() step {
	if s.peek() == '}' {
		return s.pop()
	}
	return s.name()
}

func (s *scanner) firstElement() step {
	if s.peek() == ']' {
		return s.pop()
	}
	return s.value()
}

func (s *scanner) name() step {
	if s.peek() != '"' || !s.text() {
		return nil
	}
	return (*scanner).colon
}

func (s *scanner) colon() step {
	if s.peek() != ':' {
		return nil
	}
	s.i++
	return (*scanner).value
}

func (s *scanner) word(w string) bool {
	if len(s.p)-s.i < len(w) || string(s.p[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// text takes a string from its opening quote to its closing one.
func (s *scanner) text() bool {
	p, i := s.p, s.i+1
	for i < len(p) {
		switch c := p[i]; {
		case ordinary[c]:
			i++
		case c == '"':
			s.i = i + 1
			return true
		case c == '\\':
			n := escapeLen(p[i+1:])
			if n == 0 {
				return false
			}
			i += 1 + n
		default:
			return false
		}
	}
	return false
}

// ordinary bytes may stand in a string as they are.
var ordinary = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

// escapeLen is the length of the escape behind a backslash, 0 if it is none.
func escapeLen(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	switch p[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(p) >= 5 && isHex(p[1]) && isHex(p[2]) && isHex(p[3]) && isHex(p[4]) {
			return 5
		}
	}
	return 0
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number takes -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.i++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		return s.digits()
	}
	return true
}

// digits takes at least one.
func (s *scanner) digits() bool {
	from := s.i
	for isDigit(s.peek()) {
		s.i++
	}
	return s.i > from
}
