package keeper

import (
	"context"
	"errors"
	"os"
	"time"

	"gander/internal/event"
	"gander/internal/journal"
	"gander/internal/journal/rotate"
	"gander/internal/journal/seal"
)

// rotate ends the live segment when it is large or old enough.
func (k *Keeper) rotate(ctx context.Context) {
	if k.rotationDue() {
		k.rotateNow(ctx)
	}
}

func (k *Keeper) rotateNow(ctx context.Context) {
	r, err := rotate.Rotate(ctx, k.o.Journal, rotate.Options{Wait: rotateWait})
	switch {
	case errors.Is(err, rotate.ErrEmpty), ctx.Err() != nil:
		return
	case err != nil:
		k.say(event.FaultKeeping, "%v", err)
		return
	}
	k.ended(r)
	k.finish()
}

// rotateWait is how long sealing stands still for a segment's last writers;
// after that the segment waits and everything else goes on.
const rotateWait = 2 * time.Second

func (k *Keeper) rotationDue() bool {
	st, err := os.Lstat(journal.LivePath(k.o.Journal))
	if err != nil || st.Size() == 0 || k.waiting() {
		return false
	}
	return st.Size() >= int64(k.o.Policy.MaxSize) || !k.began.IsZero() && time.Since(k.began) >= k.o.Policy.MaxAge.Duration()
}

// waiting reports whether an ended segment is still being written to. The next
// one is not ended before that one is.
func (k *Keeper) waiting() bool {
	segs, err := journal.Segments(k.o.Journal)
	return err != nil || len(segs) > 1 && !segs[len(segs)-2].Closed()
}

// ended tells when a segment cannot be closed.
func (k *Keeper) ended(r rotate.Result) {
	if !r.Closed && !r.Guessed {
		k.say(event.FaultHeldOpen, "segment %d is held open by processes %v", r.Segment.Number, r.Holders)
	}
}

// finish gives every ended segment its last seal, oldest first, and has closed
// ones compressed. One that is held open gets its seal after a while too:
// whoever holds it must not be able to keep what follows from being sealed. What
// is added to it later is seen, and never counts as sealed.
func (k *Keeper) finish() {
	segs, err := journal.Segments(k.o.Journal)
	if err != nil {
		k.say(event.FaultKeeping, "%v", err)
		return
	}
	for _, s := range segs {
		next := k.sealer.State().Segment
		if s.Number == next && (s.Closed() || s.Open && k.heldLong(s.Number)) {
			k.look()
			k.close()
			if !k.made(k.sealer.SealFinal(s, k.counters())) {
				return
			}
		}
		if s.Closed() && !s.Compressed && s.Number < k.sealer.State().Segment {
			k.enqueue(s)
		}
	}
}

// heldFor is how long a segment may be held open before it is sealed as it is.
const heldFor = time.Minute

func (k *Keeper) heldLong(n uint64) bool {
	if k.held.segment != n {
		k.held.segment, k.held.since = n, time.Now()
	}
	return time.Since(k.held.since) > heldFor
}

func (k *Keeper) enqueue(s journal.Segment) {
	if k.queued[s.Number] {
		return
	}
	select {
	case k.pack <- s:
		k.queued[s.Number] = true
	default: // a thousand wait; the next start finds this one
	}
}

// packer compresses closed segments, one after the other, while ctx lasts.
func (k *Keeper) packer(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s, ok := <-k.pack:
			if !ok {
				return
			}
			if _, err := rotate.Compress(ctx, s); err != nil && ctx.Err() == nil {
				k.o.Log.Warn("cannot compress a segment; it stays as it is", "segment", s.Number, "error", err)
			}
		}
	}
}

// prune deletes segments beyond the policy's limits, each with a seal that says
// so.
func (k *Keeper) prune() {
	last := k.lastSeals()
	var protected map[uint64]bool
	if k.o.Protected != nil {
		var err error
		if protected, err = k.o.Protected(); err != nil {
			k.say(event.FaultKeeping, "nothing is deleted: %v", err)
			return
		}
	}
	plan, kept, err := rotate.Plan(k.o.Journal, rotate.Policy{
		Now: time.Now(), MaxAge: k.o.Policy.Keep.Duration(), MaxTotal: int64(k.o.Policy.MaxTotal),
		Keep: func(s journal.Segment) (string, bool) { return k.keeps(s, last, protected) },
	})
	if err != nil {
		k.say(event.FaultKeeping, "%v", err)
		return
	}
	for _, d := range kept {
		k.o.Log.Debug("a segment beyond the limits is kept", "segment", d.Segment.Number, "reason", d.Reason)
	}
	if _, err := rotate.Apply(plan, func(d rotate.Deletion) error {
		s, err := k.sealer.Prune(d.Segment.Number, k.counters())
		if !k.made(s, err) {
			return err
		}
		return nil
	}); err != nil {
		k.say(event.FaultKeeping, "%v", err)
	}
}

// lastSeals finds the last seal of every segment that has one.
func (k *Keeper) lastSeals() map[uint64]uint64 {
	last := make(map[uint64]uint64)
	for s, err := range seal.Seals(k.o.Journal) {
		if err == nil && s.Kind == seal.Rotate {
			last[s.Segment] = s.K
		}
	}
	return last
}

// keeps says why a segment must not be deleted: a flood must not be able to
// push evidence out.
func (k *Keeper) keeps(s journal.Segment, last map[uint64]uint64, protected map[uint64]bool) (reason string, keep bool) {
	sealed, ok := last[s.Number]
	switch {
	case !ok:
		return "not sealed to its end", true
	case protected[s.Number]:
		return "under an open alert", true
	case len(k.o.Anchors.Status()) == 0:
		return "", false
	}
	if acked, ok := k.o.Anchors.AckedK(k.journalID()); !ok || acked < sealed {
		return "not anchored", true
	}
	return "", false
}
