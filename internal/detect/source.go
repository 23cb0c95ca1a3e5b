package detect

import (
	"strings"
)

// A source is a program taken apart: enough of it to say what is done with the
// string in a place, and which commands it runs.
type source struct {
	language string // the interpreter's name without its version

	toks  []token
	open  []int32            // token -> the bracket it stands in, or -1
	close []int32            // bracket -> where it ends, or len(toks)
	vars  map[string][]int32 // name before the first dot -> where it stands
	any   fileUse            // what the program does with files as a whole

	own   map[string]bool    // the functions it defines
	lists map[string]int32   // variable -> the bracket of a list it is given
	texts map[string]string  // variable -> the one text it is given
	use   map[string]fileUse // variable -> see useOfVar
	depth int                // of calls in calls, while one is looked at
}

// unknownUse says that a place does not tell.
const unknownUse fileUse = 1 << 7

func newSource(language string, toks []token, src string) *source {
	s := &source{
		language: language, toks: toks, any: usesIn(src),
		open: make([]int32, len(toks)), close: make([]int32, len(toks)),
		vars: make(map[string][]int32), own: make(map[string]bool), lists: make(map[string]int32), texts: make(map[string]string), use: make(map[string]fileUse),
	}
	var stack []int32
	for i, t := range toks {
		s.open[i] = -1
		if len(stack) > 0 {
			s.open[i] = stack[len(stack)-1]
		}
		switch t.kind {
		case '(', '[', '{':
			s.close[i] = int32(len(toks))
			stack = append(stack, int32(i))
		case ')', ']', '}':
			if len(stack) > 0 {
				s.close[stack[len(stack)-1]] = int32(i)
				stack = stack[:len(stack)-1]
			}
		case word:
			s.saw(i, t.text)
		}
	}
	s.constants()
	return s
}

// saw notes the name at i.
func (s *source) saw(i int, name string) {
	switch s.name(i - 1) {
	case "def", "function", "sub":
		s.own[name] = true
	}
	if name, _, _ = strings.Cut(name, "."); name != "" {
		s.vars[name] = append(s.vars[name], int32(i))
	}
	if s.kind(i+1) == '=' && s.kind(i+2) == '[' {
		s.lists[name] = int32(i + 2)
	}
}

// constants finds the variables that are given a text.
func (s *source) constants() {
	for i := range s.toks {
		if v := s.assigned(i); v != "" && s.kind(i) == text {
			if _, twice := s.texts[v]; twice {
				s.texts[v] = ""
				continue
			}
			s.texts[v] = s.joined(i)
		}
	}
}

// kind is the kind of a token, 0 outside the program.
func (s *source) kind(i int) byte {
	if i < 0 || i >= len(s.toks) {
		return 0
	}
	return s.toks[i].kind
}

// assigned is the variable the token at i is the value of, or "".
func (s *source) assigned(i int) string {
	if s.kind(i-1) == '=' && s.kind(i-2) == word {
		return s.toks[i-2].text
	}
	return ""
}

// callee is the place of the function whose argument the token at i is, or -1.
func (s *source) callee(i int) int {
	if p := int(s.open[i]); p > 0 && s.kind(p) == '(' && s.kind(p-1) == word {
		return p - 1
	}
	return -1
}

// method is the last part of a name: run of subprocess.run.
func (s *source) method(i int) string {
	name := s.toks[i].text
	return name[strings.LastIndexByte(name, '.')+1:]
}

// joined is the text at i with those it is joined to: by +, by a / behind it, as
// the parts of a path that join is given, and in place of {names} in it.
func (s *source) joined(i int) string {
	str := s.filled(s.toks[i].text)
	if f := s.callee(i); f >= 0 && s.method(f) == "join" && s.kind(i-1) == ',' {
		if before := s.toks[i-2]; before.kind == text && before.text != "" {
			return before.text + "/" + str
		} else if before.kind == ')' && strings.HasPrefix(str, ".") {
			return "~/" + str
		}
	}
	for n := i; n < i+maxNear && n+2 < len(s.toks) && s.kind(n+1) == '+' && len(str) < maxPath; n += 2 {
		next := s.toks[n+2]
		if next.kind == word {
			next.text = s.texts[next.text]
		} else if next.kind != text {
			break
		}
		if len(next.text) > maxPath {
			break
		}
		str += next.text
	}
	return str
}

// filled puts the texts of variables in the places of {name}, ${name} and
// #{name}.
func (s *source) filled(str string) string {
	from := strings.IndexByte(str, '{')
	if from < 0 {
		return str
	}
	to := strings.IndexByte(str[from:], '}')
	if to < 0 {
		return str
	}
	value := s.texts[str[from+1:from+to]]
	if value == "" || len(value) > maxPath {
		return str
	}
	return strings.TrimRight(str[:from], "$#") + value + str[from+to+1:]
}

// useOf says what the program does with the file the string at i names, and
// whether the place of the string tells.
func (s *source) useOf(i int) (use fileUse, known bool) {
	use = s.useAt(i)
	switch {
	case use&unknownUse == 0:
		return use, true
	case use == unknownUse|reads: // a function of others: seldom one that changes files
		return reads, false
	}
	return use&^unknownUse | s.any, false
}

