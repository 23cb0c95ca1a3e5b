package rotate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gander/internal/journal"
)

// finish closes segment n when no process can write to it any more, or returns
// a result that says who may.
func finish(ctx context.Context, dir string, n uint64, o Options) (Result, error) {
	path := journal.OpenPath(dir, n)
	f, err := openOld(path)
	if err != nil {
		return Result{}, fmt.Errorf("close segment %d: %w", n, err)
	}
	defer f.Close() // gives up the lease
	free, guessed, err := await(ctx, f, o)
	if err != nil {
		return Result{}, fmt.Errorf("close segment %d: %w", n, err)
	}
	r := Result{Closed: free, Guessed: guessed}
	if !free {
		r.Holders = holders(f)
		r.Segment, err = segment(dir, n)
		return r, err
	}
	if err := f.Sync(); err != nil {
		return Result{}, fmt.Errorf("close segment %d: %w", n, err)
	}
	if err := os.Rename(path, journal.ClosedPath(dir, n)); err != nil {
		return Result{}, fmt.Errorf("close segment: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return Result{}, fmt.Errorf("close segment %d: %w", n, err)
	}
	r.Segment, err = segment(dir, n)
	return r, err
}

// await returns true as soon as f is free, and false when that takes too long.
func await(ctx context.Context, f *os.File, o Options) (free, guessed bool, err error) {
	begin := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		free, guessed, err = isFree(ctx, f, o)
		if err != nil || free || time.Since(begin)+pause > o.Wait {
			return free, guessed, err
		}
		if err := sleep(ctx, pause); err != nil {
			return false, guessed, err
		}
	}
}

// isFree reports whether no process can write to f any more, and whether that
// is a guess. If it is not, f holds a lease that keeps writers out until f is
// closed.
func isFree(ctx context.Context, f *os.File, o Options) (free, guessed bool, err error) {
	free, err = system.lease(ctx, f, o.Settle)
	if !errors.Is(err, errors.ErrUnsupported) {
		return free, false, err
	}
	st, err := f.Stat()
	if err != nil {
		return false, true, err
	}
	return time.Since(changed(st)) >= o.Linger, true, nil
}

func segment(dir string, n uint64) (journal.Segment, error) {
	segs, err := journal.Segments(dir)
	if err != nil {
		return journal.Segment{}, err
	}
	for _, s := range segs {
		if s.Number == n {
			return s, nil
		}
	}
	return journal.Segment{}, fmt.Errorf("segment %d: %w", n, fs.ErrNotExist)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
