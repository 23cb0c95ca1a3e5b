package detect

import (
	"path"
	"strings"

	"gander/internal/agent"
	"gander/internal/event"
	"gander/internal/shell"
)

// A translator turns tool calls into log events, one call after the other.
type translator struct {
	emit func(*logEvent) // what it is given is valid until it returns
	log  logEvent

	call    *event.Event
	line    shell.Result
	targets int      // file, web and connection events of the call so far
	repeats int      // bytes of text that more than one event of the call holds
	cut     bool     // the call would have made more events, or fuller ones
	dirs    []string // where the commands below each command run; first those that are typed

	piped      string      // the program the current command reads, see given
	inner      []innerLine // what the current command runs through a program of its own
	innerBytes int         // bytes of such lines of the call so far

	made   [2]string         // see madeBy
	vars   []string          // see assigns
	images map[string]string // name -> imageOf it
}

// An agent may write one line of a thousand commands, or one command of ten
// thousand files. Their number is bounded, and so is how often the text around
// them is looked at again. People stay far below both.
const (
	maxTargets = 4096
	maxRepeats = 2 << 20
)

// translate emits the log events of one tool call. It reports false when the
// call holds more than is looked at.
func (t *translator) translate(e *event.Event) bool {
	t.call, t.line, t.targets, t.repeats, t.cut = e, shell.Result{}, 0, 0, false
	t.inner, t.innerBytes = t.inner[:0], 0
	if e.Command != "" {
		t.line = shell.Split(e.Command)
	}
	t.toolCall()
	t.toolTargets()
	t.dirs = append(t.dirs[:0], e.CWD)
	for i := 0; i < len(t.line.Commands); i++ { // a command may add others
		t.command(i)
		t.runInner(i)
	}
	return !t.cut
}

// target emits the current event as one about a file, URL or connection.
func (t *translator) target(class string) {
	if t.targets++; t.targets > maxTargets {
		t.cut = true
		return
	}
	t.repeat(fieldCommandLine, fieldParentCommandLine, fieldStdinCommandLine, fieldContent)
	t.log.class = class
	t.emit(&t.log)
}

// repeat takes fields that other events of the call have as well out of the
// current one, when that has been done often enough.
func (t *translator) repeat(fields ...field) {
	for _, f := range fields {
		if t.log.has>>f&1 == 0 {
			continue
		}
		if t.repeats > maxRepeats {
			t.cut = true
			t.log.unset(f)
			continue
		}
		v := &t.log.values[f]
		t.repeats += len(v.One)
		for _, s := range v.More {
			t.repeats += len(s)
		}
	}
}

// toolCall emits the event that is the call itself.
func (t *translator) toolCall() {
	l, e := &t.log, t.call
	l.begin(classTool)
	l.input = inputFields{raw: e.Input}
	l.set(fieldToolName, e.Tool)
	l.set(fieldAction, e.Action.String())
	l.set(fieldCommand, e.Command)
	l.setAll(fieldFilePath, e.Paths)
	l.setAll(fieldURL, e.URLs)
	l.set(fieldText, e.Content)
	l.set(fieldPrompt, e.Prompt)
	l.set(fieldMCPServer, e.MCPServer)
	l.set(fieldMCPTool, e.MCPTool)
	if e.Action == event.MCP {
		l.set(fieldMCPInput, string(e.Input))
	}
	l.set(fieldAgentName, e.Agent)
	l.set(fieldAgentType, e.SubagentType)
	l.set(fieldPermissionMode, e.Mode)
	l.set(fieldSessionID, e.Session)
	l.set(fieldCWD, e.CWD)
	l.setAll(fieldFacts, factNames(t.line.Facts))
	t.emit(l)
}

// toolTargets emits the files and URLs a call names itself.
func (t *translator) toolTargets() {
	l, e := &t.log, t.call
	l.begin("")
	l.set(fieldImage, e.Tool)
	l.set(fieldCurrentDirectory, e.CWD)
	l.set(fieldProjectDirectory, e.CWD)
	l.set(fieldContent, e.Content)
	use := useOf(e)
	for _, p := range e.Paths {
		t.file(use, e.CWD, p)
	}
	for _, u := range e.URLs {
		t.web(u)
	}
}

