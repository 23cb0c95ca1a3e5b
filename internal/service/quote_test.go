package service_test

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mvdan.cc/sh/v3/shell"

	"gander/internal/service"
)

var quotingSeeds = [][2]string{
	{"/usr/bin/gander", "watch"},
	{"/a b/gander", ""},
	{"/50%/g", `"'\`},
	{"/g", "%h%%"},
	{"/g", "$HOME ${HOME} $$"},
	{"/g", ";"},
	{"/g", `\x41\n\`},
	{"/$g", "<&>]]>"},
	{"/g", "@COMMAND@@ARGUMENTS@@LOG@"},
	{"/日本", "é"},
	{"/g", "\u202e"},
	{"/g'", "-"},
}

// fuzzQuoting fuzzes one program and one argument. words reads the command back
// from what the manager for goos came to.
func fuzzQuoting(f *testing.F, goos string, m machine, words func(*testing.T, *service.Manager) []string) {
	for _, s := range quotingSeeds {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, program, arg string) {
		o := options
		o.Program, o.Args = program, []string{arg, "end"}
		found, err := service.Detect(t.Context(), goos, o, installed, m.run)
		if err != nil {
			if fits(program) && fits(arg) && strings.HasPrefix(program, "/") {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if found.Name == "none" && goos == "linux" && m.fail == nil {
			return // systemd would not run the program
		}
		if got, want := words(t, found), []string{program, arg, "end"}; !slices.Equal(got, want) {
			t.Errorf("command %q reads as %q", want, got)
		}
	})
}

func fits(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Noncharacter_Code_Point)
	})
}

func FuzzSystemdReadsTheCommandBack(f *testing.F) {
	fuzzQuoting(f, "linux", machine{}, func(t *testing.T, m *service.Manager) []string {
		var command []string
		for line := range strings.Lines(string(m.Files[0].Data)) {
			if value, ok := strings.CutPrefix(line, "ExecStart="); ok {
				command = append(command, strings.TrimSuffix(value, "\n"))
			}
		}
		if len(command) != 1 {
			t.Fatalf("%d commands in %s", len(command), m.Files[0].Data)
		}
		return systemdWords(t, command[0])
	})
}

// systemdWords reads a command of words in double quotes, as systemd.syntax(7)
// and systemd.service(5) tell.
func systemdWords(t *testing.T, command string) []string {
	t.Helper()
	var words []string
	for rest := command; rest != ""; rest = strings.TrimPrefix(rest, " ") {
		var word strings.Builder
		i := 1
		for ; rest[i] != '"'; i++ {
			switch c := rest[i]; {
			case c == '\\' && (rest[i+1] == '\\' || rest[i+1] == '"'), c == '%' && rest[i+1] == '%', c == '$' && len(words) > 0 && rest[i+1] == '$':
				i++
			case c == '\\', c == '%', c == '$' && len(words) > 0:
				t.Fatalf("%s: %c at %d means something", command, c, i)
			}
			word.WriteByte(rest[i])
		}
		if rest[0] != '"' || len(rest) > i+1 && rest[i+1] != ' ' {
			t.Fatalf("%s: a word does not end at its quote", command)
		}
		words, rest = append(words, word.String()), rest[i+1:]
	}
	return words
}

func FuzzLaunchdReadsTheCommandBack(f *testing.F) {
	fuzzQuoting(f, "darwin", machine{}, func(t *testing.T, m *service.Manager) []string {
		var list struct {
			Words []string `xml:"dict>array>string"`
		}
		if err := xml.Unmarshal(m.Files[0].Data, &list); err != nil {
			t.Fatalf("%v in %s", err, m.Files[0].Data)
		}
		return list.Words
	})
}

func FuzzAShellReadsTheHintBack(f *testing.F) {
	nobody := machine{fail: map[string]string{"": ""}}
	fuzzQuoting(f, "linux", nobody, func(t *testing.T, m *service.Manager) []string {
		line, _, _ := strings.Cut(m.Hint, "\n")
		_, command, _ := strings.Cut(line, ": ")
		words, err := shell.Fields(command, func(string) string { return "expanded" })
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		return words
	})
}
