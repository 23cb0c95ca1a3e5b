package claudecode

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tailscale/hujson"
)

// DefaultTimeout is how long the client waits for our hook before it kills it.
// The hook needs milliseconds; a call should not hang for minutes on a full or
// absent disk, which is what the client's own default would allow.
const DefaultTimeout = 10 * time.Second

// HookOptions say what Install registers.
type HookOptions struct {
	Hook    string // absolute path of gander-hook
	Journal string // absolute path of the journal

	// OnFailure is empty, or "block": then the client refuses a call whose
	// hook is missing, killed, too slow or fails. Older clients ignore it.
	OnFailure string
	// MessageDisplay asks for the text the agent shows as well, which is more
	// than everything else together.
	MessageDisplay bool
	// Timeout is in whole seconds; zero means DefaultTimeout.
	Timeout time.Duration
}

// Install registers our hook in the settings for every event of Registered.
// Everything else in them stays as it is, byte for byte; empty settings become
// a new file. An older entry of ours is replaced where it stands, a second one
// removed; running it again changes nothing. Settings that cannot be read or
// are ambiguous are an error that says where and what to do.
func Install(settings []byte, o HookOptions) (out []byte, changed bool, err error) {
	want, err := o.handler()
	if err != nil {
		return nil, false, err
	}
	d, err := open(settings)
	if err != nil {
		return nil, false, err
	}
	if err := d.checkEvents(); err != nil {
		return nil, false, err
	}
	events := Registered(o.MessageDisplay)
	d.removeOurs(events)
	if err := d.register(events, want); err != nil {
		return nil, false, err
	}
	return d.pack(settings)
}

// Uninstall removes from the settings what Install has put there, and an event
// or the "hooks" member when nothing else is left in it. Every other byte stays.
func Uninstall(settings []byte) (out []byte, changed bool, err error) {
	d, err := open(settings)
	if err != nil {
		return nil, false, err
	}
	if !d.removeOurs(nil) {
		return settings, false, nil
	}
	return d.pack(settings)
}

func (o HookOptions) handler() (handler, error) {
	h := handler{Type: "command", Command: o.Hook, OnFailure: o.OnFailure}
	switch {
	case !filepath.IsAbs(o.Hook) || !isHookName(o.Hook):
		return h, fmt.Errorf("hook %q: give the absolute path of gander-hook", o.Hook)
	case !filepath.IsAbs(o.Journal):
		return h, fmt.Errorf("journal %q: give its absolute path", o.Journal)
	case o.OnFailure != "" && o.OnFailure != "block":
		return h, fmt.Errorf(`on failure %q: use "block" or nothing`, o.OnFailure)
	case o.Timeout < 0 || o.Timeout%time.Second != 0:
		return h, fmt.Errorf("timeout %v: use whole seconds", o.Timeout)
	case o.Timeout == 0:
		o.Timeout = DefaultTimeout
	}
	h.Timeout = int(o.Timeout / time.Second)
	h.Args = []string{"--journal", o.Journal}
	if o.OnFailure != "" {
		h.Args = append(h.Args, "--on-failure", o.OnFailure)
	}
	h.Args = append(h.Args, Name)
	return h, nil
}

// A document is a settings file taken apart, so that each part of it can be put
// together again unchanged.
type document struct {
	bom    []byte
	text   []byte // without the mark
	value  hujson.Value
	root   *hujson.Object
	layout layout // of the members of root
}

// The largest settings that are read. The file may be in an attacker's hands,
// and the parser below recurses once for every bracket.
const (
	maxSettings = 1 << 20
	maxBrackets = 20_000
)

var byteOrderMark = []byte("\ufeff")

// open takes settings apart. They are one object, if any, with at most one
// "hooks", which is an object.
func open(settings []byte) (*document, error) {
	brackets := bytes.Count(settings, []byte("[")) + bytes.Count(settings, []byte("{"))
	if len(settings) > maxSettings || brackets > maxBrackets {
		return nil, errors.New("settings: too large to be read safely (over 1 MiB or 20,000 brackets); mend the file, then run this again")
	}
	d := &document{}
	text, hasMark := bytes.CutPrefix(settings, byteOrderMark)
	if hasMark {
		d.bom = byteOrderMark
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}\n")
	}
	d.text = bytes.Clone(text)
	var err error
	if d.value, err = hujson.Parse(d.text); err != nil {
		return nil, fmt.Errorf("settings: %s; mend the file or move it away, then run this again", parseError(err))
	}
	root, ok := d.value.Value.(*hujson.Object)
	if !ok {
		return nil, d.errorAt(d.value, "the settings must be an object { }; mend the file, then run this again")
	}
	d.root, d.layout = root, rootLayout(root, text)
	return d, d.checkHooks()
}

