package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"gander/internal/alert"
	"gander/internal/app"
	"gander/internal/config"
	"gander/internal/ui/text"
)

func (c *cli) watchCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "watch",
		Short: "Read the journal as it grows and raise alerts, in the foreground",
		Long: `Reads the journal as it grows, prints alerts on standard output and keeps them
in the outbox. Ends on SIGINT or SIGTERM; started again, it goes on where it was
and neither misses an alert nor raises one twice.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.watch(cmd.Context(), nil) },
	}
}

// watch runs a watcher that prints what it raises. ready may be nil.
func (c *cli) watch(ctx context.Context, ready func()) error {
	conf, err := config.Load(c.dirs.Config)
	if err != nil {
		return err
	}
	d, live, err := app.Detectors(c.dirs, conf.Rules.Paths...)
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(watchMemory)
	return app.Watch(ctx, app.WatchOptions{
		Dirs:     c.dirs,
		Config:   conf,
		Secret:   func(ref string) ([]byte, error) { return config.Secret(ref, os.Getenv) },
		Detector: d,
		Rules:    live,
		Log:      c.log(),
		Deliver:  c.deliver(),
		Ready: func() {
			c.say("Watching %s. Alerts appear here; stop with Ctrl-C.\n", c.dirs.Journal())
			if ready != nil {
				ready()
			}
		},
	})
}

// watchMemory makes the collector work harder rather than let a watcher that
// runs for months grow beside the user's own programs. It is no hard limit.
const watchMemory = 64 << 20

// deliver prints alerts, as JSON lines when that is asked for.
func (c *cli) deliver() func(alert.Alert) {
	if c.json {
		enc := json.NewEncoder(os.Stdout)
		return func(a alert.Alert) { _ = enc.Encode(a) } // stored already; a closed pipe loses nothing
	}
	p := c.printer()
	return func(a alert.Alert) { p.Alert(a, app.IsDrill(c.dirs, a)) }
}

func (c *cli) drillCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "drill",
		Short: "Stage a harmless attack and time every stage until the alarm",
		Long: `Hands a staged attack to the hook that is installed in the agent's settings, as
the agent would, and waits for the running watcher to raise the alarm. Nothing
of the attack is run: the hook only records it.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.drill(cmd.Context()) },
	}
}

func (c *cli) drill(ctx context.Context) error {
	r, err := app.Drill(ctx, c.dirs)
	if c.json && err == nil {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		return fmt.Errorf("drill: %w", err)
	}
	text.Printer{Out: os.Stdout}.Drill(r.Recorded, r.Raised, r.Alert)
	return nil
}

func (c *cli) upCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "Install what is missing, show one alarm, and watch",
		Long: `Puts the hooks into the agent's settings if they are not there, runs a drill so
that you see an alarm, then watches in the foreground until Ctrl-C. When the
watcher already runs as a service, its alerts are shown instead.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.up(cmd.Context()) },
	}
}

func (c *cli) up(ctx context.Context) error {
	c.say("gander records what coding agents do on this account and raises the alarm.\n")
	c.say("1. Installing the hooks")
	o := app.InstallOptions{NoService: true} // this very process watches
	if err := c.complete(&o); err != nil {
		return err
	}
	if err := app.Install(ctx, o); err != nil {
		return err
	}
	c.say("\n2. A drill: a staged attack goes through the installed hook. Nothing of it is run.")
	err := c.watch(ctx, func() { go c.upDrill(ctx) })
	if errors.Is(err, app.ErrRunning) {
		c.upDrill(ctx)
		c.say("A watcher is already running; its alerts are shown here.")
		p := c.printer()
		return app.Follow(ctx, c.dirs, func(a alert.Alert, drill bool) { p.Alert(a, drill) })
	}
	if err == nil {
		c.say("\nStopped. Calls are still recorded; gander watch judges them when it runs again.")
	}
	return err
}

// upDrill is the drill of gander up: its failure is told, and watching goes on.
func (c *cli) upDrill(ctx context.Context) {
	err := c.drill(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "gander: %v\n", err)
	default:
		c.say("\n3. Watching. Start your agent in another terminal: each of its tool calls is recorded\n" +
			"   before it runs, and looked at within milliseconds.\n" +
			"   Not seen: what programs do once they run, agents that are not hooked, sessions\n" +
			"   that were started before the hooks were installed and have not reloaded them.\n" +
			"   To have this always on, from every login: gander install\n")
	}
}

func (c *cli) alertsCmd() *cobra.Command {
	var min string
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "List what was raised, oldest first",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			level, err := alert.ParseLevel(min)
			if err != nil {
				return &usageError{err}
			}
			return c.alerts(level)
		},
	}
	cmd.Flags().StringVar(&min, "min-level", "medium", "lowest level to list")
	return cmd
}

func (c *cli) alerts(min alert.Level) error {
	p, n, newest := c.printer(), 0, time.Time{}
	enc := json.NewEncoder(os.Stdout)
	var encErr error
	_, err := app.Raised(c.dirs, func(a alert.Alert, drill bool) bool {
		if a.Level < min {
			return true
		}
		n++
		newest = a.Raised
		if !c.json {
			p.Alert(a, drill)
			return true
		}
		encErr = enc.Encode(listedAlert{a, drill})
		return encErr == nil
	})
	if err := errors.Join(err, encErr); err != nil || c.json {
		return err
	}
	if n == 0 {
		c.say("No alerts. To see one: gander drill")
		return nil
	}
	if isTerminal() { // a person has seen them
		return app.MarkRead(c.dirs, newest)
	}
	return nil
}

// A listedAlert is an alert and what is known of it besides.
type listedAlert struct {
	alert.Alert
	Drill bool `json:"drill"`
}
