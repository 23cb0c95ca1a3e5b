// Package text draws for a terminal, line by line.
//
// Everything it prints of an event was chosen by an agent, or by whoever talks
// to it: all of it passes through package safetext.
package text

import (
	"fmt"
	"io"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/safetext"
)

// A Printer draws on one terminal. The zero value draws without colour.
type Printer struct {
	Out   io.Writer
	Color bool
	Home  string // shortened to ~ in paths
	Width int    // columns; 0 means 100
}

var levelColor = map[alert.Level]string{
	alert.Critical: "\x1b[1;97;41m",
	alert.High:     "\x1b[1;31m",
	alert.Medium:   "\x1b[33m",
	alert.Low:      "\x1b[36m",
}

// Alert draws one alert as a short block.
func (p Printer) Alert(a alert.Alert, drill bool) {
	head := fmt.Sprintf("%-8s", strings.ToUpper(a.Level.String()))
	title := safetext.Line(a.Title)
	if drill {
		title += " (drill)"
	}
	p.printf("%s  %s %s  %s\n", a.Time.Local().Format(time.TimeOnly), p.paint(levelColor[a.Level], head), p.paint("\x1b[1m", title), p.paint("\x1b[2m", a.ID))
	if where := p.where(a); where != "" {
		p.printf("          %s\n", where)
	}
	p.subject(a)
	p.lines("why", a.Why, 4)
	p.lines("do", a.Advice, 4)
	p.printf("\n")
}

// where says in which session it happened.
func (p Printer) where(a alert.Alert) string {
	var parts []string
	if a.Agent != "" {
		parts = append(parts, a.Agent)
	}
	if a.Session != "" {
		s := "session " + a.Session[:min(len(a.Session), 8)]
		if a.Subagent != "" {
			s += " > subagent " + a.Subagent[:min(len(a.Subagent), 8)]
		}
		parts = append(parts, s)
	}
	if a.CWD != "" {
		parts = append(parts, p.path(a.CWD))
	}
	return safetext.Clip(strings.Join(parts, " · "), p.width()-10)
}

func (p Printer) path(s string) string {
	if p.Home != "" && (s == p.Home || strings.HasPrefix(s, p.Home+"/")) {
		return "~" + s[len(p.Home):]
	}
	return s
}

// subject shows what was done and, below it, which part of it fired.
func (p Printer) subject(a alert.Alert) {
	if a.Subject != "" {
		p.lines(strings.ToLower(a.Tool), a.Subject, 3)
	}
	for _, m := range a.Matches {
		if m.Value == "" || m.Value == a.Subject && m.End == 0 {
			continue
		}
		if m.End > m.Start && m.End <= len(m.Value) {
			p.line("matched", m.Field+" has "+m.Value[m.Start:m.End])
		} else {
			p.line("matched", m.Field+" is "+m.Value)
		}
	}
}

// line draws a labelled line, cut to the terminal's width.
func (p Printer) line(label, s string) { p.lines(label, s, 1) }

// lines draws s behind a label, broken between words into at most n lines.
func (p Printer) lines(label, s string, n int) {
	if s == "" {
		return
	}
	label = safetext.Clip(label, 8)
	for _, part := range safetext.Wrap(s, p.width()-10, n) {
		p.printf("%s  %s\n", p.paint("\x1b[2m", fmt.Sprintf("%8s", label)), part)
		label = ""
	}
}

func (p Printer) paint(sgr, s string) string {
	if !p.Color || sgr == "" {
		return s
	}
	return sgr + s + "\x1b[0m"
}

func (p Printer) width() int {
	if p.Width < 40 {
		return 100
	}
	return p.Width
}

// printf ignores errors: a closed terminal is nobody to tell.
func (p Printer) printf(format string, args ...any) { fmt.Fprintf(p.Out, format, args...) }
