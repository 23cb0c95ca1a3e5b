package app

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"gander/internal/agent"
	"gander/internal/alert"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/zst"
)

// A Scanner runs the detectors over files instead of the live journal.
type Scanner struct {
	Detector detect.Detector
	Min      alert.Level
	Emit     func(alert.Alert) error

	Lines   int // read
	Events  int // understood
	Unknown int // lines of no known form
	Damaged int // places of compressed files that could not be read
	Alerts  int
	found   [alert.Critical + 1]int // findings by level, also those below Min
}

// Seen reports whether anything of level l or above was found, emitted or not.
func (s *Scanner) Seen(l alert.Level) bool {
	for _, n := range s.found[l:] {
		if n > 0 {
			return true
		}
	}
	return false
}

// ScanFile scans one file: hook payloads, journal records or transcript lines,
// one JSON object a line, also mixed. "-" is standard input.
func (s *Scanner) ScanFile(name string, stdin io.Reader) error {
	if name == "-" {
		return s.scan("-", stdin)
	}
	f, err := journal.OpenFile(name)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return fmt.Errorf("scan %s: is a directory; name the files, for example %s/*.jsonl", name, name)
	}
	return s.scan(name, f)
}

func (s *Scanner) scan(name string, r io.Reader) error {
	br := bufio.NewReaderSize(r, 256<<10)
	for n := 1; ; n++ {
		line, err := readLine(br)
		if len(line) > 0 {
			s.Lines++
			if err := s.line(name, n, line); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, new(*zst.DamageError)):
			s.Damaged++ // reading goes on behind it
		case err != nil:
			return fmt.Errorf("scan %s line %d: %w", name, n, err)
		}
	}
}

// readLine returns the next line without its line feed, of any length up to
// the longest a record can have.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return bytes.TrimSpace(line), err
	}
	long := append([]byte(nil), line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = r.ReadSlice('\n')
		long = append(long, line...)
		if len(long) > record.MaxLine {
			return nil, journal.ErrTooLong
		}
	}
	return bytes.TrimSpace(long), err
}

func (s *Scanner) line(name string, n int, line []byte) error {
	for _, e := range s.events(line) {
		s.Events++
		e.Ref = event.Ref{File: name, Line: n}
		for _, f := range s.Detector.Detect(e) {
			s.found[f.Level]++
			if f.Level < s.Min {
				continue
			}
			s.Alerts++
			if err := s.Emit(alert.New(f, e, e.Time)); err != nil {
				return err
			}
		}
	}
	return nil
}

// events understands a line of any known form.
func (s *Scanner) events(line []byte) []*event.Event {
	if r, err := record.Parse(line); !errors.Is(err, record.ErrForeign) {
		return []*event.Event{decode(&journal.Entry{Line: line, Record: r, Err: err}, 0)}
	}
	for _, a := range adapters {
		if events := parseLine(a, line); events != nil {
			return events
		}
	}
	s.Unknown++
	return nil
}

// A lineReader is an adapter that also knows its agent's transcripts.
type lineReader interface {
	agent.Adapter
	Detect(line []byte) agent.Form
	ParseTranscriptLine(line []byte) []event.Event
}

// parseLine reads a line the way agent a writes it; nil when it is not a's. A
// transcript line that tells of no call is an empty list.
func parseLine(a agent.Adapter, line []byte) []*event.Event {
	r, ok := a.(lineReader)
	if !ok {
		return nil
	}
	var events []event.Event
	switch r.Detect(line) {
	case agent.Hook:
		events = []event.Event{r.Parse(line)}
	case agent.Transcript:
		events = r.ParseTranscriptLine(line)
	default:
		return nil
	}
	sum := sha256.Sum256(line)
	refs := make([]*event.Event, len(events))
	for i := range events {
		events[i].Agent = r.Name()
		events[i].Digest = hex.EncodeToString(sum[:8])
		refs[i] = &events[i]
	}
	return refs
}
