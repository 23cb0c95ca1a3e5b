package shell

import "strings"

// A value is what is known of a word, a variable, a file or an output.
type value struct {
	text  string // the constant; where it is not one, its source
	known bool   // text is the constant
	base  bool   // not known as a whole, but what follows the last slash is
	glob  bool   // holds unquoted * ? or [
	blank bool   // not known, and was quoted for its blanks
	name  int    // of an assignment: the length of NAME=
	odd   oddity
	taint taint // where bytes came from that stand where a command begins
	rare  *rare
}

// rare is the part of a value that few values have.
type rare struct {
	path    []string // the decoders it went through, first one first
	program string   // text with placeholders for what is not known, to be read as a program
	file    *value   // what a <(...) word gives to whoever opens it
	list    []value  // the elements of an array
}

// A taint says where bytes came from.
type taint uint8

const (
	fromNet     taint = 1 << iota // fetched by the line itself
	fromDecoder                   // what a decoder gave
)

// An oddity is a way of writing that no person chooses.
type oddity uint8

const (
	oddWord    oddity = 1 << iota // wherever the word stands
	oddProgram                    // if the word is a program's name
)

func constant(text string) value { return value{text: text, known: true} }

func (v value) path() []string {
	if v.rare == nil {
		return nil
	}
	return v.rare.path
}

// program is the text to parse when the value is run.
func (v value) program() string {
	if v.rare != nil && v.rare.program != "" {
		return v.rare.program
	}
	return v.text
}

// through marks a value as having gone through a decoder.
func (v value) through(step string) value {
	r := rare{}
	if v.rare != nil {
		r = *v.rare
	}
	r.path = appendPath(r.path, step)
	v.rare = &r
	v.taint |= fromDecoder
	return v
}

// appendPath never shares the longer path with another.
func appendPath(path []string, steps ...string) []string {
	return append(path[:len(path):len(path)], steps...)
}

// join is the text of one value followed by that of another.
func (v value) join(next value) value { return joinValues([]value{v, next}, "") }

// joinValues joins texts. The result is not known if one of them is not, or if
// it is too long to keep.
func joinValues(vals []value, sep string) value {
	out := mixed(vals)
	n, known := 0, true
	var path []string
	for _, v := range vals {
		known = known && v.known
		n += len(v.text) + len(sep)
		if p := v.path(); len(path) < 2*MaxLayers {
			path = append(path, p...)
		}
	}
	if path != nil {
		out.rare = &rare{path: path}
	}
	if !known || n > MaxText {
		return out
	}
	texts := make([]string, len(vals))
	for i, v := range vals {
		texts[i] = v.text
	}
	out.text, out.known = strings.Join(texts, sep), true
	return out
}

// mixed is a value of which only the origins are known: those of all the given.
func mixed(vals []value) value {
	var v value
	for _, o := range vals {
		v.taint |= o.taint
	}
	return v
}

// stdio is where a command reads from and whether anybody reads its output.
type stdio struct {
	in    value
	from  int  // index of the command piped in, or -1
	piped bool // stdin is not simply the one the whole line was given
	want  bool // the output is worth computing
}

// An output is what a statement writes to its stdout.
type output struct {
	value
	last int // index of the last command that writes there, or -1
}

func silent() output { return output{value: constant(""), last: -1} }

// then is the output of one statement and of the one after it.
func (o output) then(next output) output {
	if next.last < 0 {
		next.last = o.last
	}
	if o.known && o.text == "" && o.taint == 0 {
		return next
	}
	return output{value: o.join(next.value), last: next.last}
}
