package claudecode

import (
	"bytes"
	"strings"

	"github.com/tailscale/hujson"
)

// The functions here add and remove elements of JSON objects and arrays so that
// all bytes around them stay: what removeElement leaves behind is what was there
// before the element was appended. White space and comments between elements
// are hujson's "extra".

// A list is an object or an array.
type list interface {
	len() int
	before(i int) *hujson.Extra // extra before element i
	after(i int) *hujson.Extra  // extra between element i and its comma; nil after the last if there is no comma
	end() *hujson.Extra         // extra before the closing bracket
	cut(i int)
}

type objectList struct{ *hujson.Object }

func (l objectList) len() int                   { return len(l.Members) }
func (l objectList) before(i int) *hujson.Extra { return &l.Members[i].Name.BeforeExtra }
func (l objectList) after(i int) *hujson.Extra  { return &l.Members[i].Value.AfterExtra }
func (l objectList) end() *hujson.Extra         { return &l.AfterExtra }
func (l objectList) cut(i int)                  { l.Members = append(l.Members[:i], l.Members[i+1:]...) }

type arrayList struct{ *hujson.Array }

func (l arrayList) len() int                   { return len(l.Elements) }
func (l arrayList) before(i int) *hujson.Extra { return &l.Elements[i].BeforeExtra }
func (l arrayList) after(i int) *hujson.Extra  { return &l.Elements[i].AfterExtra }
func (l arrayList) end() *hujson.Extra         { return &l.AfterExtra }
func (l arrayList) cut(i int)                  { l.Elements = append(l.Elements[:i], l.Elements[i+1:]...) }

// A layout is how the elements of one list are set.
type layout struct {
	newline string // "\n" or "\r\n"
	unit    string // one step of indentation
	outer   string // indentation of the closing bracket
	indent  string // indentation of the elements
	inline  bool   // all on one line
}

// rootLayout takes newline and unit from the file.
func rootLayout(root *hujson.Object, file []byte) layout {
	l := layout{newline: "\n", unit: "  "}
	if i := bytes.IndexByte(file, '\n'); i > 0 && file[i-1] == '\r' {
		l.newline = "\r\n"
	}
	for _, m := range root.Members {
		if indent, ok := indentOf(m.Name.BeforeExtra); ok {
			l.unit = indent
			break
		}
	}
	top := l
	top.indent, top.inline = "", false
	return top.within(objectList{root})
}

// within returns the layout of a list that is an element of a list of layout l:
// that of its last element, if there is one.
func (l layout) within(inner list) layout {
	in := l
	in.outer, in.indent = l.indent, l.indent+l.unit
	if n := inner.len(); n > 0 {
		return in.at(*inner.before(n - 1))
	}
	return in
}

// at returns the layout of an element that stands after the given extra.
func (l layout) at(before hujson.Extra) layout {
	indent, ok := indentOf(before)
	l.inline = !ok
	if ok {
		l.indent = indent
	}
	return l
}

// indentOf returns the blanks after the last newline; ok is false where there
// is no newline.
func indentOf(e hujson.Extra) (indent string, ok bool) {
	i := bytes.LastIndexByte(e, '\n')
	rest := string(e[i+1:])
	return rest[:len(rest)-len(strings.TrimLeft(rest, " \t"))], i >= 0
}

// appendMember adds a member to o and returns it.
func appendMember(o *hujson.Object, l layout, name string, v hujson.ValueTrimmed) *hujson.ObjectMember {
	var m hujson.ObjectMember
	m.Name.BeforeExtra, m.Value.AfterExtra = room(objectList{o}, l)
	m.Name.Value = hujson.String(name)
	if !l.inline {
		m.Value.BeforeExtra = hujson.Extra(" ")
	}
	m.Value.Value = v
	o.Members = append(o.Members, m)
	return &o.Members[len(o.Members)-1]
}

// appendElement adds an element to a.
func appendElement(a *hujson.Array, l layout, v hujson.ValueTrimmed) {
	e := hujson.Value{Value: v}
	e.BeforeExtra, e.AfterExtra = room(arrayList{a}, l)
	a.Elements = append(a.Elements, e)
}

// room makes room at the end of a list and returns the extras of the element
// to come. Comments at the end of the list go before it.
func room(to list, l layout) (before, after hujson.Extra) {
	comments, blank := splitBlank(*to.end())
	before = terminate(comments)
	if !l.inline {
		before = join(comments, hujson.Extra(l.newline+l.indent))
	}
	n := to.len()
	if n == 0 && !l.inline && bytes.IndexByte(blank, '\n') < 0 {
		blank = hujson.Extra(l.newline + l.outer)
	}
	*to.end() = blank
	if n > 0 && *to.after(n - 1) != nil {
		after = hujson.Extra{} // there was a comma after the last element; so will be
	}
	return before, after
}

// removeElement removes element i with the white space before it. Comments
// stay.
func removeElement(from list, i int) {
	comments, _ := splitBlank(*from.before(i))
	hadComma := *from.after(i) != nil
	trailing, _ := splitBlank(*from.after(i))
	kept := join(comments, trailing)
	from.cut(i)
	if i < from.len() {
		*from.before(i) = terminate(join(kept, *from.before(i)))
		return
	}
	if i > 0 {
		last := from.after(i - 1)
		if hadComma && *last == nil {
			*last = hujson.Extra{}
		} else if !hadComma {
			kept = join(*last, kept)
			*last = nil
		}
	}
	*from.end() = terminate(join(kept, *from.end()))
	if from.len() == 0 && isEmpty(from) {
		*from.end() = nil
	}
}

// isEmpty reports whether there is neither an element nor a comment.
func isEmpty(l list) bool {
	comments, _ := splitBlank(*l.end())
	return l.len() == 0 && len(comments) == 0
}

// splitBlank cuts off the white space at the end. What is left is empty or ends
// with a comment; a line comment has lost its newline.
func splitBlank(e hujson.Extra) (comments, blank hujson.Extra) {
	n := len(bytes.TrimRight(e, " \t\r\n"))
	return e[:n:n], e[n:]
}

// join puts b after a, and a newline between them where a's line comment would
// swallow b.
func join(a, b hujson.Extra) hujson.Extra {
	first, _, newline := bytes.Cut(b, []byte("\n"))
	if len(b) > 0 && !(newline && len(bytes.TrimSpace(first)) == 0) {
		a = terminate(a)
	}
	return append(a[:len(a):len(a)], b...)
}

// terminate ends a line comment that would swallow what follows.
func terminate(e hujson.Extra) hujson.Extra {
	if endsInLineComment(e) {
		return append(e[:len(e):len(e)], '\n')
	}
	return e
}

func endsInLineComment(e hujson.Extra) bool {
	for len(e) > 0 {
		end := "*/"
		switch {
		case bytes.HasPrefix(e, []byte("//")):
			end = "\n"
		case !bytes.HasPrefix(e, []byte("/*")):
			e = e[1:]
			continue
		}
		i := bytes.Index(e[2:], []byte(end))
		if i < 0 {
			return true
		}
		e = e[2+i+len(end):]
	}
	return false
}
