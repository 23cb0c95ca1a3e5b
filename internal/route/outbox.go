// Package route is the way of an alert from the detectors to whoever must know.
//
// So far it is the [Outbox]: the durable list of everything that was raised.
package route

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"gander/internal/alert"
	"gander/internal/journal"
	"gander/internal/journal/record"
)

// A Mark is how far the journal has been read.
type Mark struct {
	Seq uint64      `json:"seq"` // entries read since the beginning: orders marks
	Pos journal.Pos `json:"pos"`
}

// An Outbox is a file of alerts, oldest first, one line for each event that
// raised any:
//
//	\n{"v":1,"mark":{"seq":…,"pos":{…}},"alerts":[…]}\n
//
// The line carries the alerts and the place in the journal just after their
// event, in one append: a watcher that is killed at any moment and started
// again from the last line neither misses an alert nor raises one twice. A torn
// last line means that its event has not been dealt with. One process writes;
// any number may read. docs/format/outbox.md has the whole of it.
type Outbox struct {
	path    string
	last    Mark
	seen    map[string]bool
	damaged int
}

type outboxLine struct {
	Version int           `json:"v"`
	Mark    Mark          `json:"mark"`
	Alerts  []alert.Alert `json:"alerts"`
}

// OpenOutbox reads the outbox at path; a missing file is an empty one.
func OpenOutbox(path string) (*Outbox, error) {
	o := &Outbox{path: path, seen: make(map[string]bool)}
	r := NewReader(path)
	err := r.lines(func(l outboxLine) bool {
		o.last = l.Mark
		for _, a := range l.Alerts {
			o.seen[a.ID] = true
		}
		return true
	})
	o.damaged = r.Damaged
	return o, err
}

// Last is the mark of the last whole line.
func (o *Outbox) Last() Mark { return o.last }

// Has reports whether the alert with this id has been raised.
func (o *Outbox) Has(id string) bool { return o.seen[id] }

// Damaged is Reader.Damaged of when the outbox was opened.
func (o *Outbox) Damaged() int { return o.damaged }

// Append stores the alerts of one event and the mark after it.
func (o *Outbox) Append(m Mark, alerts []alert.Alert) error {
	line, err := json.Marshal(outboxLine{Version: 1, Mark: m, Alerts: alerts})
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	frame := append(append([]byte{'\n'}, line...), '\n')
	if err := record.Append(o.path, frame, nil); err != nil {
		return fmt.Errorf("store alerts: %w", err)
	}
	o.last = m
	for _, a := range alerts {
		o.seen[a.ID] = true
	}
	return nil
}

// A Reader reads the alerts of an outbox, also of one that grows.
type Reader struct {
	// Damaged counts lines that no watcher wrote. A line cut short is not one:
	// a watcher killed while it wrote leaves it, and its event is judged again.
	Damaged int

	path   string
	offset int64
}

// NewReader reads the outbox at path from its beginning. The file need not
// exist yet.
func NewReader(path string) *Reader { return &Reader{path: path} }

// SkipToEnd passes over everything that has been raised so far.
func (r *Reader) SkipToEnd() {
	if st, err := os.Stat(r.path); err == nil {
		r.offset = st.Size()
	}
}

// Read calls yield for every alert that was stored since the last Read, oldest
// first, until yield returns false.
func (r *Reader) Read(yield func(alert.Alert) bool) error {
	return r.lines(func(l outboxLine) bool {
		for _, a := range l.Alerts {
			if !yield(a) {
				return false
			}
		}
		return true
	})
}

// lines reads whole lines from the offset on, and leaves an unfinished one.
func (r *Reader) lines(yield func(outboxLine) bool) error {
	f, err := os.Open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open outbox: %w", err)
	}
	defer f.Close()
	if _, err := f.Seek(r.offset, io.SeekStart); err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	for br := bufio.NewReader(f); ; {
		b, err := br.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		r.offset += int64(len(b))
		if l, ok := r.parse(bytes.TrimSuffix(b, []byte{'\n'})); ok && !yield(l) {
			return nil
		}
	}
}

func (r *Reader) parse(b []byte) (l outboxLine, ok bool) {
	if len(b) == 0 {
		return l, false
	}
	if json.Unmarshal(b, &l) == nil && l.Version == 1 {
		return l, true
	}
	if !torn(b) {
		r.Damaged++
	}
	return l, false
}

// torn reports whether b is the beginning of a line and not the whole of one.
func torn(b []byte) bool {
	n := min(len(b), len(outboxPrefix))
	return bytes.Equal(b[:n], outboxPrefix[:n]) && !json.Valid(b)
}

var outboxPrefix = []byte(`{"v":1,"mark":{"seq":`)
