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

// program is the text to parse when the value is run. Of a value that is not
// known it is what is known of it.
func (v value) program() string {
	if v.rare != nil && v.rare.program != "" {
		return v.rare.program
	}
	return v.text
}

// edit changes the text, or the program of a value that is not known.
func (v value) edit(change func(string) string) value {
	if v.known {
		v.text = change(v.text)
		return v
	}
	r := v.extra()
	r.program = change(v.program())
	v.rare = &r
	return v
}

// extra is a copy of the rare part.
func (v value) extra() rare {
	if v.rare == nil {
		return rare{}
	}
	return *v.rare
}

// through marks a value as having gone through a decoder.
func (v value) through(step string) value {
	r := v.extra()
	r.path = appendPath(r.path, step)
	v.rare = &r
	v.taint |= fromDecoder
	return v
}

// appendPath never shares the longer path with another.
func appendPath(path []string, steps ...string) []string {
	return append(path[:len(path):len(path)], steps...)
}

// joinValues joins texts. The result is not known if one of them is not; then
// it is still a program of what is known.
func (w *walker) joinValues(sep string, vals ...value) value {
	out := mixed(vals)
	out.known = true
	n := 0
	texts := make([]string, len(vals))
	var path []string
	for i, v := range vals {
		out.known = out.known && v.known
		texts[i] = v.program()
		n += len(texts[i]) + len(sep)
		if p := v.path(); len(path) < 2*MaxLayers {
			path = append(path, p...)
		}
	}
	if path != nil {
		out.rare = &rare{path: path}
	}
	if !w.keeps(n) {
		out.known = false
		return out
	}
	return out.edit(func(string) string { return strings.Join(texts, sep) })
}

// keeps reports whether a computed text of n bytes is kept, and tells when not.
func (w *walker) keeps(n int) bool {
	if n > MaxText {
		w.facts.add(LayersTruncated)
		return false
	}
	return true
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
func (w *walker) then(first, next output) output {
	if next.last < 0 {
		next.last = first.last
	}
	if first.known && first.text == "" && first.taint == 0 {
		return next
	}
	return output{value: w.joinValues("", first.value, next.value), last: next.last}
}
