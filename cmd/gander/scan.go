package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gander/internal/alert"
	"gander/internal/app"
	"gander/internal/config"
)

func (c *cli) scanCmd() *cobra.Command {
	var minLevel, failOn string
	cmd := &cobra.Command{
		Use:   "scan FILE... | -",
		Short: "Run the detectors over files: hook payloads, journals, transcripts",
		Long: `Runs the detectors over files instead of the live journal. Each line is one JSON
object: a hook's payload, a journal's record, or a line of a Claude Code
transcript; a file may mix them. "-" reads standard input.

With --json, prints one alert a line. With --fail-on LEVEL, exits 3 when an
alert of that level or above came out.`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return c.scan(args, minLevel, failOn) },
	}
	cmd.Flags().StringVar(&minLevel, "min-level", "medium", "lowest level to print: informational, low, medium, high or critical")
	cmd.Flags().StringVar(&failOn, "fail-on", "", "exit 3 when an alert of this level or above came out")
	return cmd
}

func (c *cli) scan(files []string, minLevel, failOn string) error {
	low, err := alert.ParseLevel(minLevel)
	if err != nil {
		return &usageError{fmt.Errorf("--min-level: %w", err)}
	}
	var limit alert.Level
	if failOn != "" {
		if limit, err = alert.ParseLevel(failOn); err != nil {
			return &usageError{fmt.Errorf("--fail-on: %w", err)}
		}
	}
	conf, err := config.Load(c.dirs.Config)
	if err != nil {
		return err
	}
	d, live, err := app.Detectors(c.dirs, conf.Rules.Paths...)
	if err != nil {
		return err
	}
	if err := live.Fault(); err != nil {
		return fmt.Errorf("read your rules: %w (see gander rule lint)", err)
	}
	s := &app.Scanner{Detector: d, Min: low, Emit: c.emit()}
	for _, name := range files {
		if err := s.ScanFile(name, os.Stdin); err != nil {
			return err
		}
	}
	c.summary(s)
	if failOn != "" && s.Seen(limit) {
		return &quietError{exitFindings}
	}
	return nil
}

func (c *cli) emit() func(alert.Alert) error {
	if c.json {
		enc := json.NewEncoder(os.Stdout)
		return func(a alert.Alert) error { return enc.Encode(a) }
	}
	p := c.printer()
	return func(a alert.Alert) error {
		p.Alert(a, false)
		return nil
	}
}

func (c *cli) summary(s *app.Scanner) {
	c.say("%d lines read, %d events, %d alerts.", s.Lines, s.Events, s.Alerts)
	if s.Damaged > 0 {
		fmt.Fprintf(os.Stderr, "gander: %d places of compressed files are damaged and were passed over\n", s.Damaged)
	}
	if s.Unknown > 0 {
		fmt.Fprintf(os.Stderr, "gander: %d lines are neither a hook payload, a record nor a transcript line\n", s.Unknown)
	}
}
