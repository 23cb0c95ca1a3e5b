package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gander/internal/app"
	"gander/internal/config"
	"gander/internal/journal"
	"gander/internal/keeper"
	"gander/internal/safetext"
	"gander/internal/ui/text"
)

func (c *cli) journalCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "journal", Short: "List, rotate, prune, export and print the journal", Args: usageArgs(cobra.NoArgs)}
	list := &cobra.Command{
		Use: "list", Short: "List the journal's segments", Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return c.journalList() },
	}
	rotate := &cobra.Command{
		Use: "rotate", Short: "End the live segment now and begin a new one", Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.journalDo(cmd, keeper.Rotate) },
	}
	var segment uint64
	cat := &cobra.Command{
		Use: "cat", Short: "Print the journal's records, one JSON object a line", Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return app.Cat(c.dirs.Journal(), segment, os.Stdout) },
	}
	cat.Flags().Uint64Var(&segment, "segment", 0, "only this segment")
	export := &cobra.Command{
		Use: "export DIR", Short: "Copy journal, genesis and seals into a new directory, as evidence", Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := app.Export(c.dirs.Journal(), args[0]); err != nil {
				return err
			}
			c.say("Exported. To check it there: gander verify --journal %s", args[0])
			return nil
		},
	}
	reseal := &cobra.Command{
		Use:   "reseal",
		Short: "Begin new seals when the key of the old ones is lost",
		Long: `Begins new seals, which cover the journal as it is now. Nothing links them to the
old ones, which are kept beside them under the journal's old id. Verify and
export first: whoever could take the key away could also have changed what was
not sealed or anchored yet.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if err := app.Reseal(c.dirs); err != nil {
				return err
			}
			c.say("New seals begin when the watcher starts: gander watch")
			return nil
		},
	}
	cmd.AddCommand(list, rotate, c.journalPruneCmd(), export, cat, reseal)
	return cmd
}

func (c *cli) journalPruneCmd() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete the segments the configuration does not keep, oldest first",
		Long: `Deletes segments older than keep and, oldest first, those beyond max_total.
Never deleted: what is not sealed to its end, not anchored where anchors are
configured, or holds an alert nobody has read. Each deletion is sealed.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dry {
				return c.prunePlan()
			}
			return c.journalDo(cmd, keeper.Prune)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "list what would be deleted")
	return cmd
}

func (c *cli) journalDo(cmd *cobra.Command, r keeper.Request) error {
	conf, err := config.Load(c.dirs.Config)
	if err != nil {
		return err
	}
	if err := app.JournalDo(cmd.Context(), c.dirs, conf, c.log(), r); err != nil {
		return err
	}
	return c.journalList()
}

func (c *cli) prunePlan() error {
	conf, err := config.Load(c.dirs.Config)
	if err != nil {
		return err
	}
	plan, err := app.PrunePlan(c.dirs, conf.Journal)
	if err != nil {
		return err
	}
	for _, d := range plan {
		fmt.Printf("would delete segment %d (%s): %s\n", d.Segment.Number, text.Bytes(d.Segment.Disk), d.Reason)
	}
	if len(plan) == 0 {
		c.say("Nothing to delete.")
	}
	return nil
}

// A listedSegment is a segment as gander journal list prints it.
type listedSegment struct {
	SchemaVersion int    `json:"schema_version"`
	Number        uint64 `json:"number"`
	State         string `json:"state"` // live, open, closed, compressed
	Path          string `json:"path"`
	Size          int64  `json:"size"` // bytes of records
	Disk          int64  `json:"disk"` // bytes of the file
}

func (c *cli) journalList() error {
	segs, err := journal.Segments(c.dirs.Journal())
	if err != nil {
		return err
	}
	enc := json.NewEncoder(os.Stdout)
	tab := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if !c.json {
		fmt.Fprintln(tab, "SEGMENT\tSTATE\tRECORDS\tON DISK\tFILE")
	}
	for _, s := range segs {
		l := listedSegment{1, s.Number, stateOf(s), s.Path, s.Size, s.Disk}
		if c.json {
			err = errors.Join(err, enc.Encode(l))
			continue
		}
		fmt.Fprintf(tab, "%d\t%s\t%s\t%s\t%s\n", l.Number, l.State, text.Bytes(l.Size), text.Bytes(l.Disk), safetext.Line(filepath.Base(l.Path)))
	}
	return errors.Join(err, tab.Flush())
}

