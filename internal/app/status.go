package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gander/internal/agent/claudecode"
	"gander/internal/alert"
	"gander/internal/journal"
	"gander/internal/keeper"
)

// A Status is one glance at whether gander does its work: evidence, not claims.
type Status struct {
	SchemaVersion int             `json:"schema_version"`
	Time          time.Time       `json:"time"`
	Watcher       WatcherStatus   `json:"watcher"`
	Hooks         []HookStatus    `json:"hooks"`
	Journal       JournalStatus   `json:"journal"`
	Sealed        keeper.Progress `json:"sealed"`
	Alerts        AlertStatus     `json:"alerts"`
	Problems      []string        `json:"problems"`
	Next          string          `json:"next"` // the command to type now
}

// A WatcherStatus is what is known of the watcher.
type WatcherStatus struct {
	Running bool      `json:"running"` // its process exists
	Stale   bool      `json:"stale"`   // it exists and has not given a sign of life for ten seconds
	PID     int       `json:"pid,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Beat    time.Time `json:"beat,omitzero"`
	Counts  Counts    `json:"counts"`
}

// A HookStatus is what one agent's settings say.
type HookStatus struct {
	Agent     string   `json:"agent"`
	File      string   `json:"file"`
	Installed []string `json:"installed"` // hook events
	Missing   []string `json:"missing"`
	Hook      string   `json:"hook,omitempty"` // the program they run
	Problems  []string `json:"problems,omitempty"`
}

// A JournalStatus is what lies in the journal.
type JournalStatus struct {
	Dir      string    `json:"dir"`
	Segments int       `json:"segments"`
	Bytes    int64     `json:"bytes"` // of the live segment
	Last     time.Time `json:"last,omitzero"`
}

// An AlertStatus counts alerts; those of drills are left out.
type AlertStatus struct {
	Total   int         `json:"total"`
	Unread  int         `json:"unread"`
	Highest alert.Level `json:"highest"` // of the unread
	Newest  time.Time   `json:"newest,omitzero"`
}

// staleAfter is several times the watcher's heartbeat.
const staleAfter = 10 * time.Second

// ReadStatus looks. What cannot be looked at is a problem, not an error.
func ReadStatus(d Dirs, now time.Time) Status {
	s := Status{SchemaVersion: 1, Time: now.UTC(), Problems: []string{}}
	s.watcher(d, now)
	s.hooks(d)
	s.journal(d)
	s.alerts(d)
	s.Next = s.next()
	return s
}

// Missing reports whether the watcher or the hooks are not there.
func (s *Status) Missing() bool {
	if !s.Watcher.Running || s.Watcher.Stale {
		return true
	}
	for _, h := range s.Hooks {
		if len(h.Installed) == 0 || len(h.Missing) > 0 || len(h.Problems) > 0 {
			return true
		}
	}
	return false
}

func (s *Status) watcher(d Dirs, now time.Time) {
	h := readHeart(d.heart())
	s.Sealed = h.Sealed
	s.Watcher = WatcherStatus{Running: h.alive(), Counts: h.Counts, Beat: h.Beat}
	if !s.Watcher.Running {
		s.problem("no watcher is running: calls are recorded, but nobody looks at them")
		return
	}
	s.Watcher.PID, s.Watcher.Since = h.PID, h.Since
	for _, a := range s.Sealed.Anchors {
		if a.Alarm {
			s.problem("anchor %s has failed since %s: %s", a.Name, a.FailingSince.Local().Format(time.DateTime), a.Error)
		}
	}
	if now.Sub(h.Beat) > staleAfter {
		s.Watcher.Stale = true
		s.problem("the watcher (pid %d) has given no sign of life for %s: it may be stopped", h.PID, now.Sub(h.Beat).Round(time.Second))
	}
}

func (s *Status) hooks(d Dirs) {
	file := claudecode.SettingsPath(d.Home, d.ClaudeConfig)
	h := HookStatus{Agent: claudecode.Name, File: file, Installed: []string{}, Missing: []string{}}
	settings, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.Problems = append(h.Problems, err.Error())
	}
	in := claudecode.Inspect(settings)
	h.Installed = append(h.Installed, in.Installed...)
	h.Missing = append(h.Missing, in.Missing...)
	h.Hook = in.Hook
	h.Problems = append(h.Problems, in.Problems...)
	if st, err := os.Stat(in.Hook); in.Hook != "" && (err != nil || st.Mode()&0o111 == 0) {
		h.Problems = append(h.Problems, "the hook "+in.Hook+" cannot be run")
	}
	s.Hooks = append(s.Hooks, h)
	if len(h.Installed) == 0 {
		s.problem("no hook is installed in %s: nothing is recorded", file)
	} else if len(h.Missing) > 0 {
		s.problem("%d hook events are missing from %s", len(h.Missing), file)
	}
	for _, p := range h.Problems {
		s.problem("%s", p)
	}
}

func (s *Status) journal(d Dirs) {
	s.Journal.Dir = d.Journal()
	segs, err := journal.Segments(d.Journal())
	if err != nil {
		s.problem("%v", err)
		return
	}
	for i := len(segs) - 1; i >= 0; i-- {
		last, size, err := journal.Last(segs[i].Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.problem("the journal cannot be read: %v", err)
		}
		if segs[i].Live {
			s.Journal.Bytes = size
		}
		if err == nil {
			s.Journal.Segments = i + 1
		}
		if s.Journal.Last = last; !last.IsZero() {
			return
		}
	}
}

func (s *Status) alerts(d Dirs) {
	read := lastRead(d)
	damaged, err := Raised(d, func(a alert.Alert, drill bool) bool {
		if drill {
			return true
		}
		s.Alerts.Total++
		s.Alerts.Newest = a.Raised
		if a.Raised.After(read) {
			s.Alerts.Unread++
			s.Alerts.Highest = max(s.Alerts.Highest, a.Level)
		}
		return true
	})
	if err != nil {
		s.problem("%v", err)
	}
	if damaged > 0 {
		s.problem("%d lines of %s were not written by gander", damaged, d.Outbox())
	}
}

func (s *Status) next() string {
	switch {
	case len(s.Hooks[0].Installed) == 0 || len(s.Hooks[0].Missing) > 0:
		return "gander install"
	case !s.Watcher.Running:
		return "gander watch"
	case s.Alerts.Unread > 0:
		return "gander alerts"
	}
	return "gander drill"
}

func (s *Status) problem(format string, args ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
}
