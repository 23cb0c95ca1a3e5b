package claudecode

import (
	"slices"

	"github.com/tailscale/hujson"
)

// An Inspection is what settings say about our hook.
type Inspection struct {
	Hook string   // the command of the first sound entry of ours; empty if there is none
	Args []string // its arguments: what to run to try the very entry the client runs

	Installed []string // events that run the hook for every call, in the order of Events
	Missing   []string // events Install would register, but are not

	// Problems are sentences for a person, at most twenty: what keeps the hook
	// from running, or makes the client drop the whole file. They quote nothing
	// of the settings. Not every mistake the client minds is known here: that an
	// event arrives is proved only by one that does.
	Problems []string
}

// Inspect reads settings and says which events run our hook. Settings that
// cannot be read have every event missing and the reason among the problems.
func Inspect(settings []byte) Inspection {
	var in Inspection
	d, err := open(settings)
	if err == nil {
		in.inspect(d)
	} else {
		in.Problems = []string{err.Error()}
	}
	for _, name := range Registered(false) {
		if !slices.Contains(in.Installed, name) {
			in.Missing = append(in.Missing, name)
		}
	}
	return in
}

func (in *Inspection) inspect(d *document) {
	if m, _ := find(d.root, "disableAllHooks"); m != nil && !isFalse(m.Value) {
		in.problem(d, m.Value, "disableAllHooks is set: the client runs no hook of these settings")
	}
	if !d.value.IsStandard() {
		in.problem(d, d.value, "there are comments or trailing commas: the client drops the whole file")
	}
	for _, name := range [...]string{"env", "permissions"} {
		if m, _ := find(d.root, name); m != nil && m.Value.Value.Kind() != '{' {
			in.problem(d, m.Value, name+" is no object { }: the client drops the whole file")
		}
	}
	hooks := d.hooks()
	if hooks == nil {
		return
	}
	for i := range hooks.Members {
		in.inspectGroups(d, &hooks.Members[i])
	}
	for _, name := range Events() {
		m, n := find(hooks, name)
		if n > 1 {
			in.problem(d, m.Name, name+" is there twice: the client uses the last")
		}
		if m != nil {
			in.inspectOurs(d, name, m)
		}
	}
}

// inspectGroups reports entries the client cannot take, whoever wrote them.
// Version 2.1.197 drops the whole file for one, and our hook with it; 2.1.330
// does so for those of PreToolUse and PermissionRequest.
func (in *Inspection) inspectGroups(d *document, event *hujson.ObjectMember) {
	groups, ok := event.Value.Value.(*hujson.Array)
	if !ok {
		in.problem(d, event.Value, "an event that is no array [ ]: the client ignores it")
		return
	}
	for _, g := range groups.Elements {
		list := handlersOf(g)
		if list == nil || !isTextOrMissing(g, "matcher") {
			in.problem(d, g, "an entry of the wrong form: the client may drop the whole file")
			continue
		}
		for _, h := range list.Elements {
			if !isHandler(h) {
				in.problem(d, h, "a hook of the wrong form: the client may drop the whole file")
			}
		}
	}
}

// isHandler reports whether v looks like something the client can run.
func isHandler(v hujson.Value) bool {
	o, ok := v.Value.(*hujson.Object)
	if !ok {
		return false
	}
	kind, _ := find(o, "type")
	if kind == nil {
		return false
	}
	switch text(kind.Value) {
	case "http", "prompt", "agent", "mcp_tool":
		return true
	case "command":
		command, _ := find(o, "command")
		return command != nil && command.Value.Value.Kind() == '"'
	}
	return false
}

// isTextOrMissing reports whether the object v has no member of that name, or
// one that is text.
func isTextOrMissing(v hujson.Value, name string) bool {
	m, _ := find(v.Value.(*hujson.Object), name)
	return m == nil || m.Value.Value.Kind() == '"'
}

// inspectOurs judges our handlers of one event.
func (in *Inspection) inspectOurs(d *document, event string, m *hujson.ObjectMember) {
	groups, ok := m.Value.Value.(*hujson.Array)
	if !ok {
		return
	}
	sound := 0
	for _, p := range ourHandlers(groups) {
		h, ok := decode(*p.value())
		switch {
		case !ok || h.Timeout <= 0:
			in.problem(d, *p.value(), "our entry for "+event+" was changed: install again")
			continue
		case !p.plain:
			in.problem(d, *p.value(), "our entry for "+event+" stands under a matcher: install again")
			continue
		}
		sound++
		if in.Hook == "" {
			in.Hook, in.Args = h.Command, h.Args
		}
		if sound > 1 || h.Command != in.Hook || !slices.Equal(h.Args, in.Args) {
			in.problem(d, *p.value(), "our entry for "+event+" differs from the others or is there twice: install again")
		}
	}
	if sound > 0 {
		in.Installed = append(in.Installed, event)
	}
}

// maxProblems bounds the work on a file that someone has filled with problems.
const maxProblems = 20

func (in *Inspection) problem(d *document, at hujson.Value, text string) {
	if len(in.Problems) < maxProblems {
		in.Problems = append(in.Problems, d.errorAt(at, text).Error())
	}
}

func isFalse(v hujson.Value) bool {
	l, ok := v.Value.(hujson.Literal)
	return ok && string(l) == "false"
}
