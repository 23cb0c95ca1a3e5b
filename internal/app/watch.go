package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"gander/internal/alert"
	"gander/internal/config"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/hook"
	"gander/internal/keeper"
	"gander/internal/route"
	"gander/internal/tail"
)

const (
	beatEvery = 2 * time.Second // how old a living watcher's heart file can be
	markEvery = time.Second     // how often hooks' marks are looked for
	retryWait = time.Second     // between tries to store alerts
)

// A Watcher reads the journal and raises alerts. It owns the state directory
// while it runs: a second one refuses to start.
type Watcher struct {
	dirs     Dirs
	detector detect.Detector
	rules    *LiveRules
	log      *slog.Logger
	deliver  func(alert.Alert)
	now      func() time.Time

	out    *route.Outbox
	tail   *tail.Tailer
	seq    uint64
	counts Counts
	heart  Heart
	faults chan string   // from the keeper
	lost   atomic.Uint64 // faults that found no room there
	kept   atomic.Pointer[keeper.Progress]
	due    struct{ beat, marks time.Time }
}

// Counts add up: every entry is an event or corrupt, and every alert a detector
// stated was stored, known before, or below the level that matters.
type Counts struct {
	Entries  uint64 `json:"entries"`
	Events   uint64 `json:"events"`
	Corrupt  uint64 `json:"corrupt"`
	Marks    uint64 `json:"marks"`
	Faults   uint64 `json:"faults"` // of the journal's keeper
	Findings uint64 `json:"findings"`
	Stored   uint64 `json:"stored"`
	Repeated uint64 `json:"repeated"`
	Minor    uint64 `json:"minor"`
	Failed   uint64 `json:"failed"` // tries to store that failed; each is tried again
}

// WatchOptions are what a watcher needs from outside.
type WatchOptions struct {
	Dirs     Dirs
	Config   config.Config
	Secret   func(ref string) ([]byte, error) // resolves references in Config
	Detector detect.Detector
	Rules    *LiveRules // looked at for changes now and then; may be nil
	Log      *slog.Logger
	// Deliver is called with every alert after it has been stored.
	Deliver func(alert.Alert)
	// Ready is called once, when the watcher reads. It may be nil.
	Ready func()
}

// Watch follows the journal until ctx ends, then returns nil. Alerts are
// stored in the outbox before anybody hears of them, together with the place
// just after their event, so that a watcher killed at any moment misses none
// and raises none twice.
func Watch(ctx context.Context, o WatchOptions) error {
	w := &Watcher{
		dirs: o.Dirs, detector: o.Detector, rules: o.Rules, log: o.Log, deliver: o.Deliver, now: time.Now,
		faults: make(chan string, 64),
	}
	for _, dir := range []string{o.Dirs.Journal(), hook.MarkDir(o.Dirs.Journal())} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the state directory: %w", err)
		}
	}
	unlock, err := lockFile(o.Dirs.lock())
	if err != nil {
		return err
	}
	defer unlock()
	if err := w.open(); err != nil {
		return err
	}
	defer w.tail.Close()
	stop, err := w.keep(ctx, o)
	if err != nil {
		return err
	}
	if o.Ready != nil {
		o.Ready()
	}
	w.run(ctx)
	stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWait)
	defer cancel()
	w.hearKeeper(last) // what the last seal showed
	w.heart.Stopped = true
	return w.beat() // after the last seal, which is the one to write down
}

func (w *Watcher) open() error {
	out, err := route.OpenOutbox(w.dirs.Outbox())
	if err != nil {
		return err
	}
	w.out = out
	w.heart = newHeart(w.now())
	from := later(out.Last(), readHeart(w.dirs.heart()).Mark)
	w.seq = from.Seq
	if err := WarmUp(w.dirs.Journal(), from.Pos, w.detector); err != nil {
		w.log.Warn("what came before is not known to all detectors", "error", err)
	}
	w.tail, err = tail.Open(w.dirs.Journal(), from.Pos)
	return err
}

// later is the mark that is further on. The heart file may be older than the
// outbox or newer: alerts up to its mark were in the outbox when it was written.
func later(a, b route.Mark) route.Mark {
	if a.Seq > b.Seq {
		return a
	}
	return b
}

func (w *Watcher) run(ctx context.Context) {
	w.checkOutbox(ctx)
	for ctx.Err() == nil {
		w.catchUp(ctx)
		if w.tail.Wait(ctx) != nil {
			break
		}
	}
}

