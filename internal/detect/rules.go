package detect

import (
	"gander/internal/alert"
	"gander/internal/event"
	"gander/internal/sigma"
)

// Rules matches tool calls against Sigma rules.
type Rules struct {
	matcher *sigma.Matcher
	notes   map[*sigma.Rule]Note
	calls   translator
	hit     func(*sigma.Hit) bool // made once, for a closure costs an allocation
	found   []alert.Finding
}

var _ Detector = (*Rules)(nil)

// A Note is what a rule says to people: the `gander:` part of its file.
type Note struct {
	Why    string // one sentence: what happened and why it matters
	Advice string // what to do now
}

// NewRules compiles rules. note tells what to say about a rule that matched.
// Rules that read log sources no tool call is are left out.
func NewRules(rules []*sigma.Rule, note func(*sigma.Rule) Note) (*Rules, error) {
	set, err := sigma.Compile(rules, classes)
	if err != nil {
		return nil, err
	}
	r := &Rules{matcher: set.NewMatcher(), notes: make(map[*sigma.Rule]Note)}
	for _, rule := range rules {
		r.notes[rule] = note(rule)
	}
	r.hit = r.add
	r.calls.images = make(map[string]string)
	r.calls.emit = func(l *logEvent) { r.matcher.Match(l.class, l, r.hit) }
	return r, nil
}

// Detect matches the call e is about to make. Its result is another event, and
// says nothing new about the call. Of a record that broke off, what is left of
// the call is matched.
func (r *Rules) Detect(e *event.Event) []alert.Finding {
	if e.Kind != event.ToolCall && (e.Kind != event.Unreadable || e.Tool == "") {
		return nil
	}
	r.found = nil
	if !r.calls.translate(e) {
		r.found = append(r.found, tooMuch)
	}
	return r.found
}

// tooMuch is found when a call names more than is looked at: what is behind
// that may be there not to be seen.
var tooMuch = alert.Finding{
	Rule: alert.Rule{
		ID: "gander.call-too-large", Title: "A call names more files and commands than are looked at",
		Tags: []string{"attack.stealth", "attack.defense-evasion", "attack.t1027"},
	},
	Level:  alert.Medium,
	Why:    "the end of a very long command line was not judged by all rules; nobody writes such a line by hand",
	Advice: "read the end of the line in the record",
}

// add makes a finding of a hit. A rule speaks once about a call, however many
// of its commands match: later hits only add to the evidence.
func (r *Rules) add(h *sigma.Hit) bool {
	for i := range r.found {
		f := &r.found[i]
		if f.Rule.ID == h.Rule.ID {
			room := maxMatches - len(f.Matches)
			f.Matches = append(f.Matches, h.Matches[:max(0, min(room, len(h.Matches)))]...)
			return true
		}
	}
	note := r.notes[h.Rule]
	r.found = append(r.found, alert.Finding{
		Rule:    alert.Rule{ID: h.Rule.ID, Title: h.Rule.Title, Tags: h.Rule.Tags},
		Level:   h.Rule.Level,
		Why:     note.Why,
		Advice:  note.Advice,
		Matches: append([]alert.Match(nil), h.Matches...),
	})
	return true
}

// maxMatches bounds the evidence in one finding: the command line is the
// agent's to write, and may hold a thousand commands.
const maxMatches = 16
