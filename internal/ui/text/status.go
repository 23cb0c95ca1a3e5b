package text

import (
	"fmt"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/safetext"
)

// A Glance is what [Printer.Status] shows.
type Glance struct {
	Now       time.Time
	Watcher   string   // one line about it, or "" when there is none
	Hooks     []string // one line each
	Journal   string   // its directory
	LastEvent time.Time
	Bytes     int64
	Sealed    string // one line, or "" when nothing is
	Total     int
	Unread    int
	Highest   alert.Level
	Newest    time.Time
	Problems  []string
	Next      string
}

// Status draws one glance in a dozen lines; the last is the command to type.
func (p Printer) Status(g Glance) {
	p.row("watcher", orNone(g.Watcher))
	for _, h := range g.Hooks {
		p.row("hooks", h)
	}
	if len(g.Hooks) == 0 {
		p.row("hooks", orNone(""))
	}
	events := "nothing recorded yet in " + p.path(g.Journal)
	if !g.LastEvent.IsZero() {
		events = fmt.Sprintf("last event %s ago, %s in %s", Ago(g.Now, g.LastEvent), Bytes(g.Bytes), p.path(g.Journal))
	}
	p.row("journal", events)
	if g.Sealed != "" {
		p.row("sealed", g.Sealed)
	}
	p.row("alerts", g.alerts())
	for _, s := range g.Problems {
		p.colorRow(levelColor[alert.High], "wrong", s)
	}
	p.printf("Next: %s\n", g.Next)
}

func (g Glance) alerts() string {
	switch {
	case g.Total == 0:
		return "none"
	case g.Unread == 0:
		return fmt.Sprintf("%d, all read; newest %s ago", g.Total, Ago(g.Now, g.Newest))
	}
	return fmt.Sprintf("%d unread of %d, the highest %s; newest %s ago", g.Unread, g.Total, g.Highest, Ago(g.Now, g.Newest))
}

// row draws a label, padded before it is coloured, and a line.
func (p Printer) row(label, s string) { p.colorRow("", label, s) }

func (p Printer) colorRow(sgr, label, s string) {
	p.printf("%s %s\n", p.paint(sgr, fmt.Sprintf("%-8s", label)), safetext.Line(s))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Ago says how long before now t was, in one unit: "3 s", "5 min", "2 d".
func Ago(now, t time.Time) string {
	d := max(0, now.Sub(t))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// Bytes prints a size in powers of 1024: "17 B", "4.1 MiB".
func Bytes(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}

// Bar draws how much is done, in one line.
func Bar(done, total int64) string {
	const width = 40
	if total <= 0 {
		return ""
	}
	n := int(min(done, total) * width / total)
	return fmt.Sprintf("[%s%s] %3d %% of %s", strings.Repeat("=", n), strings.Repeat(" ", width-n), min(done, total)*100/total, Bytes(total))
}

// Drill draws how long a drill's stages took.
func (p Printer) Drill(recorded, raised time.Duration, a *alert.Alert) {
	p.printf("  hook   had recorded the call and ended after %s\n", round(recorded))
	p.printf("  alarm  was raised after %s: %s (%s)\n", round(raised), safetext.Line(a.Title), a.Level)
	p.printf("  The chain works: hook, journal, watcher, rules, alert.\n")
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
