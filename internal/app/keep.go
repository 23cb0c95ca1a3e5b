package app

import (
	"context"
	"sync"
	"time"

	"gander/internal/alert"
	"gander/internal/anchor"
	"gander/internal/event"
	"gander/internal/keeper"
)

// keep starts the journal's keeper and its anchors. stop ends them: the keeper
// first, so that its last seal is still sent.
func (w *Watcher) keep(ctx context.Context, o WatchOptions) (stop func(), err error) {
	entries, err := o.Config.Anchor.Open(o.Dirs.Anchors(), o.Secret)
	if err != nil {
		return nil, err
	}
	queue, err := anchor.OpenQueue(o.Dirs.Anchors(), 0, entries...)
	if err != nil {
		return nil, err
	}
	// The queue outlives ctx by as long as it takes to send the last seal.
	sending, cancelSending := context.WithCancel(context.WithoutCancel(ctx))
	var sent, kept sync.WaitGroup
	sent.Go(func() { _ = queue.Run(sending) })
	keeping, cancelKeeping := context.WithCancel(ctx)
	kept.Go(func() {
		err := keeper.Run(keeping, keeper.Options{
			Journal: o.Dirs.Journal(), KeyFile: o.Dirs.SealKey(), Policy: o.Config.Journal, Anchors: queue, Log: o.Log,
			Report:    w.reportFault,
			Protected: func() (map[uint64]bool, error) { return unreadSegments(o.Dirs) },
			Dropped:   w.lost.Load,
			Progress:  func(p keeper.Progress) { w.kept.Store(&p) },
		})
		if err != nil {
			w.reportFault(event.FaultSeals + ":" + err.Error())
		}
	})
	return func() {
		cancelKeeping()
		kept.Wait()
		flush, cancel := context.WithTimeout(sending, flushWait)
		if err := queue.Flush(flush); err != nil {
			o.Log.Warn("the last seal is not anchored yet", "error", err)
		}
		cancel()
		cancelSending()
		sent.Wait()
	}, nil
}

// flushWait is how long a stopping watcher waits for its anchors.
const flushWait = 3 * time.Second

// reportFault hands a fault to the watcher. The keeper says each at most once
// an hour, so the channel is never full for long; when it is, the keeper says
// it again.
func (w *Watcher) reportFault(fault string) {
	select {
	case w.faults <- fault:
	default:
		w.lost.Add(1)
		w.log.Error("too many faults at once; one was not raised", "fault", fault)
	}
}

// hearKeeper raises what the keeper has reported.
func (w *Watcher) hearKeeper(ctx context.Context) {
	for {
		select {
		case fault := <-w.faults:
			w.counts.Faults++
			w.judge(ctx, faultEvent(fault, w.now().UTC()))
		default:
			return
		}
	}
}

// unreadSegments are the segments of alerts nobody has read: retention leaves
// them alone.
func unreadSegments(d Dirs) (map[uint64]bool, error) {
	segments := make(map[uint64]bool)
	read := lastRead(d)
	_, err := Raised(d, func(a alert.Alert, drill bool) bool {
		if !drill && a.Raised.After(read) {
			for _, e := range a.Events {
				segments[e.Segment] = true
			}
		}
		return true
	})
	return segments, err
}
