package detect

import (
	"path"
	"strings"

	"gander/internal/alert"
	"gander/internal/event"
)

// content is what came from outside: hashes of the hosts it names, and of the
// pairs of words in it that may be part of a command.
type content struct {
	sources [maxSources]mark
	next    int // the source that is overwritten next
	pairs   [maxPairs]uint32
	pairOf  [maxPairs]uint8 // its source
	hosts   [maxNamed]uint64
	hostOf  [maxNamed]uint8
	pair    int
	host    int
}

const (
	maxSources  = 8
	maxPairs    = 2048
	maxNamed    = 64
	maxContents = 128 // sessions that hold content
	maxRisky    = 64  // acts of a call that are compared
	maxActWords = 128 // words of an act that are compared
	longPair    = 16  // letters of two words that nobody writes by chance
)

// learnContent keeps what the result of a call names.
func (s *Sessions) learnContent(se *session, e *event.Event, text string) {
	c := s.contentOf(se)
	n := c.next
	c.next = (n + 1) % maxSources
	c.forget(uint8(n))
	c.sources[n] = mark{e.Time, se.calls, newLink(se, e, nil)}
	before := ""
	for w := range words(text) {
		if h, ok := hostIn(w); ok {
			c.hosts[c.host], c.hostOf[c.host] = s.hash(h), uint8(n)
			c.host = (c.host + 1) % maxNamed
		}
		if p, score := s.pairOf(before, w); score > 0 {
			c.pairs[c.pair], c.pairOf[c.pair] = p, uint8(n)
			c.pair = (c.pair + 1) % maxPairs
		}
		before = w
	}
}

// contentOf makes room for content. Of too many sessions that hold some, the one
// used least recently lets go of it.
func (s *Sessions) contentOf(se *session) *content {
	if se.content != nil {
		return se.content
	}
	if s.contents >= maxContents {
		for o := s.sessions.order.prev; o != &s.sessions.order; o = o.prev {
			if o.value.content != nil {
				o.value.content = nil
				s.contents--
				break
			}
		}
	}
	s.contents++
	se.content = new(content)
	return se.content
}

// forget takes out what a source said.
func (c *content) forget(n uint8) {
	for i := range c.pairs {
		if c.pairOf[i] == n {
			c.pairs[i] = 0
		}
	}
	for i := range c.hosts {
		if c.hostOf[i] == n {
			c.hosts[i] = 0
		}
	}
}

// pairOf is the hash of two words and what it says that they stand in two
// texts: 0 when anybody writes them, 2 when nobody does by chance. A path stands
// for itself.
func (s *Sessions) pairOf(a, b string) (uint32, int) {
	if len(a)+len(b) < 10 || len(a)+len(b) > maxPath || !signs(a) && !signs(b) || a == "" {
		return 0, 0
	}
	score := 1
	if len(a)+len(b) >= longPair {
		score = 2
	}
	return uint32(s.hash(a)>>32 ^ s.hash(b)), score
}

// signs reports whether a word looks like one of a command.
func signs(w string) bool { return strings.ContainsAny(w, "/-_~$:@%+") }

// followed states that a risky act does what content from outside says.
func (s *Sessions) followed(se *session, e *event.Event) {
	s.keepDownloads(se, e)
	if se.content == nil {
		return
	}
	for i, acts := 0, 0; i < len(s.facts.cmds) && acts < maxRisky; i++ {
		level := s.risk(se, e, i)
		if level < alert.Medium {
			continue
		}
		acts++
		if from, what := s.source(se, e, i); from != nil {
			s.say(alert.Finding{
				Rule:    alert.Rule{ID: "gander.content-followed", Title: "A risky act follows content from outside", Tags: injection},
				Level:   level,
				Why:     "a web page, a tool's answer or a file from elsewhere says what was then done; whoever wrote it may be giving the orders",
				Advice:  "read what came in before the act, and see whether you asked for it",
				Matches: []alert.Match{{Field: "content", Value: what}},
				Events:  se.chain(from, e),
			})
			return
		}
	}
}

var injection = []string{"attack.execution", "attack.t1204", "atlas.aml.t0051", "atlas.aml.t0053", "owasp.asi01"}

// risk is how bad a command would be if somebody else had asked for it.
func (s *Sessions) risk(se *session, e *event.Event, i int) alert.Level {
	c := &s.facts.cmds[i]
	switch {
	case c.level >= alert.High:
		return alert.High
	case c.level == alert.Medium || i > 0 && s.download(se, i) != nil:
		return alert.Medium
	}
	if d, ok := s.delivery(se, e, i); ok && d.bulk && !s.knows(se, d.host, e.Time) {
		return alert.Medium
	}
	return alert.Informational
}

