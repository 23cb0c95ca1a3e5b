package rotate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gander/internal/journal"
)

// A Policy says which segments may be deleted.
type Policy struct {
	Now      time.Time
	MaxAge   time.Duration // since the last change of a segment; 0 keeps them for ever
	MaxTotal int64         // bytes on disk of all segments together; 0 is no limit
	// Keep protects a segment and says why: it is not sealed, not anchored, under
	// an open alert. A nil Keep protects none.
	Keep func(journal.Segment) (reason string, keep bool)
}

// A Deletion is a segment that is to be deleted, or one that would be but must
// be kept, and why.
type Deletion struct {
	Segment journal.Segment
	Reason  string
}

// Plan lists the segments to delete under p, oldest first, and those that are
// beyond its limits but must be kept. The live segment, those not closed and the
// newest of the others always stay: the number of the next is made from it.
//
// A segment's age is that of its file, and not of the times in its records,
// which whoever can append can choose.
func Plan(dir string, p Policy) (del, kept []Deletion, err error) {
	segs, err := journal.Segments(dir)
	if err != nil {
		return nil, nil, err
	}
	var total int64
	for _, s := range segs {
		total += s.Disk
	}
	for i, s := range segs {
		reason, err := p.exceeded(s, total)
		if err != nil {
			return nil, nil, fmt.Errorf("plan deletions: %w", err)
		}
		if reason == "" || !s.Closed() {
			continue
		}
		if why, keep := p.protects(s, i == len(segs)-2); keep {
			kept = append(kept, Deletion{s, why})
			continue
		}
		del = append(del, Deletion{s, reason})
		total -= s.Disk
	}
	return del, kept, nil
}

// exceeded says which limit of p segment s is beyond, if any.
func (p Policy) exceeded(s journal.Segment, total int64) (reason string, err error) {
	if p.MaxTotal > 0 && total > p.MaxTotal {
		return fmt.Sprintf("the journal takes more than %d bytes", p.MaxTotal), nil
	}
	if p.MaxAge <= 0 {
		return "", nil
	}
	st, err := os.Lstat(s.Path)
	if errors.Is(err, fs.ErrNotExist) { // the live one need not exist
		return "", nil
	}
	if err != nil || p.Now.Sub(st.ModTime()) <= p.MaxAge {
		return "", err
	}
	return fmt.Sprintf("older than %s", p.MaxAge), nil
}

func (p Policy) protects(s journal.Segment, newest bool) (reason string, keep bool) {
	if newest {
		return "the newest: the number of the next is made from it", true
	}
	if p.Keep == nil {
		return "", false
	}
	return p.Keep(s)
}

// Apply deletes segments in order. It calls before for each, to record the
// deletion, and stops at its first error. It returns how many it has deleted.
func Apply(del []Deletion, before func(Deletion) error) (int, error) {
	for i, d := range del {
		if !d.Segment.Closed() {
			return i, fmt.Errorf("delete segment %d: it is not closed", d.Segment.Number)
		}
		if err := before(d); err != nil {
			return i, fmt.Errorf("delete segment %d: %w", d.Segment.Number, err)
		}
		if err := remove(d.Segment); err != nil {
			return i, fmt.Errorf("delete segment %d: %w", d.Segment.Number, err)
		}
	}
	return len(del), nil
}

// remove deletes a segment in whatever form it lies there by now.
func remove(s journal.Segment) error {
	exchanging.Lock()
	defer exchanging.Unlock()
	dir := filepath.Dir(s.Path)
	for _, path := range []string{s.Path, journal.ClosedPath(dir, s.Number), journal.CompressedPath(dir, s.Number)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := removeTemps(journal.CompressedPath(dir, s.Number)); err != nil {
		return err
	}
	return syncDir(dir)
}