// useAt is what is done with the value at i, unknownUse if its place does not
// say.
func (s *source) useAt(i int) fileUse {
	if v := s.assigned(i); v != "" && (s.callee(i) < 0 || s.kind(i) == word) {
		return s.useOfVar(v)
	}
	if s.idle(i) {
		return 0
	}
	f := s.callee(i)
	if f < 0 {
		return unknownUse
	}
	name := s.method(f)
	switch {
	case openers[name]:
		return s.modeOf(i, f+1)
	case wrappers[name]:
		return s.useOfCall(f)
	}
	use, ok := functions[name]
	switch {
	case !ok && !s.defines(name):
		return unknownUse | reads
	case !ok:
		return unknownUse
	case use&writes != 0 && s.kind(i-1) != ',' && s.kind(i+1) == ',':
		return useOfFirst(name, use)
	}
	return use
}

// useOfFirst is what a function that writes does with the first of several
// values: a copy reads it, a move renames it.
func useOfFirst(name string, use fileUse) fileUse {
	switch {
	case use&changes != 0:
		return changes
	case strings.HasPrefix(name, "copy"), strings.HasPrefix(name, "symlink"):
		return reads
	}
	return use
}

// defines reports whether the program defines a function of that name.
func (s *source) defines(name string) bool { return s.own[name] }

// idle reports whether the value at i is compared, a key, or a text that is
// worked on, and so names no file in this place.
func (s *source) idle(i int) bool {
	before, after := s.kind(i-1), s.kind(i+1)
	switch {
	case after == '=' && s.kind(i+2) == '=', before == '=' && s.kind(i-2) == '=', before == '=' && s.kind(i-2) == '!':
		return true
	case after == ':':
		return before == '{' || before == ','
	case before == '[' && after == ']':
		return strings.IndexByte("w)]", s.kind(i-2)) >= 0 // an index, not a list
	case after == word && s.kind(i) == text:
		name := s.toks[i+1].text
		return name == "in" || name == "not" || strings.HasPrefix(name, ".")
	}
	return false
}

// useOfCall is what is done with the value of a call, which stands for that of
// its argument: Path(x).unlink(), open(str(x)), p = Path(x).
func (s *source) useOfCall(f int) fileUse {
	if s.depth >= maxCalls {
		return unknownUse
	}
	s.depth++
	defer func() { s.depth-- }()
	end := int(s.close[f+1])
	if s.kind(end+1) == word && strings.HasPrefix(s.toks[end+1].text, ".") {
		return s.useOfMethod(end + 1)
	}
	return s.useAt(f)
}

// maxCalls is how many calls in calls are looked at.
const maxCalls = 32

// useOfMethod is what a method does with its file.
func (s *source) useOfMethod(i int) fileUse {
	name := s.method(i)
	if openers[name] {
		return s.modeOf(i, i+1)
	}
	if use, ok := functions[name]; ok {
		if use&changes != 0 {
			return changes
		}
		return use
	}
	return unknownUse
}

// useOfVar is what is done with a variable in all its places.
func (s *source) useOfVar(v string) fileUse {
	if use, ok := s.use[v]; ok {
		return use
	}
	s.use[v] = 0 // for a variable that is given itself
	var all fileUse
	for _, at := range s.vars[v] {
		i := int(at)
		switch {
		case s.kind(i+1) == '=' && s.kind(i+2) != '=': // given its value
		case s.toks[i].text != v:
			all |= s.useOfMethod(i)
		default:
			all |= s.useAt(i)
		}
	}
	s.use[v] = all
	return all
}

// maxNear is how many tokens on something is looked for that belongs to a place.
const maxNear = 256

// modeOf reads the mode of open(x, "w").
func (s *source) modeOf(i, bracket int) fileUse {
	if s.kind(bracket) != '(' {
		return unknownUse
	}
	for n := bracket + 1; n < min(int(s.close[bracket]), bracket+maxNear); n++ {
		mode := s.toks[n].text
		if n == i || int(s.open[n]) != bracket || s.kind(n) != text || len(mode) > 3 && mode[0] != '>' {
			continue
		}
		if strings.ContainsAny(mode, "wax+>") {
			return writes
		}
	}
	return reads
}

func setOf(names string) map[string]bool {
	all := make(map[string]bool)
	for name := range strings.FieldsSeq(names) {
		all[name] = true
	}
	return all
}

// openers are the functions with a mode.
var openers = setOf("open fopen")

// wrappers give what they are given.
var wrappers = setOf("Path PosixPath PurePath expanduser expandvars abspath realpath resolve str String join format fsencode expand_path")

// functions says what a function does with the file it is given. One that is
// given two reads or renames the first.
var functions = func() map[string]fileUse {
	all := make(map[string]fileUse)
	for _, f := range []struct {
		names string
		use   fileUse
	}{
		{"print log println puts echo console warn error info debug exists isfile isdir exist existsSync is_file is_dir split replace startswith endswith", 0},
		{"glob iglob rglob listdir scandir iterdir walk readdir readdirSync", unknownUse}, // what is found may be deleted
		{"read read_text read_bytes readFile readFileSync readlines file_get_contents stat lstat statSync load createReadStream getline slurp", reads},
		{"write write_text write_bytes writeFile writeFileSync appendFile appendFileSync file_put_contents createWriteStream touch " +
			"mkdir makedirs mkdirSync truncate copyfile copy copy2 copytree copyFile copyFileSync symlink symlinkSync link hardlink_to symlink_to urlretrieve", writes},
		{"unlink remove rmtree rmdir removedirs rm rmSync unlinkSync rmdirSync rm_rf rm_r rm_f delete", deletes},
		{"chmod chown lchown utime chmodSync chownSync", changes},
		{"rename renames renameSync move mv", changes | writes},
	} {
		for name := range strings.FieldsSeq(f.names) {
			all[name] = f.use
		}
	}
	return all
}()
