package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gander/internal/agent/claudecode"
	"gander/internal/app"
)

func (c *cli) installCmd() *cobra.Command {
	var o app.InstallOptions
	var agents []string
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Put the hooks into the agent's settings and start the watcher at login",
		Long: `Copies the binaries to $XDG_DATA_HOME/gander/bin, adds the hooks to the agent's
settings (everything else in the file stays as it is; a backup is kept), and
sets the watcher up as a service of this user. Running it again changes only
what is not in place. No root is needed.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkAgents(agents); err != nil {
				return err
			}
			if o.OnFailure != "go-on" && o.OnFailure != "block" {
				return &usageError{fmt.Errorf("--on-failure takes go-on or block, not %q", o.OnFailure)}
			}
			if err := c.complete(&o); err != nil {
				return err
			}
			if err := app.Install(cmd.Context(), o); err != nil {
				return err
			}
			if !o.DryRun {
				c.say("Next: gander status")
			}
			return nil
		},
	}
	f := cmd.Flags()
	agentFlag(cmd, &agents)
	f.BoolVar(&o.DryRun, "dry-run", false, "print what would be done and do nothing")
	f.BoolVar(&o.NoService, "no-service", false, "do not set up the watcher as a service")
	f.BoolVar(&o.Lock, "lock", false, "make the hook and the settings file immutable (on Linux this needs root)")
	f.BoolVar(&o.MessageDisplay, "message-display", false, "also record the text the agent shows, which is a lot")
	f.StringVar(&o.OnFailure, "on-failure", "go-on", "when a call cannot be recorded: go-on or block")
	return cmd
}

func (c *cli) uninstallCmd() *cobra.Command {
	var o app.InstallOptions
	var agents []string
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Take the hooks out of the agent's settings and stop the watcher",
		Long: `Takes out what install put in, and nothing else. Records, alerts and backups
stay where they are.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkAgents(agents); err != nil {
				return err
			}
			if err := c.complete(&o); err != nil {
				return err
			}
			return app.Uninstall(cmd.Context(), o)
		},
	}
	agentFlag(cmd, &agents)
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "print what would be done and do nothing")
	cmd.Flags().BoolVar(&o.NoService, "no-service", false, "leave the service alone")
	return cmd
}

func agentFlag(cmd *cobra.Command, agents *[]string) {
	cmd.Flags().StringSliceVar(agents, "agent", []string{claudecode.Name}, "agents to hook")
}

func checkAgents(agents []string) error {
	for _, a := range agents {
		if a != claudecode.Name {
			return &usageError{fmt.Errorf("agent %q is not known; this version knows %s", a, claudecode.Name)}
		}
	}
	return nil
}

// complete fills in what does not come from flags.
func (c *cli) complete(o *app.InstallOptions) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	o.Dirs, o.Out, o.Program = c.dirs, os.Stdout, program
	return nil
}
