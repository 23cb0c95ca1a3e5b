package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/rotate"
	"gander/internal/journal/seal"
)

const (
	sealedCalls = 20_000  // appended and sealed one batch after another
	verifyCalls = 200_000 // about 200 MB
	rotations   = 20
)

// journal measures what keeping the journal costs: sealing, verifying,
// compressing, and the time a hook takes while segments are rotated.
func (b *bench) journal(ctx context.Context) error {
	for _, f := range []func(context.Context) error{b.sealing, b.verifying, b.rotating} {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// sealing appends records, with and without a seal for every 64 of them.
func (b *bench) sealing(context.Context) error {
	plain, err := b.appendCalls(filepath.Join(b.dir, "plain"), func(string) (func(int) error, error) {
		return func(int) error { return nil }, nil
	})
	if err != nil {
		return err
	}
	sealed, err := b.appendCalls(filepath.Join(b.dir, "sealed"), func(dir string) (func(int) error, error) {
		s, err := seal.Open(seal.Options{Journal: dir, KeyFile: dir + ".key"})
		return func(n int) error {
			if n%seal.Records != 0 {
				return nil
			}
			_, err := s.Seal(seal.Interval, seal.Counters{})
			return err
		}, err
	})
	if err != nil {
		return err
	}
	each := func(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d.Microseconds())/sealedCalls) }
	t := newTable(b.out, fmt.Sprintf("Appending %d records", sealedCalls), "", "a record", "x plain")
	t.row("append", each(plain), "1.00x")
	t.row("append, and seal every 64", each(sealed), times(float64(sealed)/float64(plain)))
	t.end()
	return nil
}

// appendCalls appends records to a new journal in dir, calling after with the
// number of each.
func (b *bench) appendCalls(dir string, open func(dir string) (func(int) error, error)) (time.Duration, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	after, err := open(dir)
	if err != nil {
		return 0, err
	}
	c, path := newCorpus(), journal.LivePath(dir)
	frames := make([][]byte, sealedCalls)
	for n := range frames {
		frames[n] = frame(c.next(), time.Now())
	}
	begin := time.Now()
	for n, f := range frames {
		if err := record.Append(path, f, nil); err != nil {
			return 0, err
		}
		if err := after(n + 1); err != nil {
			return 0, err
		}
	}
	return time.Since(begin), nil
}

// verifying seals a journal to its end, verifies it plain and compressed, and
// hashes the same bytes once for comparison.
func (b *bench) verifying(ctx context.Context) error {
	dir := filepath.Join(b.dir, "verify")
	last := newCall(0, 0, "Bash", input{"command": "ls"})
	if err := writeJournal(journal.LivePath(dir), verifyCalls, last); err != nil {
		return err
	}
	seg, err := sealWhole(ctx, dir)
	if err != nil {
		return err
	}
	t := newTable(b.out, fmt.Sprintf("Verifying %d records, %s", verifyCalls, megabytes(seg.Size)), "", "took", "MB/s", "x SHA-256")
	hashed, err := timed(func() error { return hashFile(seg.Path) })
	if err != nil {
		return err
	}
	row := func(name string, d time.Duration) float64 {
		speed := float64(seg.Size) / 1e6 / d.Seconds()
		t.row(name, ms(d), fmt.Sprintf("%.0f", speed), times(float64(d)/float64(hashed)))
		return speed
	}
	row("SHA-256 of the bytes, once", hashed)
	speed := 0.0
	for _, name := range []string{"gander verify, plain", "gander verify, compressed"} {
		took, err := timed(func() error { return verifyOK(ctx, dir) })
		if err != nil {
			return err
		}
		speed = max(speed, row(name, took))
		if seg, err = rotate.Compress(ctx, seg); err != nil {
			return err
		}
	}
	t.end()
	b.verdict(speed >= 200, "OVER", fmt.Sprintf("verified in a second: %.0f MB, at least 200", speed))
	fmt.Fprintf(b.out, "  Compressed to %.0f bytes a record of %.0f, a ratio of %.1f.\n",
		float64(seg.Disk)/verifyCalls, float64(seg.Size)/verifyCalls, float64(seg.Size)/float64(seg.Disk))
	return nil
}

// sealWhole ends the live segment and gives it its last seal.
func sealWhole(ctx context.Context, dir string) (journal.Segment, error) {
	s, err := seal.Open(seal.Options{Journal: dir, KeyFile: dir + ".key"})
	if err != nil {
		return journal.Segment{}, err
	}
	r, err := rotate.Rotate(ctx, dir, rotate.Options{})
	if err != nil {
		return journal.Segment{}, err
	}
	if _, err := s.SealFinal(r.Segment, seal.Counters{}); err != nil {
		return journal.Segment{}, err
	}
	return r.Segment, nil
}

func timed(f func() error) (time.Duration, error) {
	begin := time.Now()
	err := f()
	return time.Since(begin), err
}

func hashFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(sha256.New(), f)
	return err
}

func verifyOK(ctx context.Context, dir string) error {
	rep, err := seal.Verify(ctx, seal.VerifyOptions{Journal: dir, KeyFile: dir + ".key"})
	if err == nil && !rep.OK {
		err = fmt.Errorf("a journal nobody touched does not verify: %v", rep.Findings)
	}
	return err
}

// rotating appends all the time while segments are rotated, and tells how long
// an append takes at worst.
func (b *bench) rotating(ctx context.Context) error {
	dir := filepath.Join(b.dir, "rotating")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	calm, _, err := b.appending(ctx, dir, func() error { time.Sleep(50 * time.Millisecond); return nil })
	if err != nil {
		return err
	}
	busy, each, err := b.appending(ctx, dir, func() error {
		_, err := rotate.Rotate(ctx, dir, rotate.Options{Settle: time.Millisecond})
		if errors.Is(err, rotate.ErrEmpty) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	t := newTable(b.out, fmt.Sprintf("Appending while the journal is rotated %d times; none may fail", rotations), "", "append p50", "p99", "slowest", "a rotation")
	t.row("nothing else", ms(calm.p50()), ms(calm.at(0.99)), ms(calm.at(1)), "-")
	t.row("rotation", ms(busy.p50()), ms(busy.at(0.99)), ms(busy.at(1)), ms(each/rotations))
	t.end()
	return nil
}

// appending appends until other has run as often as rotations says.
func (b *bench) appending(ctx context.Context, dir string, other func() error) (appends sample, took time.Duration, err error) {
	done := make(chan error, 1)
	begin := time.Now()
	go func() {
		for range rotations {
			if err := other(); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	c, path := newCorpus(), journal.LivePath(dir)
	for {
		f := frame(c.next(), time.Now())
		one, err := timed(func() error { return record.Append(path, f, nil) })
		if err != nil {
			return nil, 0, err
		}
		appends = append(appends, one)
		select {
		case err := <-done:
			return appends, time.Since(begin), err
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		default:
		}
	}
}
