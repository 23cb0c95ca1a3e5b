package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gander/internal/app"
	"gander/internal/safetext"
)

func (r *ruleCLI) backtestCmd() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "backtest [PATH] [FILE... | -]",
		Short: "Say what rules would have found in what was recorded",
		Long: `Runs rules over the journal, or over files of hook payloads, journal records and
transcript lines, and prints how many calls each matched. PATH, a directory or a
*.yml file, names the rules; without one all rules are taken.

"no data" means that no call held what the rule reads: that no match came of it
says nothing about the rule.`,
		RunE: func(_ *cobra.Command, args []string) error { return r.backtest(args, since) },
	}
	cmd.Flags().StringVar(&since, "since", "", "leave older calls out: 12h, 7d, or a date like 2026-11-22")
	return cmd
}

func (r *ruleCLI) backtest(args []string, since string) error {
	var paths []string
	if len(args) > 0 && isRules(args[0]) {
		paths, args = args[:1], args[1:]
	}
	data, err := r.data(args, since)
	if err != nil {
		return err
	}
	rep, err := app.Backtest(r.dirs.Rules(r.paths...), paths, data)
	if err != nil {
		return err
	}
	if r.json {
		return json.NewEncoder(os.Stdout).Encode(rep)
	}
	return r.printBacktest(rep)
}

// isRules reports whether an argument names rules rather than data.
func isRules(path string) bool {
	switch filepath.Ext(path) {
	case ".yml", ".yaml":
		return true
	}
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func (r *ruleCLI) data(files []string, since string) (app.Data, error) {
	d := app.Data{Files: files, Journal: r.dirs.Journal(), Stdin: os.Stdin}
	if since == "" {
		return d, nil
	}
	var err error
	if d.Since, err = parseSince(since, time.Now()); err != nil {
		return d, &usageError{err}
	}
	return d, nil
}

// parseSince reads a date, a time, or how long ago.
func parseSince(s string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	days := 0
	if n, err := fmt.Sscanf(s, "%dd", &days); n == 1 && err == nil && s == fmt.Sprintf("%dd", days) {
		return now.AddDate(0, 0, -days), nil
	}
	ago, err := time.ParseDuration(s)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since %s: write 12h, 7d, or a date like 2026-11-22", s)
	}
	return now.Add(-ago), nil
}

func (r *ruleCLI) printBacktest(rep *app.BacktestReport) error {
	tab := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "MATCHES\tLEVEL\tRULE")
	for _, res := range rep.Rules {
		matches := fmt.Sprint(res.Matches)
		if res.NoData {
			matches = "no data"
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\n", matches, res.Level, safetext.Line(res.Title))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	r.read(rep.Reading)
	if rep.Foreign > 0 {
		r.say("%d rules are not for agents and were left out.", rep.Foreign)
	}
	return nil
}

func (r *ruleCLI) diffCmd() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "diff OLD NEW [FILE... | -]",
		Short: "Compare what two versions of rules find",
		Long: `Runs two versions of a file or directory of rules over the journal, or over files
as backtest does, and prints the calls only one of them matches: "+" those the
new one gains, "-" those it loses.`,
		Args: usageArgs(cobra.MinimumNArgs(2)),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := r.data(args[2:], since)
			if err != nil {
				return err
			}
			return r.diff(args[0], args[1], data)
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "leave older calls out: 12h, 7d, or a date like 2026-11-22")
	return cmd
}

func (r *ruleCLI) diff(before, after string, data app.Data) error {
	enc := json.NewEncoder(os.Stdout)
	gained, lost := 0, 0
	reading, err := app.DiffRules(before, after, data, func(c app.Change) error {
		sign := "-"
		if c.Gained {
			gained++
			sign = "+"
		} else {
			lost++
		}
		if r.json {
			return enc.Encode(c)
		}
		_, err := fmt.Printf("%s %s  %s  %s\n", sign, safetext.Line(c.Alert.Rule.Title), place(c), safetext.Line(strings.TrimSpace(c.Alert.Subject)))
		return err
	})
	if err != nil {
		return err
	}
	r.read(reading)
	r.say("%d gained, %d lost.", gained, lost)
	return nil
}

// read says how much data there was, and what of it could not be used.
func (r *ruleCLI) read(n app.Reading) {
	r.say("%d events.", n.Events)
	if n.Unknown > 0 {
		fmt.Fprintf(os.Stderr, "gander: %d lines are neither a hook payload, a record nor a transcript line\n", n.Unknown)
	}
}

// place says where the call of a change is recorded.
func place(c app.Change) string {
	e := c.Alert.Events[len(c.Alert.Events)-1]
	return fmt.Sprintf("%s:%d", safetext.Line(e.File), e.Line)
}
