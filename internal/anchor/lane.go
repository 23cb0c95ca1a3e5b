package anchor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"gander/internal/safetext"
)

const (
	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
	columns      = 300 // of an error or a receipt: a server may have had a say in it
)

// A lane is one anchor of a queue. Only the goroutine in run sends and writes
// files; the others touch memory, under mu and never for long.
type lane struct {
	anchor Anchor
	plan   Plan
	dir    string
	write  func(path string, data []byte) error
	wake   chan struct{} // holds one: something was offered, or hurry

	mu        sync.Mutex
	state     state
	pending   *Statement    // the newest not acknowledged
	sending   *Statement    // under way; pending is the same or newer
	owed      time.Time     // since when the anchor has not got what was offered; zero when it has
	newer     time.Time     // when the first one since sending began was offered
	notBefore time.Time     // of the next attempt
	urgent    bool          // the interval does not count until nothing is pending
	stored    bool          // a pending statement is on disk
	settled   chan struct{} // closed after each attempt, and replaced
	count     counters
}

type counters struct{ offered, sent, skipped, refused, failed uint64 }

func openLane(dir string, e Entry) *lane {
	l := &lane{
		anchor: e.Anchor, plan: e.Plan, dir: dir, write: replace,
		wake: make(chan struct{}, 1), settled: make(chan struct{}),
	}
	l.state, l.pending = loadState(dir)
	if l.pending != nil {
		l.stored, l.owed = true, time.Now()
		l.count.offered = 1
	}
	return l
}

// offer returns false, and the number offered before, when st is behind it.
func (l *lane) offer(st Statement) (before uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.newest()
	if last.Journal == st.Journal && last.K == st.K && last.Hash == st.Hash {
		return last.K, true
	}
	now := time.Now()
	if l.pending != nil && l.pending != l.sending {
		l.count.skipped++
	}
	if l.sending != nil && l.newer.IsZero() {
		l.newer = now
	}
	if l.owed.IsZero() {
		l.owed = now
	}
	l.pending = &st
	l.count.offered++
	l.poke()
	return last.K, last.Journal == "" || last.Journal == st.Journal && last.K < st.K
}

// newest is the last statement offered, without its line when it has been
// acknowledged. The caller holds mu.
func (l *lane) newest() Statement {
	if l.pending != nil {
		return *l.pending
	}
	return Statement{Journal: l.state.Journal, K: l.state.LastK, Hash: l.state.LastHash}
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default: // it will wake anyway
	}
}

func (l *lane) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urgent = l.pending != nil
	l.notBefore = time.Time{}
	l.poke()
}

// await returns when nothing is pending, or ctx is done.
func (l *lane) await(ctx context.Context) error {
	for {
		l.mu.Lock()
		done, settled := l.pending == nil, l.settled
		l.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil {
		st, wait := l.take(time.Now())
		if st != nil {
			l.deliver(ctx, *st)
			continue
		}
		if l.isUnstored() {
			l.save() // it has to wait: keep it over a restart
		}
		l.sleep(ctx, wait)
	}
	l.save()
}

// take begins an attempt, or says how long there is to wait: below 0, until
// something is offered.
func (l *lane) take(now time.Time) (*Statement, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending == nil {
		return nil, -1
	}
	if wait := l.notBefore.Sub(now); wait > 0 {
		return nil, wait
	}
	l.sending, l.newer = l.pending, time.Time{}
	return l.sending, 0
}

func (l *lane) isUnstored() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending != nil && !l.stored
}

func (l *lane) sleep(ctx context.Context, d time.Duration) {
	var due <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-l.wake:
	case <-due:
	case <-ctx.Done():
	}
}

func (l *lane) deliver(ctx context.Context, st Statement) {
	if l.isUnstored() {
		l.save()
	}
	within, cancel := context.WithTimeout(ctx, l.plan.Timeout)
	defer cancel()
	receipt, err := l.anchor.Send(within, st)
	if err == nil && receipt.Token != nil {
		err = keepToken(l.dir, st, receipt.Token, l.write)
	}
	l.settle(st, receipt, err, ctx.Err() != nil)
	l.save()
}

// settle enters the outcome of an attempt. One that failed because the queue
// stops says nothing about the anchor.
func (l *lane) settle(st Statement, receipt Receipt, err error, stopping bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	superseded := l.pending != l.sending
	refused := errors.Is(err, ErrPermanent)
	l.sending = nil
	switch {
	case err == nil:
		l.acknowledge(st, receipt)
	case refused:
		l.count.refused++
	case superseded:
		l.count.skipped++
	}
	if err != nil && (refused || !stopping) {
		l.fail(err)
	}
	if !superseded && (err == nil || refused) {
		l.pending, l.urgent = nil, false
	}
	if l.urgent && err == nil {
		l.notBefore = time.Time{}
	}
	close(l.settled)
	l.settled = make(chan struct{})
}

func (l *lane) acknowledge(st Statement, receipt Receipt) {
	now := time.Now()
	l.count.sent++
	l.state = state{
		Journal: st.Journal, LastK: st.K, LastHash: st.Hash, LastTime: now,
		Receipt: receipt.Text,
	}
	l.owed = l.newer
	l.notBefore = now.Add(l.plan.Interval)
}

func (l *lane) fail(err error) {
	now := time.Now()
	l.count.failed++
	l.state.Failures++
	l.state.Error = err.Error()
	if l.state.Failing.IsZero() {
		l.state.Failing = now
	}
	l.notBefore = now.Add(backoff(l.state.Failures))
}

// backoff doubles with every failure in a row; the jitter keeps many machines
// from coming back to a server in step.
func backoff(failures int) time.Duration {
	d := min(firstBackoff<<min(failures-1, 16), maxBackoff)
	return d/2 + rand.N(d/2)
}

// save writes the state. An anchor whose state cannot be written still gets
// its statements: after a restart it gets some again.
func (l *lane) save() {
	l.mu.Lock()
	s, pending := l.state, l.pending
	l.mu.Unlock()
	err := storeState(l.dir, s, pending, l.write)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored = err == nil && pending != nil
	if err != nil {
		l.state.Error = fmt.Sprintf("store the anchor's state: %v", err)
	}
}

func (l *lane) snapshot() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *lane) status(now time.Time, failAfter time.Duration) Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{
		Name: l.plan.Name, Kind: l.plan.Kind,
		Journal: l.state.Journal, LastK: l.state.LastK, LastTime: l.state.LastTime, Receipt: safetext.Clip(l.state.Receipt, columns),
		NewestK: l.newest().K, FailingSince: l.state.Failing, Error: safetext.Clip(l.state.Error, columns),
		Offered: l.count.offered, Sent: l.count.sent, Skipped: l.count.skipped, Refused: l.count.refused, Failed: l.count.failed,
	}
	if l.pending != nil {
		s.Pending++
	}
	if l.sending != nil && l.sending != l.pending {
		s.Pending++
	}
	s.Alarm = since(s.FailingSince, now) >= failAfter
	if since(l.owed, now) >= failAfter+l.plan.Interval+l.plan.Timeout && s.FailingSince.IsZero() {
		// It neither works nor fails: it is deaf even to its timeout.
		s.FailingSince, s.Error, s.Alarm = l.owed, "gives no answer", true
	}
	return s
}

func since(t, now time.Time) time.Duration {
	if t.IsZero() {
		return -1
	}
	return now.Sub(t)
}
