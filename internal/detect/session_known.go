package detect

import (
	"fmt"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/event"
)

// A project is what is known of the hosts and tools of the sessions that began
// in one directory.
type project struct {
	hosts []host
	tools []uint64
}

const (
	maxHosts = 256
	maxTools = 128
	maxTold  = 16 // findings of one call
)

// A host is one that a project has met.
type host struct {
	name  uint64
	first time.Time
	sent  time.Time // when data was first sent to it
	named bool      // by the user, or by the project's own configuration
}

func (p *project) find(name uint64) *host {
	for i := range p.hosts {
		if p.hosts[i].name == name {
			return &p.hosts[i]
		}
	}
	return nil
}

// host finds a host or adds it. Of too many the one met first is forgotten.
func (p *project) host(name uint64, now time.Time) *host {
	if h := p.find(name); h != nil {
		return h
	}
	if len(p.hosts) >= maxHosts {
		p.hosts = append(p.hosts[:0], p.hosts[1:]...)
	}
	p.hosts = append(p.hosts, host{name: name, first: now})
	return &p.hosts[len(p.hosts)-1]
}

// knows reports whether a host was no surprise at a time: the user named it, it
// had been sent data, or it had been met well before. A host that is merely
// asked for something a moment earlier is not known.
func (s *Sessions) knows(se *session, name string, then time.Time) bool {
	h := se.project.find(s.hash(name))
	if h == nil || name == "" {
		return false
	}
	return h.named || !h.sent.IsZero() && h.sent.Before(then) || then.Sub(h.first) >= sessionWindow
}

// sent remembers that a host is sent data.
func (s *Sessions) sent(se *session, e *event.Event, name string) {
	if name == "" {
		return
	}
	if h := se.project.host(s.hash(name), e.Time); h.sent.IsZero() {
		h.sent = e.Time
	}
}

// start is the time of the first event of a chain.
func (l *link) start() time.Time {
	if l == nil {
		return time.Time{}
	}
	for l.before != nil {
		l = l.before
	}
	return l.at
}

// meet states which host and which tool the project meets for the first time.
func (s *Sessions) meet(se *session, e *event.Event) {
	for i := range s.facts.hosts {
		name := s.facts.hosts[i].host
		if name == "" || isLocal(name) {
			continue
		}
		key := s.hash(name)
		if se.project.find(key) != nil {
			continue
		}
		se.project.host(key, e.Time)
		if len(s.found) < maxTold {
			s.say(first("gander.new-host", "A project talks to a host for the first time", alert.Low, "host", name, e.CWD))
		}
	}
	if key := s.hash(e.Tool); e.Tool != "" && se.project.meets(key) {
		s.say(first("gander.new-tool", "A project uses a tool for the first time", alert.Informational, "tool", e.Tool, e.CWD))
	}
}

// meets reports whether a tool is new.
func (p *project) meets(tool uint64) bool {
	for _, t := range p.tools {
		if t == tool {
			return false
		}
	}
	if len(p.tools) >= maxTools {
		p.tools = append(p.tools[:0], p.tools[1:]...)
	}
	p.tools = append(p.tools, tool)
	return true
}

func first(id, title string, level alert.Level, what, name, dir string) alert.Finding {
	return alert.Finding{
		Rule:    alert.Rule{ID: id, Title: title},
		Level:   level,
		Why:     fmt.Sprintf("the %s was not seen before in this project", what),
		Matches: []alert.Match{{Field: what, Value: name}},
		Key:     dir + " " + name,
	}
}

// isLocal reports whether a host is this machine, or a name that never leaves
// it.
func isLocal(host string) bool {
	switch host {
	case "localhost", "::1", "0.0.0.0", "host.docker.internal":
		return true
	}
	if rest, ok := strings.CutPrefix(host, "127."); ok && strings.Trim(rest, "0123456789.") == "" {
		return true
	}
	return strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".test")
}
