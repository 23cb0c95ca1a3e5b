// Package keeper looks after a journal while it is written: it seals what was
// recorded, ends segments that are large or old, compresses them, deletes the
// oldest, keeps disk space in reserve, and hands every seal to the anchors.
//
// A [Keeper] works beside the detectors, in a goroutine of its own: syncing and
// compressing never delay an alarm. A journal has one keeper at a time; the
// caller holds the watcher's lock. What the keeper finds wrong it reports as a
// fault, which becomes an ordinary alert. Killed at any moment, the next one
// goes on where it was.
package keeper

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"gander/internal/anchor"
	"gander/internal/event"
	"gander/internal/journal"
	"gander/internal/journal/rotate"
	"gander/internal/journal/seal"
)

const (
	lookEvery   = 100 * time.Millisecond // how soon what was recorded has been seen
	choresEvery = 15 * time.Second       // disk, clock, anchors
	pruneEvery  = 10 * time.Minute
)

// Options are what a keeper needs.
type Options struct {
	Journal string // the journal's directory
	KeyFile string // see seal.Options
	Policy  Policy
	Anchors *anchor.Queue // nil: none are configured
	Log     *slog.Logger
	// Report is called with each fault, as events have them, from the keeper's
	// goroutine.
	Report func(fault string)
	// Protected lists the segments that hold evidence somebody still needs. Nil
	// protects none; while it fails nothing is deleted.
	Protected func() (map[uint64]bool, error)
	// Dropped is how many faults could not be raised so far; each seal says so.
	// Nil means none.
	Dropped func() uint64
	// Progress is called with the state after each seal, from the keeper's
	// goroutine. It may be nil.
	Progress func(Progress)
}

// Progress is how far a journal is sealed and anchored.
type Progress struct {
	K       uint64          `json:"k"`  // the last seal
	ID      string          `json:"id"` // eight hex digits of its hash, for a person to write down
	Time    time.Time       `json:"time,omitzero"`
	Anchors []anchor.Status `json:"anchors,omitempty"`
}

// A Keeper keeps one journal.
type Keeper struct {
	o      Options
	sealer *seal.Sealer
	file   *journal.File // the segment being sealed, nil while it does not exist
	reader *journal.Reader
	began  time.Time // when the live segment's first record was made
	said   map[string]time.Time
	clock  clock
	due    struct{ chores, prune time.Time }
	pack   chan journal.Segment // closed segments to compress
	queued map[uint64]bool      // those that have been sent there
	held   struct {             // the segment that waits for its writers
		segment uint64
		since   time.Time
	}
	failed []error // what a Do reports
}

// Run keeps the journal until ctx ends, then makes a last seal and returns nil.
// It returns an error only when it cannot begin.
func Run(ctx context.Context, o Options) error {
	k, err := start(o)
	if err != nil {
		return err
	}
	defer k.sealer.Close()
	packed := make(chan struct{})
	go func() {
		defer close(packed)
		k.packer(ctx)
	}()
	k.run(ctx)
	<-packed
	return nil
}

func start(o Options) (*Keeper, error) {
	if o.Anchors == nil {
		o.Anchors = new(anchor.Queue)
	}
	s, err := seal.Open(seal.Options{Journal: o.Journal, KeyFile: o.KeyFile})
	if err != nil {
		return nil, fmt.Errorf("open the journal's seals: %w", err)
	}
	return &Keeper{o: o, sealer: s, said: make(map[string]time.Time), pack: make(chan journal.Segment, 1024), queued: make(map[uint64]bool)}, nil
}

func (k *Keeper) run(ctx context.Context) {
	k.recover(ctx)
	k.seal(seal.Start)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		k.look()
		if k.sealer.Due(time.Now()) {
			k.seal(seal.Interval)
		}
		k.rotate(ctx)
		k.requests(ctx)
		k.chores(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	k.look()
	k.seal(seal.Stop)
	k.close()
}

// look shows the sealer what has been recorded since the last look, so that
// whoever changes it before it is sealed is noticed.
func (k *Keeper) look() {
	st := k.sealer.State()
	if k.file == nil && !k.open(st) {
		return
	}
	for {
		e, err := k.reader.Next()
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			k.say(event.FaultKeeping, "read segment %d: %v", st.Segment, err)
			return
		}
		if k.began.IsZero() && e.Err == nil {
			k.began = e.Record.Time
		}
		if err := k.sealer.Add(st.Segment, &e); err != nil {
			k.say(event.FaultKeeping, "%v", err)
			return
		}
		if now := time.Now(); k.sealer.Due(now) {
			k.seal(seal.Interval)
		}
	}
}

