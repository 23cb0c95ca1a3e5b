package claudecode

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"
)

// A handler is what the client runs for an event. With args it is run directly,
// without a shell, so that neither PATH nor a shell's start-up files matter.
type handler struct {
	Type      string   `json:"type"`
	Command   string   `json:"command"`
	Args      []string `json:"args"`
	Timeout   int      `json:"timeout"` // seconds
	OnFailure string   `json:"onFailure,omitzero"`
}

// A group is a list of handlers. Ours has no matcher, so that it gets every call.
type group struct {
	Hooks []handler `json:"hooks"`
}

func (h handler) equal(other handler) bool {
	return h.Type == other.Type && h.Command == other.Command && slices.Equal(h.Args, other.Args) &&
		h.Timeout == other.Timeout && h.OnFailure == other.OnFailure
}

// render writes v as it stands in a list of the given layout.
func render(v any, l layout) (hujson.ValueTrimmed, error) {
	var opts []json.Options
	if !l.inline {
		opts = append(opts, jsontext.WithIndentPrefix(l.indent), jsontext.WithIndent(l.unit))
	}
	b, err := json.Marshal(v, opts...)
	if err != nil {
		return nil, err
	}
	value, err := hujson.Parse([]byte(strings.ReplaceAll(string(b), "\n", l.newline)))
	return value.Value, err
}

// decode reads a handler of ours. It fails when the handler has anything in it
// that we do not write, such as "async", which could make it miss calls.
func decode(v hujson.Value) (h handler, ok bool) {
	v = v.Clone()
	v.Standardize()
	err := json.Unmarshal(v.Pack(), &h, json.RejectUnknownMembers(true))
	return h, err == nil && h.Type == "command"
}

// isHookName reports whether a command is our hook, wherever it lies.
func isHookName(command string) bool {
	base := command[strings.LastIndexAny(command, `/\`)+1:]
	return base == "gander-hook" || base == "gander-hook.exe"
}

// isOurs reports whether v is a handler of ours, of whatever age and state.
func isOurs(v hujson.Value) bool {
	o, ok := v.Value.(*hujson.Object)
	if !ok {
		return false
	}
	command, _ := find(o, "command")
	args, _ := find(o, "args")
	if command == nil || args == nil || !isHookName(text(command.Value)) {
		return false
	}
	list, ok := args.Value.Value.(*hujson.Array)
	return ok && slices.ContainsFunc(list.Elements, func(v hujson.Value) bool {
		return text(v) == "--journal"
	})
}

// A place is where a handler of ours stands in an event's array.
type place struct {
	group, handler int
	list           *hujson.Array // the handlers of the group
	plain          bool          // the group has nothing but handlers: no matcher
}

func (p place) value() *hujson.Value { return &p.list.Elements[p.handler] }

// ourHandlers finds our handlers, in order.
func ourHandlers(groups *hujson.Array) []place {
	var all []place
	for i, g := range groups.Elements {
		list := handlersOf(g)
		if list == nil {
			continue
		}
		plain := len(g.Value.(*hujson.Object).Members) == 1
		for j, h := range list.Elements {
			if isOurs(h) {
				all = append(all, place{group: i, handler: j, list: list, plain: plain})
			}
		}
	}
	return all
}

// handlersOf returns the handlers of a group, or nil where it has no array of
// them.
func handlersOf(group hujson.Value) *hujson.Array {
	o, ok := group.Value.(*hujson.Object)
	if !ok {
		return nil
	}
	m, _ := find(o, "hooks")
	if m == nil {
		return nil
	}
	list, _ := m.Value.Value.(*hujson.Array)
	return list
}

// removeHandlers removes the handlers at places, which are in order, and a
// group that was nothing but ours.
func removeHandlers(groups *hujson.Array, places []place) {
	for _, p := range slices.Backward(places) {
		removeElement(arrayList{p.list}, p.handler)
		if len(p.list.Elements) == 0 {
			removeElement(arrayList{groups}, p.group)
		}
	}
}

// settle leaves one handler of ours in an event's array: the wanted one, in a
// group that gets every call.
func settle(groups *hujson.Array, l layout, want handler) error {
	all := ourHandlers(groups)
	keep := slices.IndexFunc(all, func(p place) bool {
		h, ok := decode(*p.value())
		return p.plain && ok && h.equal(want)
	})
	exact := keep >= 0
	if !exact {
		keep = slices.IndexFunc(all, func(p place) bool { return p.plain })
	}
	if keep < 0 {
		removeHandlers(groups, all)
		v, err := render(group{Hooks: []handler{want}}, l)
		if err == nil {
			appendElement(groups, l, v)
		}
		return err
	}
	if !exact {
		p := all[keep]
		v, err := render(want, l.at(p.value().BeforeExtra))
		if err != nil {
			return err
		}
		p.value().Value = v
	}
	removeHandlers(groups, slices.Delete(all, keep, keep+1))
	return nil
}

// find returns the last member of that name, which is the one that counts, and
// how many there are.
func find(o *hujson.Object, name string) (m *hujson.ObjectMember, n int) {
	for i := range o.Members {
		if nameOf(o.Members[i]) == name {
			m = &o.Members[i]
			n++
		}
	}
	return m, n
}

func nameOf(m hujson.ObjectMember) string { return text(m.Name) }

// text returns the text of a JSON string, and "" for anything else.
func text(v hujson.Value) string {
	l, ok := v.Value.(hujson.Literal)
	switch {
	case !ok || l.Kind() != '"':
		return ""
	case bytes.IndexByte(l, '\\') < 0:
		return string(l[1 : len(l)-1])
	}
	return l.String()
}
