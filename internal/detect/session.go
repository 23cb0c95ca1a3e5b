package detect

import (
	"hash/maphash"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/event"
)

// Sessions follows what a session does over several calls: a secret that is
// copied in one and sent in another, content from outside whose words are then
// acted on, a machine that is looked over, a loop. It also remembers which hosts
// and tools a project has met.
//
// It holds no text of secrets or pages, only hashes of their words, and what it
// holds is bounded in every direction: see the constants here and
// docs/sessions.md. What it finds follows from the events and their times
// alone, so a detector that is warmed up with the last minutes says the same as
// one that never stopped.
type Sessions struct {
	facts facts
	rules *Rules // translates what nobody translated before; nil when somebody always does
	seed  maphash.Seed

	sessions lru[session]
	projects lru[project]
	contents int // sessions that hold content
	found    []alert.Finding
}

var (
	_ Detector = (*Sessions)(nil)
	_ Warmer   = (*Sessions)(nil)
)

// What is remembered. An agent chooses session ids, directories and all else.
const (
	maxFollowed = 512
	maxProjects = 256

	// A secret that was read, or a page, matters for so long.
	sessionWindow = 10 * time.Minute
	sessionCalls  = 30
	// warmUp is how far back a watcher that was started again looks. Copies of
	// a secret are followed for longer while nothing restarts.
	warmUp = 15 * time.Minute
)

// NewSessions follows the calls that r translates, and knows by the hits of its
// rules what a secret is and what is risky. It belongs behind r in a [Set], and
// both into one goroutine.
func NewSessions(r *Rules) *Sessions {
	s := follow(r)
	s.rules = r
	return s
}

// NewCorrelatedSessions is NewSessions for rules with correlations. c must have
// been asked, or warmed up, with each event before s is.
func NewCorrelatedSessions(c *Correlated) *Sessions { return follow(c.rules) }

func follow(r *Rules) *Sessions {
	s := &Sessions{seed: maphash.MakeSeed()}
	s.sessions.max, s.projects.max = maxFollowed, maxProjects
	s.sessions.gone = s.forget
	s.facts.follow(r)
	return s
}

func (s *Sessions) forget(old *session) {
	if old.content != nil {
		s.contents--
	}
}

// Horizon is how far back events matter.
func (s *Sessions) Horizon() time.Duration { return warmUp }

// Warm takes in an event that was judged before.
func (s *Sessions) Warm(e *event.Event) { s.Detect(e) }

// Detect takes e in and states what it completes.
func (s *Sessions) Detect(e *event.Event) []alert.Finding {
	s.found = nil
	switch {
	case e.Kind == event.ToolCall || e.Kind == event.Unreadable && e.Tool != "":
		if s.facts.call != e && s.rules != nil {
			s.rules.Detect(e)
		}
		if s.facts.call == e {
			s.call(s.session(e), e)
			s.facts.clear()
		}
	case e.Kind == event.ToolResult || e.Kind == event.ToolFailure:
		s.result(s.session(e), e)
	case e.Kind == event.Prompt:
		s.asked(s.session(e), e)
	}
	return s.found
}

// say adds a finding. Of several of a rule about one call the worst is said.
func (s *Sessions) say(f alert.Finding) {
	for i := range s.found {
		if old := &s.found[i]; old.Rule.ID == f.Rule.ID && f.Level >= alert.Medium {
			if f.Level > old.Level {
				*old = f
			}
			return
		}
	}
	s.found = append(s.found, f)
}

// A session is what is known of one. The parts that few sessions need are
// behind pointers.
type session struct {
	project *project
	root    string // where it began, for what lies outside
	calls   uint32
	recent  [recentCalls]recentCall

	secret  mark // the last one read that gives access by itself
	taints  []taint
	globs   int // patterns matched for the call at hand
	words   *secretWords
	staged  carried // what was added to the git index
	remotes []remote
	fetched []download
	content *content
	scout   scout
	loops   []loop
}

// A mark says when something happened.
type mark struct {
	at   time.Time
	call uint32
	link *link
}

// recently reports whether m happened so shortly before e that the two belong
// together.
func (m mark) recently(se *session, e *event.Event, calls uint32, window time.Duration) bool {
	return m.link != nil && se.calls-m.call <= calls && e.Time.Sub(m.at).Abs() <= window
}

// recentCalls is for how many calls their results are awaited.
const recentCalls = 16

// A recentCall joins a call with its result.
type recentCall struct {
	id    uint64 // hash of the call's id, 0 for none
	key   uint64 // see loop
	yield yield
	link  *link
}

// A yield says what the result of a call will hold.
type yield uint8

const (
	yieldsStrong  yield = 1 << iota // a secret that gives access by itself
	yieldsSoft                      // a secret of the project
	yieldsForeign                   // content that somebody else wrote
)

