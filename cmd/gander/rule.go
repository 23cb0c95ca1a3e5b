package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gander/internal/app"
	"gander/internal/safetext"
)

// A ruleCLI is what the commands about rules share.
type ruleCLI struct {
	*cli
	paths []string // --rules
}

func (c *cli) ruleCmd() *cobra.Command {
	r := &ruleCLI{cli: c}
	cmd := &cobra.Command{
		Use:   "rule",
		Short: "List, write, check, test and try detection rules",
		Long: `Rules are Sigma. Beside those gander comes with there are your own, all *.yml
below the directory rules beside the configuration file, and those below what
--rules names, such as a clone of SigmaHQ. See docs/rules.md.`,
		Args: usageArgs(cobra.NoArgs),
	}
	cmd.PersistentFlags().StringSliceVar(&r.paths, "rules", nil, "further files and directories of rules; may be repeated")
	cmd.AddCommand(r.listCmd(), r.showCmd(), r.newCmd(), r.lintCmd(), r.testCmd(), r.backtestCmd(), r.diffCmd(), r.switchCmd("enable"), r.switchCmd("disable"))
	return cmd
}

func (r *ruleCLI) listCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all rules", Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			list, err := app.ListRules(r.dirs.Rules(r.paths...))
			if err != nil {
				return err
			}
			if r.json {
				return encodeAll(list)
			}
			return r.printList(list)
		},
	}
}

// printList leaves out what reads other log sources, but for their number.
func (r *ruleCLI) printList(list []app.RuleInfo) error {
	tab := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "ID\tLEVEL\tSTATE\tTITLE\tFILE")
	foreign := 0
	for _, i := range list {
		if i.State == "foreign" {
			foreign++
			continue
		}
		level := i.Level
		if i.Overridden && i.State != "off" {
			level += "*"
		}
		if i.Kind == "filter" {
			level = "filter"
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\n", safetext.Line(i.ID), level, i.State, safetext.Line(i.Title), safetext.Line(filepath.Base(i.File)))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	if foreign > 0 {
		r.say("%d further rules read log sources that are not for agents.", foreign)
	}
	return nil
}

func encodeAll[T any](list []T) error {
	enc := json.NewEncoder(os.Stdout)
	for _, v := range list {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func (r *ruleCLI) showCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one rule", Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := app.ListRules(r.dirs.Rules(r.paths...))
			if err != nil {
				return err
			}
			i, err := app.FindRule(list, args[0])
			if err != nil {
				return err
			}
			if r.json {
				return json.NewEncoder(os.Stdout).Encode(i)
			}
			show(i)
			return nil
		},
	}
}

// show prints what there is of a rule, each on a line.
func show(i app.RuleInfo) {
	level := i.Level
	if i.Overridden {
		level += " (yours, in overrides.yml)"
	}
	for _, line := range [][2]string{
		{"title", i.Title},
		{"id", i.ID},
		{"name", i.Name},
		{"kind", i.Kind},
		{"level", level},
		{"state", i.State},
		{"file", i.File + ":" + strconv.Itoa(i.Line)},
		{"log source", strings.TrimSpace(strings.Join([]string{i.Logsource.Product, i.Logsource.Category, i.Logsource.Service}, " "))},
		{"finds", i.Description},
		{"why", i.Why},
		{"advice", i.Advice},
		{"rules", strings.Join(i.Correlates, ", ")},
		{"fields", strings.Join(i.Fields, ", ")},
		{"tags", strings.Join(i.Tags, ", ")},
		{"not an attack", strings.Join(i.FalsePositives, "; ")},
		{"cases", fmt.Sprintf("%d must match, %d must not", i.Match, i.Miss)},
	} {
		if line[1] != "" {
			fmt.Printf("%-14s %s\n", line[0], safetext.Line(line[1]))
		}
	}
}

func (r *ruleCLI) newCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "new [TITLE]",
		Short: "Print a rule to begin with",
		Long: `Prints a rule with a new id, to be filled in:

  gander rule new "A deploy key is used" > ~/.config/gander/rules/deploy.yml`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			title := "What the rule finds"
			if len(args) > 0 {
				title = args[0]
			}
			_, err := os.Stdout.WriteString(app.NewRule(title, time.Now()))
			return err
		},
	}
}

func (r *ruleCLI) lintCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Check rules: what does not load, fields no event has, what is missing",
		Long: `Checks the rules of files and directories; without one, your own. Names of other
rules may be those of default rules. Exits 1 when there are errors; warnings are
only told.`,
		RunE: func(_ *cobra.Command, args []string) error {
			rep, err := app.LintRules(r.dirs.Rules(r.paths...), args)
			if err != nil {
				return err
			}
			if r.json {
				err = json.NewEncoder(os.Stdout).Encode(rep)
			} else {
				r.printLint(rep)
			}
			return errors.Join(err, failed(rep.Errors > 0))
		},
	}
}

func (r *ruleCLI) printLint(rep *app.LintReport) {
	for _, p := range rep.Problems {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		if p.File != "" {
			fmt.Printf("%s:%d: ", safetext.Line(p.File), p.Line)
		}
		fmt.Printf("%s: %s\n", kind, safetext.Line(p.Text))
	}
	r.say("%d rules load: %d for agents, %d not for agents. %d errors, %d warnings.", rep.Rules, rep.ForAgents, rep.Rules-rep.ForAgents, rep.Errors, rep.Warnings)
}

// failed ends a command with the exit code of a failure.
func failed(yes bool) error {
	if yes {
		return &quietError{exitFailure}
	}
	return nil
}

func (r *ruleCLI) testCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Run the cases rules carry under gander: match and miss",
		Long: `Runs every rule of files and directories, or without one all rules, over the calls
it says it must match and must not. Exits 1 when one is wrong.`,
		RunE: func(_ *cobra.Command, args []string) error {
			rep, err := app.TestRules(r.dirs.Rules(r.paths...), args)
			if err != nil {
				return err
			}
			if r.json {
				err = json.NewEncoder(os.Stdout).Encode(rep)
			} else {
				r.printTest(rep)
			}
			return errors.Join(err, failed(len(rep.Failures) > 0))
		},
	}
}

func (r *ruleCLI) printTest(rep *app.TestReport) {
	for _, f := range rep.Failures {
		what := "does not match"
		if f.Want == "miss" {
			what = "matches, and must not"
		}
		fmt.Printf("%s:%d: %s %s: %s\n", safetext.Line(f.File), f.Line, safetext.Line(f.Rule), what, safetext.Line(f.Call))
	}
	r.say("%d rules, %d cases, %d failed; %d rules not tested.", rep.Rules, rep.Cases, len(rep.Failures), rep.Untested)
}

// switchCmd is gander rule enable or disable.
func (r *ruleCLI) switchCmd(what string) *cobra.Command {
	short := "Take back what overrides.yml says about a rule"
	if what == "disable" {
		short = "Let a rule raise nothing any more; correlations still count it"
	}
	return &cobra.Command{
		Use: what + " ID", Short: short, Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			i, err := app.SwitchRule(r.dirs.Rules(r.paths...), args[0], what == "enable")
			if err != nil {
				return err
			}
			r.say("%sd %s: %s", strings.ToUpper(what[:1])+what[1:], safetext.Line(i.ID), safetext.Line(i.Title))
			return nil
		},
	}
}
