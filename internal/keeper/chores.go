package keeper

import (
	"context"
	"errors"
	"time"

	"gander/internal/event"
	"gander/internal/journal/rotate"
	"gander/internal/journal/seal"
)

// chores do what is due by the clock.
func (k *Keeper) chores(ctx context.Context) {
	now := time.Now()
	if now.Before(k.due.chores) {
		return
	}
	k.due.chores = now.Add(choresEvery)
	if k.waiting() {
		k.recover(ctx)
	}
	k.disk()
	for _, a := range k.o.Anchors.Status() {
		if a.Alarm {
			k.say(event.FaultAnchor, "anchor %s has failed since %s: %s", a.Name, a.FailingSince.UTC().Format(time.RFC3339), a.Error)
		}
	}
	if now.After(k.due.prune) {
		k.due.prune = now.Add(pruneEvery)
		k.prune()
	}
}

// disk keeps the reserve and tells when space runs out.
func (k *Keeper) disk() {
	if err := rotate.Reserve(k.o.Journal, rotate.DefaultReserve); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		k.o.Log.Warn("cannot reserve disk space", "error", err)
	}
	free, _, err := rotate.FreeSpace(k.o.Journal)
	if err == nil && free < int64(k.o.Policy.MinFree) {
		k.say(event.FaultDisk, "less than %d MiB of disk are free", k.o.Policy.MinFree>>20)
	}
}

// A clock compares the time of day with the machine's own clock, which nobody
// sets, from seal to seal.
type clock struct {
	time time.Time
	id   string // of the machine's run
	boot time.Duration
}

// jump is by how much the time of day was set since the seal before, or 0 when
// that is less than a clock is corrected by in passing, or cannot be told.
func (c *clock) jump(s seal.Seal) time.Duration {
	last := *c
	*c = clock{s.Time, s.BootID, s.Boot}
	if last.time.IsZero() || s.BootID == "" || s.BootID != last.id {
		return 0
	}
	d := s.Time.Sub(last.time) - (s.Boot - last.boot)
	if d > -minJump && d < minJump {
		return 0
	}
	return d
}

const minJump = 5 * time.Second
