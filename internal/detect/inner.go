package detect

import (
	"slices"
	"strings"

	"gander/internal/shell"
)

// An inner line is a command line in a program that an interpreter is given:
// os.system("..."), subprocess.run([...]), child_process.exec(`...`).
type innerLine struct {
	by   *shell.Command
	line string
}

// keep keeps a line that c runs until c's own events are out. It reports false
// when there are more than are looked at.
func (t *translator) keep(c *shell.Command, line string) bool {
	if len(c.Decoded) >= shell.MaxLayers || !t.afford(len(line)) {
		t.cut = true
		return false
	}
	t.inner = append(t.inner, innerLine{c, line})
	return true
}

// afford counts bytes of programs within programs, and reports whether they are
// still looked at.
func (t *translator) afford(n int) bool {
	t.innerBytes += n
	t.cut = t.cut || t.innerBytes > shell.MaxExpansion
	return t.innerBytes <= shell.MaxExpansion
}

// runInner adds the commands of the lines the command at parent runs to those
// of the call.
func (t *translator) runInner(parent int) {
	for _, in := range t.inner {
		res := shell.Split(in.line)
		if len(t.line.Commands)+len(res.Commands) > shell.MaxCommands {
			t.cut = true
			break
		}
		base := len(t.line.Commands)
		by := append(slices.Clip(in.by.Decoded), in.by.Name)
		for _, c := range res.Commands {
			c.Parent = moved(c.Parent, base, parent)
			c.Stdin = moved(c.Stdin, base, -1)
			c.Decoded = append(slices.Clip(by), c.Decoded...)
			c.Start, c.End = in.by.Start, in.by.End
			t.line.Commands = append(t.line.Commands, c)
		}
		for _, f := range res.Facts {
			if !slices.Contains(t.line.Facts, f) {
				t.line.Facts = append(slices.Clip(t.line.Facts), f)
			}
		}
	}
	t.inner = t.inner[:0]
}

// moved is an index of another result in this one; none is what -1 becomes.
func moved(i, base, none int) int {
	if i < 0 {
		return none
	}
	return base + i
}

// runs yields the command lines a program runs, until it is told to stop.
func (s *source) runs(yield func(line string) bool) {
	for i, t := range s.toks {
		line := ""
		switch {
		case t.kind == command:
			line = s.filled(t.text)
		case t.kind == word && s.runner(i):
			line = s.lineOf(i)
		case t.kind == text && s.name(i-1) == "script" && s.name(i-2) == "shell":
			line = t.text // AppleScript
		}
		if line != "" && !yield(line) {
			return
		}
	}
}

// name is the name at i, or "".
func (s *source) name(i int) string {
	if s.kind(i) != word {
		return ""
	}
	return s.toks[i].text
}

// evaluated yields the programs a program runs in its own language, until it is
// told to stop.
func (s *source) evaluated(yield func(src string) bool) {
	for i, t := range s.toks {
		if t.kind != word || t.text != "eval" && (t.text != "exec" || s.language != "python") {
			continue
		}
		at := i + 1
		if s.kind(at) == '(' {
			at++
		}
		if value := s.textAt(at); value != "" && !yield(value) {
			return
		}
	}
}

// runners are the functions that run what they are given.
var runners = setOf("system popen popen2 popen3 getoutput getstatusoutput check_output check_call Popen " +
	"execSync spawn spawnSync execFile execFileSync create_subprocess_shell create_subprocess_exec posix_spawn " +
	"execl execle execlp execv execve execvp execvpe shell_exec passthru proc_open capture2 capture2e capture3 exec")

// runner reports whether the name at i is a function that runs a command. run
// and call are too common to be taken alone.
func (s *source) runner(i int) bool {
	name := s.toks[i].text
	switch method := s.method(i); {
	case name == "exec" && s.language == "python":
		return false
	case runners[method]:
		return true
	case method == "run" || method == "call":
		return name == method && s.vars["subprocess"] != nil || strings.HasPrefix(name, "subprocess.") || strings.HasPrefix(name, "sp.")
	case method == "execute":
		return name == "os.execute"
	}
	return false
}

// lineOf is the command line given to the function at i, or "". Perl and ruby
// may leave the bracket out.
func (s *source) lineOf(i int) string {
	at := i + 1
	if s.kind(at) == '(' {
		at++
	}
	if words := s.list(at); words != nil {
		return quote(words)
	}
	first := s.textAt(at)
	if first == "" {
		return ""
	}
	for near := at + maxNear; at < near && s.kind(at+1) == '+'; {
		at += 2
	}
	var rest []string
	if s.kind(at+1) == ',' {
		if rest = s.list(at + 2); rest == nil && !strings.Contains(first, " ") {
			rest = s.arguments(at+2, len(s.toks))
		}
	}
	if replaces := s.method(i); len(rest) > 0 && (strings.HasPrefix(replaces, "execl") || strings.HasPrefix(replaces, "execv")) {
		rest = rest[1:] // what the program is told its name is
	}
	if rest == nil {
		return first
	}
	return quote(append([]string{first}, rest...))
}

// textAt is the text at i, or of the variable there, or "".
func (s *source) textAt(i int) string {
	switch s.kind(i) {
	case text:
		return s.joined(i)
	case word:
		return s.texts[s.toks[i].text]
	}
	return ""
}

// list gives the words of the list at i, or of the list the variable there is
// given; nil when there is none.
func (s *source) list(i int) []string {
	if s.kind(i) == word {
		at, ok := s.lists[s.toks[i].text]
		if !ok {
			return nil
		}
		i = int(at)
	}
	if s.kind(i) != '[' {
		return nil
	}
	return s.arguments(i+1, int(s.close[i]))
}

// maxWords bounds the words of one command a program runs.
const maxWords = 256

// arguments gives the texts that stand between commas from i on. A variable
// nobody knows stays one; anything else ends them.
func (s *source) arguments(i, end int) []string {
	var words []string
	for size := 0; i < end && len(words) < maxWords && size < shell.MaxLine; i += 2 {
		switch {
		case s.kind(i) == text:
			words = append(words, s.joined(i))
			for near := i + maxNear; i < near && s.kind(i+1) == '+'; {
				i += 2
			}
		case s.kind(i) != word || s.kind(i+1) == '=':
			return words
		case s.texts[s.toks[i].text] != "":
			words = append(words, s.texts[s.toks[i].text])
		default:
			words = append(words, "$"+strings.TrimLeft(s.toks[i].text, "$"))
		}
		size += len(words[len(words)-1])
		if s.kind(i+1) != ',' {
			return words
		}
	}
	return words
}

// quote writes words as a command line. What begins with $ stays a variable.
func quote(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if name, ok := strings.CutPrefix(w, "$"); ok && strings.Trim(name, letters) == "" {
			b.WriteString(`"` + w + `"`)
			continue
		}
		b.WriteString("'" + strings.ReplaceAll(w, "'", `'\''`) + "'")
	}
	return b.String()
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