// source finds the content that says what a command does, and which part of it.
func (s *Sessions) source(se *session, e *event.Event, i int) (*link, string) {
	for _, h := range s.facts.hostsOf(i) {
		if l := s.names(se, e, s.hash(h.host)); l != nil && h.host != "" && !isLocal(h.host) {
			return l, h.host
		}
	}
	if i == 0 {
		return s.says(se, e, e.Command+" "+bounded(e.Content))
	}
	if d := s.download(se, i); d != nil {
		if l := s.names(se, e, d.host); l != nil {
			return l, "the host of a file that is run"
		}
	}
	cmds := s.facts.line().Commands
	c := &cmds[i-1]
	text := c.Text
	if c.Stdin >= 0 {
		text = cmds[c.Stdin].Text + " | " + text
	}
	if d, ok := s.delivery(se, e, i); ok && d.host != "" {
		if l := s.names(se, e, s.hash(d.host)); l != nil {
			return l, d.host
		}
	}
	return s.says(se, e, text)
}

// names finds content that names a host the project did not know before.
func (s *Sessions) names(se *session, e *event.Event, host uint64) *link {
	c := se.content
	for i, h := range c.hosts {
		if h != host || h == 0 {
			continue
		}
		m := &c.sources[c.hostOf[i]]
		known := se.project.find(host)
		if m.recently(se, e, sessionCalls, sessionWindow) && (known == nil || !known.named && m.at.Sub(known.first) < sessionWindow) {
			return m.link
		}
	}
	return nil
}

// says finds content in which words of a text stand in the same order.
func (s *Sessions) says(se *session, e *event.Event, text string) (*link, string) {
	c := se.content
	var scores [maxSources]int
	before, n := "", 0
	for w := range words(text) {
		if n++; n > maxActWords {
			break
		}
		p, score := s.pairOf(before, w)
		pair := before + " " + w
		before = w
		if score == 0 {
			continue
		}
		for i, known := range c.pairs {
			if known != p || p == 0 {
				continue
			}
			from := c.pairOf[i]
			if scores[from] += score; scores[from] >= 2 && c.sources[from].recently(se, e, sessionCalls, sessionWindow) {
				return c.sources[from].link, pair
			}
			break
		}
	}
	return nil, ""
}

// A download is a file that came from another machine.
type download struct {
	path string
	host uint64
}

const maxDownloads = 16

// keepDownloads remembers the files that a call's web clients write.
func (s *Sessions) keepDownloads(se *session, e *event.Event) {
	for i := 1; i < len(s.facts.cmds); i++ {
		hosts := s.facts.hostsOf(i)
		if len(hosts) == 0 || isLocal(hosts[0].host) {
			continue
		}
		kept := false
		for _, f := range s.facts.filesOf(i) {
			if f.use == writes {
				se.fetch(f.path, s.hash(hosts[0].host))
				kept = true
			}
		}
		if name := path.Base(hosts[0].uri); !kept && len(name) < maxTaintPath {
			se.fetch(absolute(s.facts.cmds[i].dir, name), s.hash(hosts[0].host))
		}
	}
}

func (se *session) fetch(p string, host uint64) {
	if p = atHome(p); len(p) > maxTaintPath {
		return
	}
	if len(se.fetched) >= maxDownloads {
		se.fetched = append(se.fetched[:0], se.fetched[1:]...)
	}
	se.fetched = append(se.fetched, download{strings.Clone(p), host})
}

// download is the file from another machine that a command runs, or nil.
func (s *Sessions) download(se *session, i int) *download {
	c := &s.facts.line().Commands[i-1]
	if len(se.fetched) == 0 || len(c.Argv) == 0 {
		return nil
	}
	run := c.Argv[0]
	if runsFiles[unversioned(c.Name)] && len(c.Argv) > 1 {
		run = lastOperand(c.Argv[:2])
	}
	if len(run) > maxTaintPath || strings.IndexByte(run, '/') < 0 && run == c.Argv[0] {
		return nil
	}
	run = atHome(absolute(s.facts.cmds[i].dir, run))
	for n := range se.fetched {
		if se.fetched[n].path == run {
			return &se.fetched[n]
		}
	}
	return nil
}

var runsFiles = setOf("sh bash zsh dash ksh source . " + interpreters)