func stateOf(s journal.Segment) string {
	switch {
	case s.Live:
		return "live"
	case s.Open:
		return "open"
	case s.Compressed:
		return "compressed"
	}
	return "closed"
}

func (c *cli) verifyCmd() *cobra.Command {
	var o app.VerifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the journal against its seals and anchors",
		Long: `Reads the whole journal and checks every record against the seals, and the seals
against the genesis key, the key state and the anchors. Says which record or
seal is wrong and in what way, and tells tampering from the damage of a crash.
Works offline on a copy too. Exits 5 on tampering, 1 on damage.

Without --genesis, the key state tells the genesis key, and without that the
journal itself: then another journal in its place would pass.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.verify(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Journal, "journal", "", "directory of the journal (default: the one below --state)")
	f.StringVar(&o.Genesis, "genesis", "", "public key of the genesis, in hex")
	f.StringVar(&o.KeyFile, "key", "", "key state of the journal (default: the one below --state, for its journal)")
	f.StringSliceVar(&o.Anchors, "anchor", nil, "file or directory that an anchor wrote; may be repeated")
	return cmd
}

func (c *cli) verify(cmd *cobra.Command, o app.VerifyOptions) error {
	if o.Journal == "" {
		o.Journal = c.dirs.Journal()
		if o.KeyFile == "" {
			o.KeyFile = c.dirs.SealKey()
		}
	}
	bar := term.IsTerminal(int(os.Stderr.Fd())) && !c.quiet && !c.json
	if bar {
		o.Progress = func(done, total int64) { fmt.Fprintf(os.Stderr, "\r%s", text.Bar(done, total)) }
	}
	rep, err := app.Verify(cmd.Context(), o)
	if bar {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	if c.json {
		err = json.NewEncoder(os.Stdout).Encode(rep)
	} else {
		c.printVerify(&rep)
	}
	switch {
	case err != nil:
		return err
	case rep.Tampering:
		return &quietError{exitIntegrity}
	case !rep.OK:
		return &quietError{exitFailure}
	}
	return nil
}

func (c *cli) printVerify(rep *app.VerifyReport) {
	for _, f := range rep.Findings {
		where := ""
		if f.Segment > 0 {
			where = fmt.Sprintf(" segment %d byte %d", f.Segment, f.Offset)
			if f.Line > 0 {
				where += fmt.Sprintf(" record %d", f.Line)
			}
		}
		if f.K > 0 {
			where += fmt.Sprintf(" seal %d", f.K)
		}
		fmt.Printf("%-9s %-11s%s: %s\n", f.Severity, f.Class, where, safetext.Line(f.Detail))
	}
	if rep.More > 0 {
		fmt.Printf("and %d more\n", rep.More)
	}
	for _, n := range rep.AnchorNotes {
		fmt.Printf("%-9s %s\n", "anchor", safetext.Line(n))
	}
	fmt.Printf("%d records in %d segments (%s) are as they were sealed; %s not sealed yet; %d seals, the last %d %s; %d anchored; genesis key from %s\n",
		rep.Records, rep.Segments, text.Bytes(rep.SealedBytes), text.Bytes(rep.UnsealedBytes), rep.Seals, rep.LastK, rep.LastID.Short(), rep.AnchoredSeals, rep.Trust)
	switch {
	case rep.Tampering:
		fmt.Println("TAMPERED: somebody changed what was sealed. Keep a copy of the directory.")
	case !rep.OK:
		fmt.Println("DAMAGED: something is missing that a crash can have taken; nothing shows that somebody changed it.")
	default:
		fmt.Println("OK")
	}
}
