package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// ErrChanged means that a file is no longer what the plan was made for.
var ErrChanged = errors.New("the file has changed meanwhile; run this again")

// An Edit is one file to be written.
type Edit struct {
	Path   string
	Before []byte // nil: there is no such file
	After  []byte
	Note   string // for a person: why
}

// Changes reports whether the edit would write anything.
func (e Edit) Changes() bool { return e.Before == nil || !bytes.Equal(e.Before, e.After) }

// A Plan is a list of edits, to be shown or to be applied, in order.
type Plan []Edit

// Apply writes the files that change, each with [WriteFile]. It stops at the
// first error; the files before that stay written, and the error says which
// one failed. An edit whose file is no longer as Before says gives [ErrChanged].
func (p Plan) Apply(backupDir string, now time.Time) error {
	for _, e := range p {
		if !e.Changes() {
			continue
		}
		if err := e.unchangedSince(); err != nil {
			return fmt.Errorf("write %s: %w", e.Path, err)
		}
		if err := WriteFile(e.Path, e.After, backupDir, now); err != nil {
			return err
		}
	}
	return nil
}

func (e Edit) unchangedSince() error {
	b, err := os.ReadFile(e.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if e.Before != nil {
			return ErrChanged
		}
		return nil
	case err != nil:
		return err
	case e.Before == nil || !bytes.Equal(b, e.Before):
		return ErrChanged
	}
	return nil
}

// WriteTo shows the plan in the manner of a unified diff, one hunk a file. It
// writes the bytes of the files as they are: make them harmless before they
// reach a terminal.
func (p Plan) WriteTo(w io.Writer) (int64, error) {
	var out bytes.Buffer
	for _, e := range p {
		e.show(&out)
	}
	return out.WriteTo(w)
}

// around is how many equal lines a hunk shows around what differs.
const around = 3

func (e Edit) show(out *bytes.Buffer) {
	if e.Note != "" {
		fmt.Fprintf(out, "# %s\n", e.Note)
	}
	if !e.Changes() {
		fmt.Fprintf(out, "# %s: nothing to do\n", e.Path)
		return
	}
	from := e.Path
	if e.Before == nil {
		from = "/dev/null"
	}
	fmt.Fprintf(out, "--- %s\n+++ %s\n", from, e.Path)
	a, b := lines(e.Before), lines(e.After)
	head := commonHead(a, b)
	tail := commonTail(a[head:], b[head:])
	first := max(0, head-around)
	after := a[len(a)-tail:]
	after = after[:min(around, len(after))]
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(first, len(a)-tail+len(after)), span(first, len(b)-tail+len(after)))
	writeLines(out, ' ', a[first:head])
	writeLines(out, '-', a[head:len(a)-tail])
	writeLines(out, '+', b[head:len(b)-tail])
	writeLines(out, ' ', after)
}

// span writes the lines from first to end, counted from 0, in diff's way:
// "number of the first, count".
func span(first, end int) string {
	n := end - first
	if n > 0 {
		first++
	}
	return fmt.Sprintf("%d,%d", first, n)
}

func writeLines(out *bytes.Buffer, mark byte, list [][]byte) {
	for _, l := range list {
		out.WriteByte(mark)
		out.Write(l)
		if !bytes.HasSuffix(l, []byte("\n")) {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

func lines(b []byte) [][]byte {
	var list [][]byte
	for l := range bytes.Lines(b) {
		list = append(list, l)
	}
	return list
}

func commonHead(a, b [][]byte) int {
	n := 0
	for n < len(a) && n < len(b) && bytes.Equal(a[n], b[n]) {
		n++
	}
	return n
}

func commonTail(a, b [][]byte) int {
	n := 0
	for n < len(a) && n < len(b) && bytes.Equal(a[len(a)-1-n], b[len(b)-1-n]) {
		n++
	}
	return n
}
