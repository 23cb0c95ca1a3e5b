package tail

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
)

// hints wakes a tailer early. Without notifications (too many watches, a
// network file system) it is a timer.
type hints struct {
	watcher *fsnotify.Watcher // nil: only the timer
}

// watchDir watches a journal's directory. Failure is no error: polling goes on.
func watchDir(dir string) *hints {
	w, err := fsnotify.NewBufferedWatcher(64)
	if err != nil {
		return &hints{}
	}
	if err := w.Add(dir); err != nil {
		w.Close()
		return &hints{}
	}
	return &hints{watcher: w}
}

// wait returns nil when it is time to look again, or ctx's error.
func (h *hints) wait(ctx context.Context) error {
	timer := time.NewTimer(Poll)
	defer timer.Stop()
	var events chan fsnotify.Event
	var errs chan error
	if h.watcher != nil {
		events, errs = h.watcher.Events, h.watcher.Errors
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-events:
		h.drain()
	case <-errs: // an overflow: looking again is all there is to do
	case <-timer.C:
	}
	return nil
}

// drain drops the hints that have piled up: one look sees all of it.
func (h *hints) drain() {
	for {
		select {
		case <-h.watcher.Events:
		default:
			return
		}
	}
}

func (h *hints) close() {
	if h.watcher != nil {
		h.watcher.Close()
	}
}
