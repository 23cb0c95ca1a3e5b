// Package rotate takes full segments out of hooks' way, closes, compresses and
// deletes them, and keeps disk space in reserve.
//
// Rotation never makes an append fail and never loses one. live.jsonl is
// exchanged with a new file in one step; the old one lies at 000007.open.jsonl
// from then on, and is renamed to 000007.jsonl only when no process can write to
// it any more. Linux tells by granting a read lease; elsewhere the file must
// have been left alone for [Options].Linger. Until then readers go on reading it
// beside the new live segment. A process killed at any moment, or a machine that
// stops, leaves a journal that reads whole; [Recover] tidies it.
// docs/format/journal.md has the protocol step by step.
//
// Hooks and readers need not know of a rotation. Of [Rotate], [Recover] and
// [Apply] only one may run at a time for a journal: the caller holds the watcher's
// lock. [Compress] and [Reserve] may run beside them.
package rotate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gander/internal/journal"
)

// ErrEmpty is returned by Rotate when nothing has been recorded since the last
// rotation.
var ErrEmpty = errors.New("the live segment is empty")

// DefaultReserve is how many bytes are kept allocated ahead of the live
// segment's end.
const DefaultReserve = 8 << 20

// Options of a rotation. The zero value means the defaults.
type Options struct {
	// Reserve is the preallocated space of the new live segment in bytes:
	// DefaultReserve if 0, none if negative. See [Reserve].
	Reserve int64
	// Wait is how long writers may hold the old segment open before Rotate
	// returns without closing it. 30 s if 0, not at all if negative.
	Wait time.Duration
	// Settle is how long no process may have opened the segment for writing
	// before it is closed, for one that is just doing so. 100 ms if 0.
	Settle time.Duration
	// Linger is how long a segment must have been left alone before it is closed
	// where the system cannot tell who writes: the longest time a hook may take
	// between opening the journal and writing to it. 10 s if 0.
	Linger time.Duration
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.Wait, 30*time.Second)
	def(&o.Settle, 100*time.Millisecond)
	def(&o.Linger, 10*time.Second)
	if o.Reserve == 0 {
		o.Reserve = DefaultReserve
	}
	return o
}

// A Result says what became of a segment that is no longer live.
type Result struct {
	Segment journal.Segment
	// Closed says that nothing can be added any more. When it is false the
	// segment stays open: readers follow it, and [Recover] tries again.
	Closed bool
	// Guessed says that the system cannot tell who writes, and that the segment
	// was, or will be, closed because it has been left alone for long enough.
	Guessed bool
	// Holders are the processes that hold the segment open for writing, as far
	// as this user may see them. Only set when it is not closed.
	Holders []int
}

// Rotate ends the live segment and begins a new one, then waits until the old
// one can be closed. The exchange takes no time a hook could notice; only the
// wait is bounded by ctx and o.Wait. After an error other than ErrEmpty the
// segment is live as before, or open and left to Recover.
func Rotate(ctx context.Context, dir string, o Options) (Result, error) {
	o = o.withDefaults()
	n, err := begin(dir, o.Reserve)
	if err != nil {
		return Result{}, fmt.Errorf("rotate journal: %w", err)
	}
	return finish(ctx, dir, n, o)
}

// Recover finishes what earlier rotations have left, because they were killed or
// because a segment was held open. It does not wait for writers. Call it before
// the first rotation, and from time to time as long as a result is not closed.
func Recover(ctx context.Context, dir string, o Options) ([]Result, error) {
	o = o.withDefaults()
	o.Wait = -1
	if err := removeUnused(ctx, dir, o); err != nil {
		return nil, fmt.Errorf("recover journal: %w", err)
	}
	segs, err := journal.Segments(dir)
	if err != nil {
		return nil, err
	}
	var results []Result
	var errs []error
	for _, s := range segs {
		if !s.Open {
			continue
		}
		r, err := finish(ctx, dir, s.Number, o)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		results = append(results, r)
	}
	return results, errors.Join(errs...)
}

// system are the ways that only some systems have. Tests try both.
var system = native

// ways are how a system takes a file out of hooks' way and finds that nobody
// writes to it.
type ways struct {
	// exchange makes a new file live, like the old one, which gets the name old.
	exchange func(live, old string, like fs.FileInfo, reserve int64) error
	// lease reports whether no process has had f open for writing for as long as
	// settle, and if so keeps writers out until f is closed. errors.ErrUnsupported
	// means that it cannot tell.
	lease func(ctx context.Context, f *os.File, settle time.Duration) (bool, error)
}

// portable is for systems and file systems that can do no better. A hook that
// comes after the rename makes the new live file; one that came before has until
// the segment is closed to write.
var portable = ways{
	exchange: func(live, old string, _ fs.FileInfo, _ int64) error { return os.Rename(live, old) },
	lease:    func(context.Context, *os.File, time.Duration) (bool, error) { return false, errors.ErrUnsupported },
}

// maxNumber is more than any journal reaches, and well below the largest number
// a name can have.
const maxNumber = 1 << 60

// begin makes a new file live, and the old one segment n, which is open.
func begin(dir string, reserve int64) (n uint64, err error) {
	segs, err := journal.Segments(dir)
	if err != nil {
		return 0, err
	}
	live := segs[len(segs)-1]
	if live.Number > maxNumber {
		return 0, fmt.Errorf("segment %d: somebody has put a file with that number there", live.Number-1)
	}
	st, err := os.Lstat(live.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, ErrEmpty
	case err != nil:
		return 0, err
	case !st.Mode().IsRegular():
		return 0, fmt.Errorf("%s is not a regular file", live.Path)
	case st.Size() == 0:
		return 0, ErrEmpty
	}
	old := journal.OpenPath(dir, live.Number)
	if _, err := os.Lstat(old); !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s is in the way: recover the journal first", old)
	}
	if err := system.exchange(live.Path, old, st, reserve); err != nil {
		return 0, err
	}
	return live.Number, syncDir(dir)
}

// removeUnused removes the empty file that was to become live when a rotation
// was killed.
func removeUnused(ctx context.Context, dir string, o Options) error {
	paths, err := matching(dir, "*.open.jsonl")
	if err != nil {
		return err
	}
	for _, path := range paths {
		st, err := os.Lstat(path)
		if err != nil || !st.Mode().IsRegular() || st.Size() > 0 {
			continue
		}
		if err := removeEmpty(ctx, path, o); err != nil {
			return err
		}
	}
	return nil
}

// removeEmpty removes an empty file, unless somebody may be about to write to
// it.
func removeEmpty(ctx context.Context, path string, o Options) error {
	f, err := openOld(path)
	if err != nil {
		return err
	}
	defer f.Close()
	free, _, err := isFree(ctx, f, o)
	if err != nil || !free {
		return err
	}
	if st, err := f.Stat(); err != nil || st.Size() > 0 {
		return err
	}
	return os.Remove(path)
}

// matching lists the files in dir whose names match a pattern.
func matching(dir, pattern string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if ok, err := filepath.Match(pattern, e.Name()); err != nil {
			return nil, err
		} else if ok {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// syncDir makes renames survive a loss of power, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
