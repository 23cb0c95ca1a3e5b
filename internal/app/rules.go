package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/journal"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// Rules is where the rules of an account lie; paths are further files and
// directories of them.
func (d Dirs) Rules(paths ...string) rules.Source {
	return rules.Source{Config: filepath.Dir(d.Config), Paths: paths}
}

// LiveRules are the rules of a person and those gander comes with, as the
// files say it now. A change that cannot be read changes nothing: the rules
// before it go on, and the fault is an alert. It is used by one goroutine.
type LiveRules struct {
	source  rules.Source
	own     []*sigma.Rule // gander's, which no file switches off
	rules   *detect.Correlated
	follow  *detect.Sessions // hears what the rules are matched against
	stamp   uint64
	checked time.Time
	fault   error // of the last reading, until Check has told it
}

var _ detect.Warmer = (*LiveRules)(nil)

// reloadEvery is how often the files are looked at.
const reloadEvery = 10 * time.Second

// faultRules is the fault of rules that cannot be read.
const faultRules = "rules-unreadable"

// NewLiveRules reads the rules, and adds own to them. Where those of the person
// cannot be read the default ones are used alone, and Check says so.
func NewLiveRules(s rules.Source, own ...*sigma.Rule) (*LiveRules, error) {
	r := &LiveRules{source: s, own: own, stamp: s.Stamp()}
	c, err := compileRules(s, own)
	if err != nil {
		r.fault = err
		c, err = compileRules(rules.Source{}, own)
	}
	if err == nil {
		r.use(c)
	}
	return r, err
}

// use begins to use compiled rules. What is known of sessions begins anew.
func (r *LiveRules) use(c *detect.Correlated) {
	r.rules, r.follow = c, detect.NewCorrelatedSessions(c)
}

// compileRules reads and compiles all rules of a source, and own.
func compileRules(s rules.Source, own []*sigma.Rule) (*detect.Correlated, error) {
	c, err := s.Read()
	if err != nil {
		return nil, err
	}
	return detect.NewCorrelated(slices.Concat(c.Active(), own), note, c.Off)
}

func note(r *sigma.Rule) detect.Note { return detect.Note(rules.NoteOf(r)) }

// Detect asks the rules, and says what an event of Check means.
func (r *LiveRules) Detect(e *event.Event) []alert.Finding {
	if len(e.Faults) == 1 && e.Kind == event.Unreadable {
		if detail, ok := strings.CutPrefix(e.Faults[0], faultRules+":"); ok {
			return []alert.Finding{rulesFault(detail)}
		}
	}
	return append(r.rules.Detect(e), r.follow.Detect(e)...)
}

func rulesFault(detail string) alert.Finding {
	return alert.Finding{
		Rule: alert.Rule{
			ID: "gander." + faultRules, Title: "The rules cannot be read",
			Tags: []string{"attack.defense-impairment", "attack.defense-evasion", "attack.t1685"},
		},
		Level:   alert.High,
		Why:     "a file of rules was changed and is wrong, so the rules from before are still used",
		Advice:  "run gander rule lint and correct what it says; if you did not change them, see who did",
		Matches: []alert.Match{{Field: "fault", Value: detail}},
		Key:     detail,
	}
}

// Check looks whether the files changed, at most once in ten seconds, and takes
// over what they say. It returns an event to be judged when they cannot be read,
// else nil. Correlations that did not change keep what they know.
func (r *LiveRules) Check(now time.Time) *event.Event {
	if now.Sub(r.checked) < reloadEvery && r.fault == nil {
		return nil
	}
	r.checked = now
	if stamp := r.source.Stamp(); stamp != r.stamp {
		r.stamp = stamp
		r.reload()
	}
	if r.fault == nil {
		return nil
	}
	e := faultEvent(faultRules+":"+r.fault.Error(), now.UTC())
	r.fault = nil
	return e
}

// Fault is what is wrong with the files, if they could not be read.
func (r *LiveRules) Fault() error { return r.fault }

func (r *LiveRules) reload() {
	next, err := compileRules(r.source, r.own)
	if r.fault = err; err == nil {
		next.Adopt(r.rules)
		r.use(next)
	}
}

// Horizon is how far back correlations and sessions look.
func (r *LiveRules) Horizon() time.Duration { return max(r.rules.Horizon(), r.follow.Horizon()) }

// Warm takes in an event that was judged before.
func (r *LiveRules) Warm(e *event.Event) {
	r.rules.Warm(e)
	r.follow.Warm(e)
}

// DetectorsFor are the detectors every event passes, with the rules of a
// source and own. LiveRules is one of them, for whoever runs for long to Check.
func DetectorsFor(s rules.Source, own ...*sigma.Rule) (detect.Set, *LiveRules, error) {
	live, err := NewLiveRules(s, own...)
	if err != nil {
		return nil, nil, fmt.Errorf("compile the rules: %w", err)
	}
	return detect.Set{new(detect.Integrity), new(detect.Flood), live}, live, nil
}

// WarmUp lets a detector see again what lies in the journal before a position,
// as far back as it matters. What cannot be understood is left out: the watcher
// has said so.
func WarmUp(dir string, until journal.Pos, d detect.Detector) error {
	horizon := detect.Horizon(d)
	if horizon == 0 || until.IsZero() {
		return nil
	}
	segs, err := journal.Segments(dir)
	if err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	for _, s := range within(segs, until.Segment, horizon) {
		err := eachEntry(s.Path, func(e *journal.Entry) bool {
			if s.Number == until.Segment && e.Offset >= until.Offset {
				return false
			}
			detect.Warm(d, decode(e, s.Number))
			return true
		})
		if err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	return nil
}

// within returns the segments up to one, oldest first, that may hold records
// less than horizon older than its first.
func within(segs []journal.Segment, last uint64, horizon time.Duration) []journal.Segment {
	for len(segs) > 0 && segs[len(segs)-1].Number > last {
		segs = segs[:len(segs)-1]
	}
	if len(segs) == 0 {
		return nil
	}
	first := len(segs) - 1
	since := firstTime(segs[first].Path).Add(-horizon)
	for ; first > 0; first-- {
		if t, _, err := journal.Last(segs[first-1].Path); err == nil && t.Before(since) {
			break
		}
	}
	return segs[first:]
}

// firstTime returns the time of the first record of a segment.
func firstTime(path string) (t time.Time) {
	_ = eachEntry(path, func(e *journal.Entry) bool { // without one, all of the journal is seen
		t = e.Record.Time
		return e.Err != nil
	})
	return t
}

// eachEntry calls yield for the entries of a segment until it returns false. A
// segment that is gone has none.
func eachEntry(path string, yield func(*journal.Entry) bool) error {
	f, err := journal.OpenSegment(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for r := journal.NewReader(f, 0); ; {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !yield(&e) {
			return nil
		}
	}
}
