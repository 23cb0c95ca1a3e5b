package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"gander/internal/app"
	"gander/internal/ui/text"
)

func (c *cli) statusCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "One glance: is it recording, is it watching, what is wrong",
		Long: `Shows evidence instead of ticks: when the last event came, which process watches
since when, which file the hooks stand in, how many alerts nobody has read, what
is wrong and which command to type next. Exits 6 when the watcher or hooks are
missing.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return c.status() },
	}
}

func (c *cli) status() error {
	s := app.ReadStatus(c.dirs, time.Now())
	if c.json {
		if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
			return err
		}
	} else {
		c.printer().Status(glance(&s))
	}
	if s.Missing() {
		return &quietError{exitMissing}
	}
	return nil
}

// glance picks what a person is shown.
func glance(s *app.Status) text.Glance {
	g := text.Glance{
		Now: s.Time, Journal: s.Journal.Dir, LastEvent: s.Journal.Last, Bytes: s.Journal.Bytes, Sealed: sealed(s),
		Total: s.Alerts.Total, Unread: s.Alerts.Unread, Highest: s.Alerts.Highest, Newest: s.Alerts.Newest,
		Problems: s.Problems, Next: s.Next,
	}
	if s.Watcher.Running {
		g.Watcher = fmt.Sprintf("pid %d, since %s, last sign of life %s ago", s.Watcher.PID, s.Watcher.Since.Local().Format(time.DateTime), text.Ago(s.Time, s.Watcher.Beat))
	}
	for _, h := range s.Hooks {
		if n := len(h.Installed); n > 0 {
			g.Hooks = append(g.Hooks, fmt.Sprintf("%s: %d events in %s", h.Agent, n, h.File))
		}
	}
	return g
}

// sealed says what a person can write down: a person is an anchor too.
func sealed(s *app.Status) string {
	if s.Sealed.K == 0 {
		return ""
	}
	line := fmt.Sprintf("seal %d is %s, made %s ago", s.Sealed.K, s.Sealed.ID, text.Ago(s.Time, s.Sealed.Time))
	for _, a := range s.Sealed.Anchors {
		line += fmt.Sprintf("; %s has %d", a.Name, a.LastK)
	}
	return line
}

func (c *cli) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			v := map[string]any{"schema_version": 1, "version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH}
			if c.json {
				return json.NewEncoder(os.Stdout).Encode(v)
			}
			fmt.Printf("gander %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