func (s *Sessions) session(e *event.Event) *session {
	id := maphash.String(s.seed, e.Session)
	se, fresh := s.sessions.get(id)
	if fresh {
		se.root = clipped(e.CWD, maxPath)
		se.project, _ = s.projects.get(maphash.String(s.seed, e.CWD))
	}
	return se
}

// call takes in a call that is about to be made.
func (s *Sessions) call(se *session, e *event.Event) {
	se.calls++
	se.globs = 0
	r := &se.recent[se.calls%recentCalls]
	*r = recentCall{key: s.keyOf(e), yield: s.yieldOf(se, e)}
	repeated := false
	if e.CallID != "" {
		id := maphash.String(s.seed, e.CallID)
		repeated = se.awaited(id) != nil // recorded by two hooks
		r.id = id
	}
	s.meet(se, e)
	s.flow(se, e)
	s.sends(se, e)
	s.followed(se, e)
	s.discover(se, e)
	if !repeated {
		s.repeatedCall(se, e, r.key)
	}
	if r.yield&(yieldsStrong|yieldsSoft) != 0 {
		r.link = newLink(se, e, nil)
	}
}

// awaited finds the call with that hash of its id.
func (se *session) awaited(id uint64) *recentCall {
	for i := range se.recent {
		if se.recent[i].id == id {
			return &se.recent[i]
		}
	}
	return nil
}

// result takes in what a call brought.
func (s *Sessions) result(se *session, e *event.Event) {
	if e.CallID == "" {
		return
	}
	r := se.awaited(maphash.String(s.seed, e.CallID))
	if r == nil {
		return
	}
	if e.Kind == event.ToolFailure {
		s.failedCall(se, e, r.key)
	}
	if r.yield == 0 || len(e.Result) == 0 {
		return
	}
	text := bounded(e.Result)
	if r.yield&(yieldsStrong|yieldsSoft) != 0 {
		s.learnSecret(se, r, text)
	} else {
		s.learnContent(se, e, text)
	}
	r.yield = 0 // once
}

// asked takes in what the user wants: a host named there is no surprise.
func (s *Sessions) asked(se *session, e *event.Event) {
	for w := range words(bounded(e.Prompt)) {
		if h, ok := hostIn(w); ok {
			se.project.host(s.hash(h), e.Time).named = true
		}
	}
}

// yieldOf says what the call's result will hold.
func (s *Sessions) yieldOf(se *session, e *event.Event) yield {
	y := s.facts.secrets()
	switch e.Action {
	case event.Fetch, event.Query, event.MCP:
		y |= yieldsForeign
	case event.Read, event.Search:
		if len(e.Paths) > 0 && !strings.HasPrefix(e.Paths[0], se.root) {
			y |= yieldsForeign
		}
	case event.Exec:
		if s.facts.foreign() {
			y |= yieldsForeign
		}
	}
	return y
}

func (s *Sessions) hash(text string) uint64 { return maphash.String(s.seed, text) }

// A link is one event of a chain, with those before it.
type link struct {
	ref    alert.EventRef
	call   uint32
	at     time.Time
	before *link
	n      int
}

// maxChain is the most events one chain tells of.
const maxChain = 6

// maxCallID bounds the ids that are kept, in bytes.
const maxCallID = 128

// newLink adds e to a chain. Of one that is too long the second event is left
// out, so that its beginning and its end stay.
func newLink(se *session, e *event.Event, before *link) *link {
	l := &link{ref: alert.RefOf(e), call: se.calls, at: e.Time, before: before, n: 1}
	l.ref.Session = "" // the same for all events of a session: see chain
	l.ref.CallID = clipped(e.CallID, maxCallID)
	l.ref.Digest = strings.Clone(e.Digest)
	l.ref.File = clipped(e.Ref.File, maxPath)
	if before == nil {
		return l
	}
	if l.n = before.n + 1; l.n > maxChain {
		short := *before
		short.before = before.before.before
		l.before, l.n = &short, maxChain
	}
	return l
}

// chain lists the events of l that are not the call at hand, oldest first.
func (se *session) chain(l *link, e *event.Event) []alert.EventRef {
	var refs []alert.EventRef
	for ; l != nil; l = l.before {
		if l.call == se.calls && l.ref.CallID == clipped(e.CallID, maxCallID) {
			continue
		}
		r := l.ref
		r.Session = e.Session
		refs = append(refs, r)
	}
	for i, j := 0, len(refs)-1; i < j; i, j = i+1, j-1 {
		refs[i], refs[j] = refs[j], refs[i]
	}
	return refs
}

// clipped is a copy of s that keeps nothing else alive, of so many bytes at most.
func clipped(s string, most int) string { return strings.Clone(s[:min(len(s), most)]) }