// parseError shortens the parser's message: it may quote a whole string, which
// in a settings file can be a secret.
func parseError(err error) string {
	s := strings.TrimPrefix(err.Error(), "hujson: ")
	if i := strings.Index(s, "invalid literal"); i >= 0 {
		return s[:i] + "invalid literal"
	}
	return s
}

// checkHooks refuses settings in which it is not plain which hooks count.
func (d *document) checkHooks() error {
	m, n := find(d.root, "hooks")
	switch {
	case n == 0:
		return nil
	case n > 1:
		return d.errorAt(m.Name, `there are two members "hooks", and the client uses the last; make them one, then run this again`)
	case m.Value.Value.Kind() != '{':
		return d.errorAt(m.Value, `"hooks" must be an object { }; mend or remove it, then run this again`)
	}
	return nil
}

// checkEvents refuses hooks we cannot add to.
func (d *document) checkEvents() error {
	hooks := d.hooks()
	if hooks == nil {
		return nil
	}
	for _, name := range Events() {
		m, n := find(hooks, name)
		if n > 1 {
			return d.errorAt(m.Name, fmt.Sprintf("there are two members %q, and the client uses the last; make them one, then run this again", name))
		}
		if n == 1 && m.Value.Value.Kind() != '[' {
			return d.errorAt(m.Value, fmt.Sprintf("%q must be an array [ ]; mend or remove it, then run this again", name))
		}
	}
	return nil
}

// hooks returns the object of the member "hooks", or nil.
func (d *document) hooks() *hujson.Object {
	m, _ := find(d.root, "hooks")
	if m == nil {
		return nil
	}
	o, _ := m.Value.Value.(*hujson.Object)
	return o
}

// errorAt says where v, which was read from the file, lies in it.
func (d *document) errorAt(v hujson.Value, text string) error {
	before := d.text[:v.StartOffset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("settings: line %d, column %d: %s", line, column, text)
}

// register makes every event of the list run the handler.
func (d *document) register(events []string, want handler) error {
	if d.hooks() == nil {
		appendMember(d.root, d.layout, "hooks", &hujson.Object{})
	}
	hooks := d.hooks()
	in := d.layout.within(objectList{hooks})
	for _, name := range events {
		m, _ := find(hooks, name)
		if m == nil {
			m = appendMember(hooks, in, name, &hujson.Array{})
		}
		groups := m.Value.Value.(*hujson.Array)
		if err := settle(groups, in.within(arrayList{groups}), want); err != nil {
			return err
		}
	}
	return nil
}

// removeOurs removes our handlers from all events but those of keep, and what
// becomes empty by that. It reports whether there was anything to remove.
func (d *document) removeOurs(keep []string) bool {
	hooks := d.hooks()
	if hooks == nil {
		return false
	}
	found := false
	for i := len(hooks.Members) - 1; i >= 0; i-- {
		groups, ok := hooks.Members[i].Value.Value.(*hujson.Array)
		if !ok || slices.Contains(keep, nameOf(hooks.Members[i])) {
			continue
		}
		ours := ourHandlers(groups)
		if len(ours) == 0 {
			continue
		}
		found = true
		removeHandlers(groups, ours)
		if isEmpty(arrayList{groups}) {
			removeElement(objectList{hooks}, i)
		}
	}
	if found && isEmpty(objectList{hooks}) {
		removeElement(objectList{d.root}, slices.IndexFunc(d.root.Members, isHooks))
	}
	return found
}

func isHooks(m hujson.ObjectMember) bool { return nameOf(m) == "hooks" }

// pack puts the document together and makes sure that it can be read again.
func (d *document) pack(settings []byte) (out []byte, changed bool, err error) {
	out = append(bytes.Clone(d.bom), d.value.Pack()...)
	if _, err := open(out); err != nil {
		return nil, false, fmt.Errorf("settings cannot be edited; they are unchanged: %w", err)
	}
	return out, !bytes.Equal(out, settings), nil
}
