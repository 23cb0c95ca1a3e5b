package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// redirects is where a statement's streams go.
type redirects struct {
	list []Redirect
	file string // stdout goes to this file
	add  bool   // and is appended to it
	away bool   // stdout is not passed on
}

// redirect folds redirections in order, and changes io where stdin is among
// them.
func (w *walker) redirect(list []*syntax.Redirect, rd *redirects, io *stdio) {
	for _, r := range list {
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			v := w.hereDoc(r)
			if stdin(r) {
				*io = stdio{in: v, from: -1, piped: true, want: io.want}
			}
		case syntax.WordHdoc:
			v := w.joinValues("", w.single(r.Word), constant("\n"))
			if stdin(r) {
				*io = stdio{in: v, from: -1, piped: true, want: io.want}
			}
		case syntax.DplIn:
		default:
			w.openFile(r, rd, io)
		}
	}
}

// stdin reports whether an input redirection is for descriptor 0.
func stdin(r *syntax.Redirect) bool { return r.N == nil || r.N.Value == "0" }

// stdout reports whether an output redirection is for descriptor 1.
func stdout(r *syntax.Redirect) bool {
	return r.N == nil || r.N.Value == "1" || r.Op == syntax.RdrAll || r.Op == syntax.AppAll
}

// openFile carries out a redirection that is no here-document.
func (w *walker) openFile(r *syntax.Redirect, rd *redirects, io *stdio) {
	v := w.single(r.Word)
	switch {
	case r.Op == syntax.DplOut && isDescriptor(v.text):
		rd.away = rd.away || stdout(r) && v.text != "1" // >&2
	case r.Op == syntax.RdrIn:
		rd.opens(r, Redirect{Path: v.text})
		if stdin(r) {
			*io = stdio{in: w.contents(v), from: -1, piped: true, want: io.want}
		}
	case r.Op == syntax.RdrInOut:
		rd.opens(r, Redirect{Write: true, Path: v.text})
		if stdin(r) {
			*io = stdio{in: w.contents(v), from: -1, piped: true, want: io.want}
		}
	default:
		add := appends(r.Op)
		rd.opens(r, Redirect{Write: true, Append: add, Path: v.text})
		if stdout(r) && v.text != "/dev/stdout" {
			rd.away, rd.file, rd.add = true, v.text, add
			io.want = true
		}
	}
}

// opens notes a file, which a <(...) is not.
func (rd *redirects) opens(r *syntax.Redirect, file Redirect) {
	if len(r.Word.Parts) > 0 {
		if _, ok := r.Word.Parts[0].(*syntax.ProcSubst); ok {
			return
		}
	}
	rd.list = append(rd.list, file)
}

// isDescriptor reports whether the word of >& is no file.
func isDescriptor(word string) bool {
	return word == "-" || strings.Trim(word, "0123456789") == ""
}

func appends(op syntax.RedirOperator) bool {
	return op == syntax.AppOut || op == syntax.AppAll || op == syntax.AppClob || op == syntax.AppAllClob
}

// deliver hands a statement's output to the files and >(...) it is redirected
// to, and gives what is left for the pipe behind it.
func (w *walker) deliver(out output, rd *redirects, pending int) output {
	if len(w.pending) > pending {
		subs := append([]*syntax.ProcSubst(nil), w.pending[pending:]...)
		w.pending = w.pending[:pending]
		for _, sub := range subs {
			w.subshell(sub.Stmts, stdio{in: out.value, from: out.last, piped: true})
		}
	}
	if rd.file != "" {
		v := out.value
		if rd.add {
			v = w.joinValues("", w.files[fileKey(rd.file)], v)
		}
		w.write(rd.file, v)
	}
	if rd.away {
		out.value = constant("")
	}
	return out
}

// hereDoc is the text of a here-document.
func (w *walker) hereDoc(r *syntax.Redirect) value {
	if r.Hdoc == nil {
		return constant("")
	}
	v := w.document(r.Hdoc, quotedWord(r.Word))
	if r.Op == syntax.DashHdoc && v.known {
		lines := strings.SplitAfter(v.text, "\n")
		for i, l := range lines {
			lines[i] = strings.TrimLeft(l, "\t")
		}
		v.text = strings.Join(lines, "")
	}
	return v
}

// quotedWord reports whether any of a word is quoted, which makes the
// here-document it ends a constant.
func quotedWord(word *syntax.Word) bool {
	for _, p := range word.Parts {
		lit, ok := p.(*syntax.Lit)
		if !ok || strings.Contains(lit.Value, `\`) {
			return true
		}
	}
	return false
}

// fileKey is the name under which a file the line writes is remembered.
func fileKey(path string) string { return strings.TrimPrefix(path, "./") }

// write remembers what the line puts into a file.
func (w *walker) write(path string, v value) {
	if path == "" || path == "/dev/null" {
		return
	}
	if !v.known && v.taint == 0 {
		if _, ok := w.files[fileKey(path)]; !ok {
			return
		}
	}
	if w.files == nil {
		w.files = make(map[string]value)
	}
	w.files[fileKey(path)] = v
}

// contents is what is known of the file a word names.
func (w *walker) contents(v value) value {
	switch {
	case v.rare != nil && v.rare.file != nil:
		return *v.rare.file
	case strings.HasPrefix(v.text, "/dev/tcp/"), strings.HasPrefix(v.text, "/dev/udp/"):
		return value{taint: fromNet}
	}
	return w.files[fileKey(v.text)]
}