// useOf says what a tool does with the files it names. What a tool of an MCP
// server does is guessed from its name.
func useOf(e *event.Event) fileUse {
	switch e.Action {
	case event.Write:
		return writes
	case event.Read, event.Search:
		return reads
	case event.MCP:
		for _, v := range mcpVerbs {
			if strings.Contains(e.MCPTool, v.word) {
				return v.use
			}
		}
		return reads
	}
	return 0
}

var mcpVerbs = []verb{
	{"write", writes},
	{"edit", writes},
	{"create", writes},
	{"append", writes},
	{"insert", writes},
	{"replace", writes},
	{"delete", deletes},
	{"remove", deletes},
	{"move", changes},
	{"rename", changes},
	{"chmod", changes},
}

// command emits the events of one simple command: the process, and the files
// and URLs it is given.
func (t *translator) command(i int) {
	l, c := &t.log, &t.line.Commands[i]
	dir := t.dirs[c.Parent+1]
	l.begin(classProcess)
	l.set(fieldImage, t.imageOf(c))
	l.set(fieldCommandLine, c.Text)
	if t.piped = t.given(c); !t.afford(len(t.piped)) {
		t.piped = ""
	}
	l.set(fieldCurrentDirectory, dir)
	l.set(fieldProjectDirectory, t.call.CWD)
	l.set(fieldParentImage, "/bin/bash")
	l.set(fieldParentCommandLine, t.call.Command)
	if c.Parent >= 0 {
		p := &t.line.Commands[c.Parent]
		l.set(fieldParentImage, t.imageOf(p))
		l.set(fieldParentCommandLine, p.Text)
	}
	if c.Stdin >= 0 {
		s := &t.line.Commands[c.Stdin]
		l.set(fieldStdinImage, t.imageOf(s))
		l.set(fieldStdinCommandLine, s.Text)
	}
	l.setAll(fieldEnvironment, t.assigns(c))
	l.setAll(fieldDecodedBy, c.Decoded)
	l.setAll(fieldShellFacts, factNames(t.line.Facts))
	t.repeat(fieldParentCommandLine, fieldStdinCommandLine)
	t.process(c)
	t.madeBy(c)

	for _, r := range c.Redirects {
		if t.connection(r.Path) {
			continue
		}
		use := reads
		if r.Write {
			use = writes
		}
		t.file(use, dir, r.Path)
	}
	t.operands(c, dir)
	t.dirs = append(t.dirs, dir)
	t.changeDirectory(c)
}

// process emits the event of a process. Of a program that is piped in, the
// command line has a part each: two words a thousand lines apart have nothing
// to do with one another.
func (t *translator) process(c *shell.Command) {
	l, has := &t.log, t.log.has
	part := lines(t.piped, 2*partSize)
	if part != "" {
		l.setAll(fieldCommandLine, []string{c.Text, part})
	}
	t.emit(l)
	l.unset(fieldParentCommandLine)
	l.unset(fieldStdinCommandLine)
	for rest := t.piped; len(part) < len(rest); {
		rest = rest[len(lines(rest, partSize)):]
		part = lines(rest, 2*partSize)
		l.set(fieldCommandLine, part)
		t.emit(l)
	}
	l.has = has
	l.set(fieldCommandLine, c.Text)
}

// partSize is how far one part of a program begins behind the one before, in
// bytes. Each is twice as long.
const partSize = 1 << 10

// lines is the head of text of about n bytes, up to the end of a line if there
// is one.
func lines(text string, n int) string {
	if len(text) <= n {
		return text
	}
	if end := strings.LastIndexByte(text[:n], '\n'); end > 0 {
		n = end + 1
	}
	return text[:n]
}

// assigns lists the variables that are set for c alone: before it, or before
// what runs it, and the operands of env and sudo.
func (t *translator) assigns(c *shell.Command) []string {
	t.vars = append(t.vars[:0], c.Assigns...)
	for n := c.Parent; n >= 0; n = t.line.Commands[n].Parent {
		p := &t.line.Commands[n]
		t.vars = append(t.vars, p.Assigns...)
		if p.Name != "env" && p.Name != "sudo" && p.Name != "doas" {
			continue
		}
		for _, a := range p.Argv[1:] {
			if i := strings.IndexByte(a, '='); i > 0 && a[0] != '-' {
				t.vars = append(t.vars, a)
			}
		}
	}
	return t.vars
}

