package detect

import (
	"fmt"
	"time"

	"gander/internal/alert"
	"gander/internal/event"
)

const (
	floodWindow = 10 * time.Second
	// sessionFlood is far beyond what an agent does: some 20 parallel calls
	// with five hook events each are 100 events a second at the very most.
	sessionFlood = 2000
	// totalFlood is for many sessions at once, real or made up.
	totalFlood = 10_000
	// quietAfter is how long a flood goes on without another alert.
	quietAfter = 10 * time.Minute
	// maxSessions bounds the state: the agent chooses the session ids.
	maxSessions = 4096
)

// Flood finds sessions that record more than any agent does: a loop gone wild,
// or an attempt to bury something or to fill the disk. It counts by the time
// of the events, per session and in all, and speaks once per flood. Nothing is
// dropped because of it.
type Flood struct {
	sessions map[string]*rate
	total    rate
	swept    time.Time // when sessions that are over were last forgotten
}

var _ Detector = (*Flood)(nil)

// A rate counts events in a window of time.
type rate struct {
	since time.Time
	n     int
	quiet time.Time // nothing is said before
}

// Detect counts e.
func (f *Flood) Detect(e *event.Event) []alert.Finding {
	var out []alert.Finding
	if f.total.add(e.Time, totalFlood) {
		out = append(out, flood("all sessions together", e, totalFlood))
	}
	if r := f.session(e); r != nil && r.add(e.Time, sessionFlood) {
		out = append(out, flood("session "+e.Session, e, sessionFlood))
	}
	return out
}

// session finds the counter of e's session. When there are too many, those
// that are over are forgotten; if that does not help, only the total counts.
func (f *Flood) session(e *event.Event) *rate {
	if r, ok := f.sessions[e.Session]; ok || e.Session == "" {
		return r
	}
	if len(f.sessions) >= maxSessions && !f.sweep(e.Time) {
		return nil
	}
	if f.sessions == nil {
		f.sessions = make(map[string]*rate)
	}
	f.sessions[e.Session] = new(rate)
	return f.sessions[e.Session]
}

// sweep forgets sessions that are over, and reports whether there is room now.
// It looks once per window: with ever new ids it would do nothing else.
func (f *Flood) sweep(now time.Time) bool {
	if now.Sub(f.swept) < floodWindow {
		return false
	}
	f.swept = now
	for id, r := range f.sessions {
		if now.Sub(r.since) > floodWindow && now.After(r.quiet) {
			delete(f.sessions, id)
		}
	}
	return len(f.sessions) < maxSessions
}

// add counts one event at t, and reports whether it makes a flood that has not
// been spoken of.
func (r *rate) add(t time.Time, limit int) bool {
	if d := t.Sub(r.since); d > floodWindow || d < -floodWindow {
		r.since, r.n = t, 0
	}
	r.n++
	if r.n != limit || t.Before(r.quiet) {
		return false
	}
	r.quiet = t.Add(quietAfter)
	return true
}

func flood(who string, e *event.Event, limit int) alert.Finding {
	return alert.Finding{
		Rule:   alert.Rule{ID: "gander.flood", Title: "A flood of records", Tags: []string{"attack.t1499"}},
		Level:  alert.Medium,
		Key:    who + " " + e.Time.Truncate(quietAfter).UTC().Format(time.RFC3339),
		Why:    fmt.Sprintf("%s recorded %d events within %s, more than an agent does: a runaway loop, or an attempt to bury something", who, limit, floodWindow),
		Advice: "look at what the session does; stop it if nobody wants that",
	}
}
