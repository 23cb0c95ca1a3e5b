package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gander/internal/app"
	"gander/internal/ui/text"
)

// cli is what the global flags and the environment say. Nothing below cmd
// reads either.
type cli struct {
	dirs    app.Dirs
	state   string
	config  string
	color   string
	json    bool
	quiet   bool
	verbose bool
}

func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   "gander",
		Short: "A flight recorder and alarm for AI coding agents",
		Long: `gander records every tool call of a coding agent before it runs, reads the
record from outside the agent, and raises the alarm while it still matters.

  gander up        install what is missing, show one alarm, and watch
  gander status    one glance: is it recording, is it watching, what is wrong`,
		Version:           version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		Args:              usageArgs(cobra.NoArgs),
		PersistentPreRunE: func(*cobra.Command, []string) error { return c.resolve() },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&c.state, "state", "", "directory of journal, alerts and backups (default $XDG_STATE_HOME/gander)")
	f.StringVar(&c.config, "config", "", "configuration file (default $XDG_CONFIG_HOME/gander/config.toml)")
	f.StringVar(&c.color, "color", "auto", "colour: auto, always or never")
	f.BoolVar(&c.json, "json", false, "print JSON instead of text")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "print only what was asked for")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "tell more on standard error")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())}
	})
	root.AddCommand(c.upCmd(), c.statusCmd(), c.installCmd(), c.uninstallCmd(), c.watchCmd(), c.scanCmd(), c.drillCmd(), c.alertsCmd(), c.verifyCmd(), c.journalCmd(), c.ruleCmd(), c.versionCmd())
	return root
}

// usageArgs makes a command's complaint about its arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())}
		}
		return nil
	}
}

// resolve turns flags and environment into places.
func (c *cli) resolve() error {
	if c.color != "auto" && c.color != "always" && c.color != "never" {
		return &usageError{fmt.Errorf("--color takes auto, always or never, not %q", c.color)}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return fmt.Errorf("find the home directory: %w", err)
	}
	c.dirs = app.Dirs{
		Home:         home,
		State:        filepath.Join(xdg("XDG_STATE_HOME", home, ".local/state"), "gander"),
		Data:         filepath.Join(xdg("XDG_DATA_HOME", home, ".local/share"), "gander"),
		ConfigHome:   os.Getenv("XDG_CONFIG_HOME"),
		ClaudeConfig: os.Getenv("CLAUDE_CONFIG_DIR"),
	}
	c.dirs.Config = filepath.Join(xdg("XDG_CONFIG_HOME", home, ".config"), "gander", "config.toml")
	if c.config != "" {
		c.dirs.Config = c.config
	}
	if c.state != "" {
		c.dirs.State, err = filepath.Abs(c.state)
	}
	return err
}

// xdg is a base directory; the specification says to ignore relative ones.
func xdg(name, home, def string) string {
	if v := os.Getenv(name); filepath.IsAbs(v) {
		return v
	}
	return filepath.Join(home, filepath.FromSlash(def))
}

// printer draws on standard output, in colour where that is wanted and can be.
func (c *cli) printer() text.Printer {
	p := text.Printer{Out: os.Stdout, Home: c.dirs.Home}
	tty := isTerminal()
	if tty {
		p.Width, _, _ = term.GetSize(int(os.Stdout.Fd())) // 0 where it is not known
	}
	p.Color = c.color == "always" || c.color == "auto" && tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return p
}

func isTerminal() bool { return term.IsTerminal(int(os.Stdout.Fd())) }

func (c *cli) log() *slog.Logger {
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// say prints for a person; --quiet silences it.
func (c *cli) say(format string, args ...any) {
	if !c.quiet && !c.json {
		fmt.Printf(format+"\n", args...)
	}
}
