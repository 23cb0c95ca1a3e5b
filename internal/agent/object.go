package agent

import (
	"bytes"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// The faults of a piece of JSON. FaultWrongType and FaultMissing are followed
// by the name of the member: "wrong-type:session_id".
const (
	FaultEmpty        = "empty"         // nothing but white space
	FaultNotJSON      = "not-json"      // malformed, cut off, or nested beyond 10,000 levels
	FaultNotObject    = "not-object"    // JSON, but no object
	FaultTrailing     = "trailing-data" // more after the object
	FaultDuplicateKey = "duplicate-key" // at any depth; the last one counts, as in JavaScript
	FaultInvalidUTF8  = "invalid-utf8"  // bytes that are no UTF-8, or half a surrogate pair
	FaultWrongType    = "wrong-type:"
	FaultMissing      = "missing:"
)

// An Object holds chosen members of a JSON object. Keys match exactly, with
// case: encoding/json would take "TOOL_NAME" for "tool_name".
type Object struct {
	names  []string
	values [][]byte
	prefix string // of names in faults: "tool_input."
	faults []string
	broken bool
}

// ReadObject reads from b the members of the given names; an index into names
// then stands for the member. The values are parts of b, not copies. Of
// malformed JSON it reads the members before that place, and perhaps some
// after it.
func ReadObject(b []byte, names []string) Object {
	o := Object{}
	if !jsontext.Value(b).IsValid() {
		o.diagnose(b)
	}
	o.read(b, names)
	if !o.broken && !isObject(b) {
		o.broken = true
		o.AddFaults(FaultNotObject)
	}
	return o
}

func (o *Object) read(b []byte, names []string) {
	o.names, o.values = names, make([][]byte, len(names))
	walkObject(b, func(name, value []byte) {
		if i := index(names, name); i >= 0 {
			o.values[i] = value
		}
	})
}

// index finds a quoted name among names, or gives -1.
func index(names []string, quoted []byte) int {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		s, _ := Text(quoted)
		return slices.Index(names, s)
	}
	name := quoted[1 : len(quoted)-1]
	for i, n := range names {
		if n == string(name) {
			return i
		}
	}
	return -1
}

func isObject(b []byte) bool { return at(b, skipBlank(b, 0), '{') }

// diagnose names the faults of JSON that a strict decoder refuses.
func (o *Object) diagnose(b []byte) {
	sameKeys, anyText := jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)
	first := jsontext.NewDecoder(bytes.NewBuffer(b), sameKeys, anyText)
	_, err := first.ReadValue()
	switch o.broken = err != nil; {
	case skipBlank(b, 0) == len(b):
		o.AddFaults(FaultEmpty)
	case o.broken:
		o.AddFaults(FaultNotJSON)
	case skipBlank(b, int(first.InputOffset())) < len(b):
		o.AddFaults(FaultTrailing)
	}
	if errors.Is(check(b, anyText), jsontext.ErrDuplicateName) {
		o.AddFaults(FaultDuplicateKey)
	}
	if !utf8.Valid(b) || !o.broken && check(b, sameKeys) != nil {
		o.AddFaults(FaultInvalidUTF8)
	}
}

// check returns what is wrong with the first value in b.
func check(b []byte, opts ...jsontext.Options) error {
	_, err := jsontext.NewDecoder(bytes.NewBuffer(b), opts...).ReadValue()
	return err
}

// Object reads members of the object in member i. It is empty where that is
// missing; another type is a fault of o. Faults of the members it holds are its
// own: pass them on with AddFaults where they matter.
func (o *Object) Object(i int, names []string) Object {
	in := Object{prefix: o.prefix + o.names[i] + "."}
	v := o.Value(i)
	in.read(v, names)
	if v != nil && !isObject(v) {
		o.AddFaults(FaultWrongType + o.prefix + o.names[i])
	}
	return in
}

// AddFaults adds to the faults what is not yet among them.
func (o *Object) AddFaults(faults ...string) {
	for _, f := range faults {
		if !slices.Contains(o.faults, f) {
			o.faults = append(o.faults, f)
		}
	}
}

// Faults lists what was wrong, each once, in the order it was met. Asking for
// a member of the wrong type adds to it.
func (o *Object) Faults() []string { return o.faults }

// Broken reports whether there was no whole object: the JSON is malformed,
// breaks off, or is something else.
func (o *Object) Broken() bool { return o.broken }

// Value returns the JSON of member i, or nil where it is missing or null.
func (o *Object) Value(i int) []byte {
	if v := o.values[i]; string(v) != "null" {
		return v
	}
	return nil
}

// String returns the text of member i, or "" where it is missing or null.
// Another type is a fault.
func (o *Object) String(i int) string {
	v := o.Value(i)
	if v == nil {
		return ""
	}
	s, ok := Text(v)
	if !ok {
		o.AddFaults(FaultWrongType + o.prefix + o.names[i])
	}
	return s
}

// Require makes every one of the members that is missing or null a fault.
func (o *Object) Require(members ...int) {
	for _, i := range members {
		if o.Value(i) == nil {
			o.AddFaults(FaultMissing + o.prefix + o.names[i])
		}
	}
}

// Text returns the text of a JSON string; ok is false for anything else. What
// is no UTF-8 becomes U+FFFD.
func Text(v []byte) (s string, ok bool) {
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	if in := v[1 : len(v)-1]; bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) {
		return string(in), true
	}
	// The error only says that something was replaced.
	out, _ := jsontext.AppendUnquote(make([]byte, 0, len(v)), v)
	return string(out), true
}