// catchUp handles everything the journal has to say now.
func (w *Watcher) catchUp(ctx context.Context) {
	for ctx.Err() == nil {
		w.chores(ctx)
		w.hearKeeper(ctx)
		item, ok := w.tail.Next()
		if !ok {
			return
		}
		w.handle(ctx, item)
	}
}

func (w *Watcher) handle(ctx context.Context, item tail.Item) {
	if item.Notice != nil {
		w.judge(ctx, noticeEvent(item.Notice, w.now().UTC()))
		return
	}
	w.seq++
	w.counts.Entries++
	e := decode(&item.Entry, item.Segment)
	if item.Entry.Err != nil {
		w.counts.Corrupt++
	} else {
		w.counts.Events++
	}
	w.judge(ctx, e)
}

// judge raises what the detectors find in e. It returns when that is stored,
// or when ctx ends: then the position has not moved past e, and the next
// watcher judges it again.
func (w *Watcher) judge(ctx context.Context, e *event.Event) {
	if e.Time.IsZero() {
		e.Time = w.now().UTC()
	}
	var raised []alert.Alert
	for _, f := range w.detector.Detect(e) {
		w.counts.Findings++
		a := alert.New(f, e, w.now())
		switch {
		case f.Level < alert.Medium:
			w.counts.Minor++
		case w.out.Has(a.ID):
			w.counts.Repeated++
		default:
			raised = append(raised, a)
		}
	}
	if len(raised) == 0 {
		return
	}
	slices.SortStableFunc(raised, func(a, b alert.Alert) int { return cmp.Compare(b.Level, a.Level) })
	if !w.store(ctx, raised) {
		return
	}
	for _, a := range raised {
		w.deliver(a)
	}
}

// store tries until it has stored the alerts or ctx ends.
func (w *Watcher) store(ctx context.Context, alerts []alert.Alert) bool {
	for {
		err := w.out.Append(w.mark(), alerts)
		if err == nil {
			w.counts.Stored += uint64(len(alerts))
			return true
		}
		w.counts.Failed++
		w.log.Error("cannot store alerts; trying again", "alerts", len(alerts), "error", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(retryWait):
		}
	}
}

func (w *Watcher) mark() route.Mark { return route.Mark{Seq: w.seq, Pos: w.tail.Pos()} }

// chores do what is due by the clock.
func (w *Watcher) chores(ctx context.Context) {
	now := w.now()
	if now.After(w.due.marks) {
		w.due.marks = now.Add(markEvery)
		w.collectMarks(ctx)
	}
	if w.rules != nil {
		if e := w.rules.Check(now); e != nil {
			w.judge(ctx, e)
		}
	}
	if now.After(w.due.beat) {
		w.due.beat = now.Add(beatEvery)
		if err := w.beat(); err != nil {
			w.log.Warn("cannot write the heart file", "error", err)
		}
	}
}

// collectMarks raises an alert for every record a hook could not write, and
// removes the mark once the alert is stored.
func (w *Watcher) collectMarks(ctx context.Context) {
	dir := hook.MarkDir(w.dirs.Journal())
	marks, err := hook.Marks(dir)
	if err != nil {
		w.log.Warn("cannot look for hooks' marks", "error", err)
	}
	for _, m := range marks {
		w.judge(ctx, markEvent(m))
		if ctx.Err() != nil {
			return
		}
		w.counts.Marks++
		if err := hook.RemoveMark(dir, m); err != nil {
			w.log.Warn("cannot remove a hook's mark", "error", err)
		}
	}
}

// checkOutbox says so when somebody else wrote into the outbox.
func (w *Watcher) checkOutbox(ctx context.Context) {
	if n := w.out.Damaged(); n > 0 {
		e := unreadable(fmt.Sprintf("%s:%d lines", event.FaultOutbox, n))
		e.Digest = fmt.Sprint(n)
		w.judge(ctx, e)
	}
}

func (w *Watcher) beat() error {
	w.heart.Beat, w.heart.Mark, w.heart.Counts = w.now().UTC(), w.mark(), w.counts
	if p := w.kept.Load(); p != nil {
		w.heart.Sealed = *p
	}
	return w.heart.write(w.dirs.heart())
}

// ErrRunning is returned by Watch when another watcher has the state directory.
var ErrRunning = errors.New("a watcher is already running")