// open opens the segment being sealed where its seals end.
func (k *Keeper) open(st seal.State) bool {
	segs, err := journal.Segments(k.o.Journal)
	if err != nil {
		k.say(event.FaultKeeping, "%v", err)
		return false
	}
	for _, s := range segs {
		if s.Number != st.Segment {
			continue
		}
		f, err := journal.OpenSegment(s.Path)
		if err != nil {
			return false // nothing is recorded yet, or the tailer tells what lies there
		}
		if _, err := f.Seek(st.To, io.SeekStart); err != nil {
			f.Close()
			return false
		}
		k.file, k.reader, k.began = f, journal.NewReader(f, st.To), time.Time{}
		return true
	}
	return false
}

func (k *Keeper) close() {
	if k.file != nil {
		k.file.Close()
	}
	k.file, k.reader = nil, nil
}

// seal makes a seal and offers it to the anchors.
func (k *Keeper) seal(kind seal.Kind) {
	k.made(k.sealer.Seal(kind, k.counters()))
}

// counters are what seals say was not looked at. Nothing recorded is ever
// passed over, so there is no flood to count.
func (k *Keeper) counters() seal.Counters {
	if k.o.Dropped == nil {
		return seal.Counters{}
	}
	return seal.Counters{Dropped: k.o.Dropped()}
}

// made looks after a seal that was made, or not.
func (k *Keeper) made(s seal.Seal, err error) bool {
	for _, w := range k.sealer.Warnings() {
		k.say(event.FaultSeals, "%v", w)
	}
	if changed, ok := errors.AsType[*seal.ChangedError](err); ok {
		k.say(event.FaultChanged, "%v", changed)
	} else if err != nil {
		k.say(event.FaultKeeping, "%v", err)
		return false
	}
	if jump := k.clock.jump(s); jump != 0 {
		k.say(event.FaultClock, "the time of day was set by %s before %s", jump.Round(time.Second), s.Time.UTC().Format(time.RFC3339))
	}
	st := anchor.NewStatement(k.journalID(), s.K, s.Line(), s.Time)
	if err := k.o.Anchors.Offer(st); err != nil {
		k.say(event.FaultAnchor, "%v", err)
	}
	if k.o.Progress != nil {
		k.o.Progress(Progress{K: s.K, ID: s.ID().Short(), Time: s.Time, Anchors: k.o.Anchors.Status()})
	}
	return true
}

// say reports a fault, the same one once an hour.
func (k *Keeper) say(code, format string, args ...any) {
	detail := fmt.Sprintf(format, args...)
	now := time.Now()
	if last, ok := k.said[code+detail]; ok && now.Sub(last) < time.Hour {
		return
	}
	if len(k.said) > 1000 { // details vary with what an agent does
		clear(k.said)
	}
	k.said[code+detail] = now
	if code == event.FaultKeeping {
		k.failed = append(k.failed[:min(len(k.failed), 20)], errors.New(detail))
	}
	k.o.Log.Warn("journal", "fault", code, "detail", detail)
	k.o.Report(code + ":" + detail)
}

// recover finishes what an earlier keeper left, and seals ended segments to
// their end.
func (k *Keeper) recover(ctx context.Context) {
	results, err := rotate.Recover(ctx, k.o.Journal, rotate.Options{})
	if err != nil {
		k.say(event.FaultKeeping, "%v", err)
	}
	for _, r := range results {
		k.ended(r)
	}
	k.finish()
}

// journalID is the journal's id as anchors know it.
func (k *Keeper) journalID() string {
	id := k.sealer.Genesis().Journal
	return hex.EncodeToString(id[:])
}
