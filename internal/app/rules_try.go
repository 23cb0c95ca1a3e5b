package app

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gander/internal/agent/claudecode"
	"gander/internal/alert"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/journal"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// A TestReport says how rules do on their own cases.
type TestReport struct {
	SchemaVersion int        `json:"schema_version"`
	Rules         int        `json:"rules"`
	Cases         int        `json:"cases"`
	Untested      int        `json:"untested"` // rules without cases, and correlations
	Failures      []TestCase `json:"failures"`
}

// A TestCase is a case that failed.
type TestCase struct {
	Rule string `json:"rule"` // its title
	File string `json:"file"`
	Line int    `json:"line"` // of the rule
	Want string `json:"want"` // match or miss
	Call string `json:"call"`
}

// TestRules runs the cases that rules carry under gander: match and miss.
// Without paths it takes all rules of the source.
func TestRules(s rules.Source, paths []string) (*TestReport, error) {
	list, all, err := gather(s, paths)
	if err != nil {
		return nil, err
	}
	d, err := detect.NewRules(all, note)
	if err != nil {
		return nil, err
	}
	rep := &TestReport{SchemaVersion: 1, Rules: len(list), Failures: []TestCase{}}
	for _, r := range list {
		match, miss := rules.Cases(r)
		if r.Correlation != nil || len(match)+len(miss) == 0 {
			rep.Untested++ // a case is one call, a correlation is about several
			continue
		}
		for _, c := range match {
			rep.run(d, r, c, "match")
		}
		for _, c := range miss {
			rep.run(d, r, c, "miss")
		}
	}
	return rep, nil
}

// gather returns the rules of paths, or of the source, and with them the
// default rules they may name.
func gather(s rules.Source, paths []string) (list, all []*sigma.Rule, err error) {
	if len(paths) == 0 {
		c, err := s.Read()
		if err != nil {
			return nil, nil, err
		}
		return c.Rules, c.Active(), nil
	}
	own, err := rules.Load()
	if err != nil {
		return nil, nil, err
	}
	if list, err = rules.ReadFiles(paths, false); err != nil {
		return nil, nil, err
	}
	return list, append(others(own, list), list...), nil
}

func (rep *TestReport) run(d *detect.Rules, r *sigma.Rule, c rules.Case, want string) {
	rep.Cases++
	call := map[string]any{
		"session_id": "00000000-0000-0000-0000-000000000000", "hook_event_name": "PreToolUse",
		"tool_use_id": "toolu_0", "cwd": c.CWD, "tool_name": c.Tool, "tool_input": c.Input,
	}
	payload, err := json.Marshal(call)
	if err == nil {
		e := claudecode.Adapter{}.Parse(payload)
		if found(d.Detect(&e), r.ID) == (want == "match") {
			return
		}
	}
	rep.Failures = append(rep.Failures, TestCase{Rule: r.Title, File: r.File, Line: r.Line, Want: want, Call: shown(c, err)})
}

func found(list []alert.Finding, id string) bool {
	for _, f := range list {
		if f.Rule.ID == id {
			return true
		}
	}
	return false
}

// shown is a case in one line.
func shown(c rules.Case, err error) string {
	if err != nil {
		return err.Error()
	}
	if command, ok := c.Input["command"].(string); ok {
		return command
	}
	input, err := json.Marshal(c.Input)
	if err != nil {
		return err.Error()
	}
	return c.Tool + " " + string(input)
}

// Data is what rules are tried on.
type Data struct {
	Files   []string // hook payloads, journals or transcripts, "-" for Stdin; none: Journal
	Journal string   // a directory
	Stdin   io.Reader
	Since   time.Time // older calls are left out; zero for none
}

// A Reading is how much of the data was read.
type Reading struct {
	Events  int `json:"events"`
	Unknown int `json:"unknown"` // lines of no known form
}

// run gives every event of d to a detector.
func (d *Data) run(to detect.Detector) (Reading, error) {
	sift := &sieve{to: to, since: d.Since}
	s := &Scanner{Detector: sift, Min: alert.Critical, Emit: func(alert.Alert) error { return nil }}
	err := d.scan(s)
	return Reading{sift.n, s.Unknown}, err
}

func (d *Data) scan(s *Scanner) error {
	for _, name := range d.Files {
		if err := s.ScanFile(name, d.Stdin); err != nil {
			return err
		}
	}
	if len(d.Files) > 0 {
		return nil
	}
	segs, err := journal.Segments(d.Journal)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	for _, seg := range segs {
		if err := scanSegment(s, seg.Path); err != nil {
			return err
		}
	}
	return nil
}

