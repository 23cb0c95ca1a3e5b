package detect

import (
	"fmt"
	"time"

	"gander/internal/alert"
	"gander/internal/event"
	"gander/internal/sigma"
)

// Correlated matches tool calls against Sigma rules, as [Rules] does, and
// follows the matches over time for the correlation rules among them. Matches
// of every level count, also those too low to be an alert.
//
// What is found depends on the events of the last Horizon alone, and on their
// own time: a watcher that was started again says the same once it has been
// warmed up with those.
type Correlated struct {
	rules  *Rules
	set    *sigma.Set
	silent func(*sigma.Rule) bool // of rules and correlations that are not to raise anything
	past   *sigma.Correlator
	tally  *tally // when matches are counted

	scope scope
	ref   *alert.EventRef // of the call, once something matched
	found []alert.Finding // correlations of the call
	yield func(*sigma.Correlated)
	told  map[loss]time.Time // the hour a loss was last spoken of
}

var (
	_ Detector = (*Correlated)(nil)
	_ Warmer   = (*Correlated)(nil)
)

// NewCorrelated compiles rules. note tells what to say about a rule that
// matched. A rule silent reports true for raises nothing and still counts for
// correlations; silent may be nil.
func NewCorrelated(list []*sigma.Rule, note func(*sigma.Rule) Note, silent func(*sigma.Rule) bool) (*Correlated, error) {
	r, err := NewRules(list, note)
	if err != nil {
		return nil, err
	}
	c := &Correlated{rules: r, set: r.matcher.Set(), told: make(map[loss]time.Time)}
	c.silent = func(r *sigma.Rule) bool { return c.set.Silent(r) || silent != nil && silent(r) }
	c.past = c.set.NewCorrelator()
	c.past.Lost = c.lost
	c.yield = c.correlated
	add, emit := r.hit, r.calls.emit
	r.hit = func(h *sigma.Hit) bool {
		if !c.silent(h.Rule) {
			add(h)
		}
		c.tally.add(h.Rule, c.scope.call)
		c.count(h.Rule)
		return true
	}
	r.calls.emit = func(l *logEvent) {
		c.scope.log = l
		if c.tally != nil {
			c.tally.logs[l.class]++
		}
		emit(l)
	}
	return c, nil
}

// Detect matches the call e is about to make, and says which correlations hold
// because of it.
func (c *Correlated) Detect(e *event.Event) []alert.Finding {
	c.scope.call, c.ref, c.found = e, nil, nil
	return append(c.rules.Detect(e), c.found...)
}

// count gives a match to the correlations that name the rule.
func (c *Correlated) count(r *sigma.Rule) {
	if !c.set.Correlates(r) {
		return
	}
	e := c.scope.call
	if c.ref == nil {
		ref := alert.RefOf(e)
		c.ref = &ref
	}
	c.past.Add(r, &c.scope, e.Time, c.ref, c.yield)
}

// correlated makes a finding of a correlation, once for a call.
func (c *Correlated) correlated(found *sigma.Correlated) {
	r := found.Rule
	c.tally.add(r, c.scope.call)
	if c.silent(r) {
		return
	}
	for i := range c.found {
		if f := &c.found[i]; f.Rule.ID == r.ID && f.Key == found.Key {
			return
		}
	}
	note := c.rules.notes[r]
	if note.Why == "" {
		note.Why = fmt.Sprintf("what %d rules found within %s belongs together", len(r.Correlation.Rules), r.Correlation.Timespan)
	}
	c.found = append(c.found, alert.Finding{
		Rule:    alert.Rule{ID: r.ID, Title: r.Title, Tags: r.Tags},
		Level:   r.Level,
		Why:     note.Why,
		Advice:  note.Advice,
		Matches: append(found.Group, alert.Match{Field: r.Correlation.Type, Value: fmt.Sprint(found.Number)}),
		Events:  found.Events[:len(found.Events)-1],
		Key:     found.Key,
	})
}

// A loss is something a correlation had to forget.
type loss struct {
	rule *sigma.Rule
	what sigma.Loss
}

var losses = map[sigma.Loss]struct {
	level alert.Level
	why   string
}{
	sigma.LostGroup: {alert.Medium, "more sessions or values than are remembered matched at once: what belongs together may be missed, and that may be the purpose"},
	sigma.LostEvent: {alert.Medium, "more events than are remembered matched at once: what belongs together may be missed, and that may be the purpose"},
	sigma.LostTime:  {alert.Low, "an event is much older than the one before: the clock was set back, or a record was made up"},
}

// lost says once an hour that a correlation forgets.
func (c *Correlated) lost(r *sigma.Rule, what sigma.Loss) {
	l, hour := loss{r, what}, c.scope.call.Time.Truncate(time.Hour)
	if last, ok := c.told[l]; ok && last.Equal(hour) {
		return
	}
	c.told[l] = hour
	c.found = append(c.found, alert.Finding{
		Rule: alert.Rule{
			ID: "gander.correlation-lost", Title: "A correlation had to forget what it saw",
			Tags: []string{"attack.stealth", "attack.defense-evasion"},
		},
		Level:   losses[what].level,
		Why:     losses[what].why,
		Advice:  "look at the calls around this one",
		Matches: []alert.Match{{Field: "correlation", Value: r.Title}, {Field: "lost", Value: string(what)}},
		Key:     fmt.Sprintf("%s %s %s", r.ID, what, hour.UTC().Format(time.RFC3339)),
	})
}

// Adopt takes over what another knows of the correlations both have. That one
// is not to be used any more.
func (c *Correlated) Adopt(old *Correlated) { c.past.Adopt(old.past) }

// A scope is a log event with what is known of its call beside it, so that
// correlations can tell sessions apart.
type scope struct {
	log  *logEvent
	call *event.Event
}

var _ sigma.Event = (*scope)(nil)

// Field finds a field of the log event, or else of the call.
func (s *scope) Field(name string) (sigma.Value, bool) {
	if v, ok := s.log.Field(name); ok {
		return v, true
	}
	get, ok := callFields[name]
	if !ok {
		return sigma.Value{}, false
	}
	value := get(s.call)
	return sigma.Value{One: value}, value != ""
}

// Strings yields every value of the log event.
func (s *scope) Strings(yield func(string) bool) { s.log.Strings(yield) }

// callFields are the fields of a call that correlations find in all its log
// events.
var callFields = map[string]func(*event.Event) string{
	"session_id":      func(e *event.Event) string { return e.Session },
	"agent":           func(e *event.Event) string { return e.Agent },
	"agent_type":      func(e *event.Event) string { return e.SubagentType },
	"cwd":             func(e *event.Event) string { return e.CWD },
	"host":            func(e *event.Event) string { return e.Host },
	"permission_mode": func(e *event.Event) string { return e.Mode },
	"tool_name":       func(e *event.Event) string { return e.Tool },
}

// HasGroupField reports whether a correlation can group the events of a log
// source by a field.
func HasGroupField(l sigma.Logsource, name string) bool {
	return callFields[name] != nil || HasField(l, name)
}

// ForAgents reports whether rules of a log source read anything a tool call is.
func ForAgents(l sigma.Logsource) bool { return len(classes(l)) > 0 }
