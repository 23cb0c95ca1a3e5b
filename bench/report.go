package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// A table is a title, a line of headings and rows, printed when it ends. The
// first column stands left, the others right.
type table struct{ tab *tabwriter.Writer }

func newTable(out io.Writer, title string, headings ...string) *table {
	fmt.Fprintf(out, "\n%s\n", title)
	t := &table{tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)}
	t.row(headings...)
	return t
}

func (t *table) row(cells ...string) {
	fmt.Fprintf(t.tab, "  %-32s\t", cells[0])
	for _, c := range cells[1:] {
		fmt.Fprintf(t.tab, "%s\t", c)
	}
	fmt.Fprintln(t.tab)
}

func (t *table) end() { t.tab.Flush() }

// verdict prints a promise and whether this run kept it; otherwise is the word
// for not. A broken promise is no failure of the program: machines differ, and
// so do neighbours.
func (b *bench) verdict(kept bool, otherwise, promise string) {
	word := "ok"
	if !kept {
		word = otherwise
	}
	fmt.Fprintf(b.out, "  %-5s %s\n", word, promise)
}

// ratio is the verdict on two medians.
func (b *bench) ratio(promise string, s, reference sample, limit float64) {
	if len(reference) == 0 {
		b.verdict(false, "-", promise+": not measured")
		return
	}
	got := s.over(reference)
	b.verdict(got <= limit, "OVER", fmt.Sprintf("%s: %.2fx, at most %gx", promise, got, limit))
}

// within is the verdict on a time.
func (b *bench) within(promise string, got, limit time.Duration) {
	b.verdict(got < limit, "OVER", fmt.Sprintf("%s: %s, less than %s", promise, ms(got), ms(limit)))
}

func (b *bench) skip(what string, why error) {
	fmt.Fprintf(b.out, "SKIPPED %s: %v\n", what, why)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }

// times is a ratio, or a dash for one that was not measured.
func times(r float64) string {
	if r == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fx", r)
}