func scanSegment(s *Scanner, path string) (err error) {
	f, err := journal.OpenSegment(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return s.scan(filepath.Base(path), f)
}

// A sieve lets events from a time on through. What has no time passes.
type sieve struct {
	to    detect.Detector
	since time.Time
	n     int
}

func (s *sieve) Detect(e *event.Event) []alert.Finding {
	if !e.Time.IsZero() && e.Time.Before(s.since) {
		return nil
	}
	s.n++
	return s.to.Detect(e)
}

// A BacktestReport says what rules would have found.
type BacktestReport struct {
	SchemaVersion int `json:"schema_version"`
	Reading
	Rules   []RuleResult `json:"rules"`   // most matches first
	Foreign int          `json:"foreign"` // rules for log sources no tool call is, left out
}

// A RuleResult is what one rule would have found.
type RuleResult struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Level   string `json:"level"`
	Matches int    `json:"matches"` // calls
	// NoData is true when no call held anything the rule reads: no match then
	// says nothing about the rule.
	NoData bool `json:"no_data"`
}

// Backtest runs rules over data. Without paths it takes all rules of the
// source.
func Backtest(s rules.Source, paths []string, data Data) (*BacktestReport, error) {
	list, all, err := gather(s, paths)
	if err != nil {
		return nil, err
	}
	d, err := detect.NewCorrelated(all, note, nil)
	if err != nil {
		return nil, err
	}
	d.Count()
	rep := &BacktestReport{SchemaVersion: 1, Rules: []RuleResult{}}
	if rep.Reading, err = data.run(d); err != nil {
		return nil, err
	}
	for _, r := range list {
		switch {
		case r.Filter != nil:
		case r.Correlation == nil && !detect.ForAgents(r.Logsource):
			rep.Foreign++
		default:
			rep.Rules = append(rep.Rules, RuleResult{
				ID: r.ID, Title: r.Title, Level: r.Level.String(), Matches: d.Matched(r.ID),
				NoData: rep.Events == 0 || r.Correlation == nil && d.Saw(r.Logsource) == 0,
			})
		}
	}
	slices.SortStableFunc(rep.Rules, func(a, b RuleResult) int { return cmp.Compare(b.Matches, a.Matches) })
	return rep, nil
}

// A Change is a call one version of some rules matches and the other does not.
type Change struct {
	SchemaVersion int         `json:"schema_version"`
	Gained        bool        `json:"gained"` // by the new version; else lost
	Alert         alert.Alert `json:"alert"`
}

// DiffRules runs two versions of a file or directory of rules over data and
// calls emit for each call they differ about.
func DiffRules(before, after string, data Data, emit func(Change) error) (Reading, error) {
	old, err := version(before)
	if err != nil {
		return Reading{}, err
	}
	next, err := version(after)
	if err != nil {
		return Reading{}, err
	}
	d := &differ{old: old, next: next, emit: emit}
	r, err := data.run(d)
	return r, errors.Join(err, d.err)
}

// A ruleVersion is the rules of one file and what finds their matches.
type ruleVersion struct {
	*detect.Correlated
	ids map[string]bool
}

func version(path string) (*ruleVersion, error) {
	list, all, err := gather(rules.Source{}, []string{path})
	if err != nil {
		return nil, err
	}
	v := &ruleVersion{ids: make(map[string]bool)}
	for _, r := range list {
		v.ids[r.ID] = true
	}
	v.Correlated, err = detect.NewCorrelated(all, note, func(r *sigma.Rule) bool { return !v.ids[r.ID] })
	return v, err
}

// A differ compares what two versions say about each event.
type differ struct {
	old, next *ruleVersion
	emit      func(Change) error
	err       error
}

func (d *differ) Detect(e *event.Event) []alert.Finding {
	before, after := d.old.Detect(e), d.next.Detect(e)
	d.tell(false, e, d.old, before, after)
	d.tell(true, e, d.next, after, before)
	return nil
}

// tell emits what is in one list only.
func (d *differ) tell(gained bool, e *event.Event, v *ruleVersion, these, those []alert.Finding) {
	for _, f := range these {
		if v.ids[f.Rule.ID] && !found(those, f.Rule.ID) && d.err == nil {
			d.err = d.emit(Change{SchemaVersion: 1, Gained: gained, Alert: alert.New(f, e, e.Time)})
		}
	}
}
