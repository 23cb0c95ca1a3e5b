package anchor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// FailAfter is how long an anchor may fail before its status is an alarm,
// unless the queue is told otherwise.
const FailAfter = 15 * time.Minute

// ErrBehind is the error of a statement that is not newer than one that was
// offered before and differs from it: the journal was rolled back or replaced.
var ErrBehind = errors.New("older than what was anchored")

// A Queue hands statements to any number of anchors, each by itself: one that
// is slow or down delays no other.
//
// For each anchor only the newest statement waits. When the anchor's interval
// has passed it is sent, and until it is acknowledged it is sent again, later
// each time, or replaced by a newer one. Passing over statements is sound:
// seal k commits to every seal before it, so an anchor that has k vouches for
// all of them. What it costs is time, not strength: a change is noticed against
// the next statement the anchor did get.
//
// What waits and what was acknowledged is kept on disk, one directory for each
// anchor, replaced as a whole. After a crash the waiting statement on disk may
// be older than the newest, or have been sent already: whoever owns the journal
// offers its newest seal again after a start. Anchors take a statement twice.
//
// A failing anchor is shown by [Queue.Status] and never stops the queue. All
// methods are safe to call at the same time; Run is called once. The zero Queue
// has no anchors.
type Queue struct {
	lanes     []*lane
	failAfter time.Duration
}

// An Entry is an anchor and how it is used.
type Entry struct {
	Anchor Anchor
	Plan   Plan
}

// OpenQueue opens the queue whose state lies below dir, in one directory for
// each entry, named like its anchor. A failAfter of 0 is [FailAfter]. A state
// that cannot be read is started over, and the anchor's status says so.
func OpenQueue(dir string, failAfter time.Duration, entries ...Entry) (*Queue, error) {
	if failAfter == 0 {
		failAfter = FailAfter
	}
	q := &Queue{failAfter: failAfter}
	seen := make(map[string]bool)
	for _, e := range entries {
		if err := e.Plan.Check(); err != nil {
			return nil, fmt.Errorf("anchor %.40q: %w", e.Plan.Name, err)
		}
		if seen[e.Plan.Name] {
			return nil, fmt.Errorf("anchor %q is configured twice: give each its own name", e.Plan.Name)
		}
		seen[e.Plan.Name] = true
		q.lanes = append(q.lanes, openLane(filepath.Join(dir, e.Plan.Name), e))
	}
	return q, nil
}

// Offer hands the newest statement to every anchor. It never blocks and touches
// no disk. A statement offered before is ignored. One that is older than
// another, or has its number and is not the same, is taken all the same, and
// the error is [ErrBehind]; one that does not pass its Check is not taken. The
// queue keeps st.Line: it must not change any more.
func (q *Queue) Offer(st Statement) error {
	if err := st.Check(); err != nil {
		return err
	}
	var behind error
	for _, l := range q.lanes {
		if k, ok := l.offer(st); !ok {
			behind = fmt.Errorf("seal %d of journal %s: anchor %s was offered %d: %w", st.K, st.Journal, l.plan.Name, k, ErrBehind)
		}
	}
	return behind
}

// Run sends what is offered until ctx is done, and returns when every anchor
// has come to rest and what waits is stored.
func (q *Queue) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, l := range q.lanes {
		wg.Go(func() { l.run(ctx) })
	}
	<-ctx.Done()
	wg.Wait()
	return nil
}

// Flush sends what waits now, whatever the interval, and returns when every
// anchor has the newest statement or ctx is done: for the last seal before a
// stop. Run must be running.
func (q *Queue) Flush(ctx context.Context) error {
	for _, l := range q.lanes {
		l.hurry()
	}
	var errs []error
	for _, l := range q.lanes {
		if err := l.await(ctx); err != nil {
			errs = append(errs, fmt.Errorf("anchor %s has not got the newest seal: %w", l.plan.Name, err))
		}
	}
	return errors.Join(errs...)
}

// AckedK returns the highest seal of the journal that every anchor has, itself
// or through a later one. Without anchors, or while one has none of this
// journal, ok is false.
func (q *Queue) AckedK(journal string) (k uint64, ok bool) {
	for i, l := range q.lanes {
		s := l.snapshot()
		if s.Journal != journal {
			return 0, false
		}
		if i == 0 || s.LastK < k {
			k = s.LastK
		}
	}
	return k, len(q.lanes) > 0
}

// A Status is how one anchor does.
type Status struct {
	Name string `json:"name"`
	Kind string `json:"kind"`

	Journal  string    `json:"journal,omitempty"`  // of the last acknowledged statement; "" when there is none
	LastK    uint64    `json:"last_k"`             // its seal
	LastTime time.Time `json:"last_time,omitzero"` // when it was acknowledged
	Receipt  string    `json:"receipt,omitempty"`  // what the anchor gave for it, if anything
	NewestK  uint64    `json:"newest_k"`           // the newest seal offered

	FailingSince time.Time `json:"failing_since,omitzero"` // zero while the anchor works
	Error        string    `json:"error,omitempty"`        // why; safe for one line of a terminal, at most 300 columns
	Alarm        bool      `json:"alarm"`                  // it has failed or not answered for too long: somebody must be told

	// Since the queue was opened: Offered = Sent + Skipped + Refused + Pending.
	Offered uint64 `json:"offered"`
	Sent    uint64 `json:"sent"`
	Skipped uint64 `json:"skipped"` // passed over for a newer one
	Refused uint64 `json:"refused"`
	Pending int    `json:"pending"` // waiting or under way
	Failed  uint64 `json:"failed"`  // attempts that failed
}

// Status returns how each anchor does, in the order of the configuration.
func (q *Queue) Status() []Status {
	now := time.Now()
	out := make([]Status, len(q.lanes))
	for i, l := range q.lanes {
		out[i] = l.status(now, q.failAfter)
	}
	return out
}