// madeBy says what is known of the text c writes to files: the command line
// that makes it, and the one piped into that.
func (t *translator) madeBy(c *shell.Command) {
	t.made[0] = c.Text
	made := t.made[:1]
	if c.Stdin >= 0 {
		made = append(made, t.line.Commands[c.Stdin].Text)
	}
	t.log.setAll(fieldContent, made)
}

// changeDirectory follows cd, so that "cd ~/.ssh && cat id_rsa" reads what it
// reads.
func (t *translator) changeDirectory(c *shell.Command) {
	if c.Name != "cd" && c.Name != "pushd" {
		return
	}
	at := &t.dirs[c.Parent+1]
	switch dir := lastOperand(c.Argv); dir {
	case "":
		*at = "~"
	case "-":
		*at = t.call.CWD // likely
	default:
		*at = absolute(*at, dir)
	}
}

// lastOperand is the last word that is no option, or "".
func lastOperand(argv []string) string {
	for i := len(argv) - 1; i > 0; i-- {
		if a := argv[i]; a == "-" || !strings.HasPrefix(a, "-") {
			return a
		}
	}
	return ""
}

// file emits the ways a file is used that p names, seen from directory dir.
func (t *translator) file(use fileUse, dir, p string) {
	if p == "" || p == "-" {
		return
	}
	l := &t.log
	p = absolute(dir, p)
	for _, u := range fileUses {
		if use&u.use == 0 {
			continue
		}
		l.unset(fieldFileName)
		l.unset(fieldTargetFilename)
		if u.use == reads {
			l.set(fieldFileName, p)
		} else {
			l.set(fieldTargetFilename, p)
			if contains(p, t.call.CWD) {
				l.set(fieldContainsProject, "true")
			}
		}
		t.target(u.class)
		l.unset(fieldContainsProject)
	}
	l.unset(fieldFileName)
	l.unset(fieldTargetFilename)
}

// contains reports whether directory p, or all that is in it, contains dir or
// is dir.
func contains(p, dir string) bool {
	p = strings.TrimSuffix(p, "*")
	if len(p) > 1 {
		p = strings.TrimSuffix(p, "/")
	}
	rest, ok := strings.CutPrefix(dir, p)
	return ok && p != "" && (rest == "" || rest[0] == '/' || p == "/")
}

// absolute makes p absolute and cleans it. What begins with something nobody
// knows stays as it is.
func absolute(dir, p string) string {
	if p != "" && (p[0] == '$' || p[0] == '`') {
		p = fromHere(p)
	}
	switch {
	case p == "" || p[0] == '$' || p[0] == '`' || len(dir) > maxPath:
		return p
	case strings.HasPrefix(dir, "~") && p[0] != '/' && p[0] != '~':
		if joined := path.Join(dir, p); strings.HasPrefix(joined, "~") {
			return joined
		}
		return p
	}
	return agent.CleanPath(dir, p)
}

// fromHere writes the working directory at the head of p as ".".
func fromHere(p string) string {
	for _, here := range [...]string{"$PWD", "${PWD}", "$(pwd)", "`pwd`"} {
		if rest, ok := strings.CutPrefix(p, here); ok && (rest == "" || rest[0] == '/') {
			return "." + rest
		}
	}
	return p
}

func factNames(facts []shell.Fact) []string {
	if len(facts) == 0 {
		return nil
	}
	names := make([]string, len(facts))
	for i, f := range facts {
		names[i] = string(f)
	}
	return names
}

// imageOf is the program's path as rules know it: as written when it is one,
// and /usr/bin/NAME for a bare name.
func (t *translator) imageOf(c *shell.Command) string {
	if len(c.Argv) > 0 && strings.HasPrefix(c.Argv[0], "/") && (c.Name == "" || strings.HasSuffix(c.Argv[0], c.Name)) {
		return path.Clean(c.Argv[0])
	}
	if c.Name == "" {
		return ""
	}
	image, ok := t.images[c.Name]
	if !ok {
		image = "/usr/bin/" + c.Name
		if len(t.images) < maxImages {
			t.images[strings.Clone(c.Name)] = image
		}
	}
	return image
}

// maxImages bounds the remembered paths of programs: an agent may make up names.
const maxImages = 1024
