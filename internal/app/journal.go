package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"gander/internal/anchor/readback"
	"gander/internal/config"
	"gander/internal/journal"
	"gander/internal/journal/rotate"
	"gander/internal/journal/seal"
	"gander/internal/keeper"
)

// VerifyOptions say what to verify, and against what.
type VerifyOptions struct {
	Journal  string
	Genesis  string   // public key in hex, or ""
	KeyFile  string   // "" when it is not at hand
	Anchors  []string // files and directories that anchors wrote
	Progress func(done, total int64)
}

// A VerifyReport is what was found, and what was read of the anchors.
type VerifyReport struct {
	seal.Report
	AnchoredSeals int      `json:"anchored_seals"`
	AnchorNotes   []string `json:"anchor_notes,omitempty"` // what in the anchors could not be read
}

// Verify checks a journal against its seals and anchors.
func Verify(ctx context.Context, o VerifyOptions) (VerifyReport, error) {
	var rep VerifyReport
	if _, err := os.ReadDir(o.Journal); err != nil {
		return rep, fmt.Errorf("verify: %w", err)
	}
	g, err := seal.ReadGenesis(o.Journal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && len(o.Anchors) > 0 {
		rep.AnchorNotes = append(rep.AnchorNotes, "the journal's genesis cannot be read: statements of any journal are compared")
	}
	id := fmt.Sprintf("%x", g.Journal)
	var anchored []seal.AnchoredSeal
	for _, path := range o.Anchors {
		r, err := readback.Read(path, readback.Options{}, func(f readback.Found) bool {
			if err != nil || f.Journal == id {
				anchored = append(anchored, seal.AnchoredSeal{K: f.K, Hash: f.Hash, Time: f.Seen})
			}
			return true
		})
		if err != nil {
			return rep, err
		}
		rep.AnchorNotes = append(rep.AnchorNotes, r.Notes...)
	}
	rep.AnchoredSeals = len(anchored)
	rep.Report, err = seal.Verify(ctx, seal.VerifyOptions{
		Journal: o.Journal, Genesis: o.Genesis, KeyFile: o.KeyFile, Anchors: anchored, Now: time.Now(), Progress: o.Progress,
	})
	return rep, err
}

// JournalDo ends the live segment or deletes old ones: by the watcher that
// runs, or here when none does.
func JournalDo(ctx context.Context, d Dirs, c config.Config, log *slog.Logger, r keeper.Request) error {
	unlock, err := lockFile(d.lock())
	if errors.Is(err, ErrRunning) {
		return askKeeper(ctx, d, r)
	}
	if err != nil {
		return err
	}
	defer unlock()
	return keeper.Do(ctx, keeper.Options{
		Journal: d.Journal(), KeyFile: d.SealKey(), Policy: c.Journal, Log: log, Report: func(string) {},
		Protected: func() (map[uint64]bool, error) { return unreadSegments(d) },
	}, r)
}

// askWait is how long a watcher may take; a rotation waits for writers.
const askWait = 40 * time.Second

func askKeeper(ctx context.Context, d Dirs, r keeper.Request) error {
	file, err := keeper.Ask(d.Journal(), r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the watcher has not answered within %s: run gander status", askWait)
		}
	}
}

// Reseal begins new seals for a journal whose key is lost. The old ones stay
// beside them and still verify. No watcher may run.
func Reseal(d Dirs) error {
	unlock, err := lockFile(d.lock())
	if errors.Is(err, ErrRunning) {
		return fmt.Errorf("%w: stop it first, then start it again", err)
	}
	if err != nil {
		return err
	}
	defer unlock()
	return seal.Reset(seal.Options{Journal: d.Journal(), KeyFile: d.SealKey()})
}

// PrunePlan lists what a prune would delete now. Whether segments are anchored
// only the watcher knows; without one running they count as anchored.
func PrunePlan(d Dirs, p keeper.Policy) ([]rotate.Deletion, error) {
	protected, err := unreadSegments(d)
	if err != nil {
		return nil, err
	}
	final := make(map[uint64]bool)
	for s, err := range seal.Seals(d.Journal()) {
		if err == nil && s.Kind == seal.Rotate {
			final[s.Segment] = true
		}
	}
	plan, _, err := rotate.Plan(d.Journal(), rotate.Policy{
		Now: time.Now(), MaxAge: p.Keep.Duration(), MaxTotal: int64(p.MaxTotal),
		Keep: func(s journal.Segment) (string, bool) { return "", protected[s.Number] || !final[s.Number] },
	})
	return plan, err
}

// Cat writes the lines of a journal's segments, oldest first, without their
// framing. Segment 0 means all of them.
func Cat(dir string, segment uint64, out io.Writer) error {
	segs, err := journal.Segments(dir)
	if err != nil {
		return err
	}
	found := segment == 0
	for _, s := range segs {
		if segment != 0 && s.Number != segment {
			continue
		}
		found = true
		if err := catSegment(s.Path, out); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("the journal has no segment %d; see gander journal list", segment)
	}
	return nil
}

func catSegment(path string, out io.Writer) error {
	f, err := journal.OpenSegment(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r := journal.NewReader(f, 0)
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if _, err := out.Write(append(e.Line, '\n')); err != nil {
			return err
		}
	}
}

// Export copies a journal with its genesis and seals into a new directory, as
// evidence: gander verify --journal checks it there. The key stays behind.
func Export(dir, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	// Seals first: what is recorded meanwhile is then merely unsealed.
	names := []string{seal.GenesisFile, seal.SealsFile}
	segs, err := journal.Segments(dir)
	if err != nil {
		return err
	}
	for _, s := range segs {
		names = append(names, filepath.Base(s.Path))
	}
	for _, name := range names {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("export: %w", err)
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	_, err = io.Copy(dst, src)
	return err
}
