package rules_test

import (
	"strings"
	"testing"

	"gander/internal/rules"
	"gander/internal/sigma"
)

const head = "title: t\nlogsource: {product: linux, category: process_creation}\ndetection:\n  s: {CommandLine: x}\n  condition: s\n"

func parseText(t *testing.T, text string) *sigma.Rule {
	t.Helper()
	list, err := sigma.Parse("my.yml", []byte(text))
	if err != nil || len(list) != 1 {
		t.Fatalf("%d rules: %v", len(list), err)
	}
	return list[0]
}

func TestTheGanderKeyIsRead(t *testing.T) {
	r := parseText(t, head+`
gander:
  why: because
  advice: look
  match:
    - ls -l
    - {tool: Read, input: {file_path: /a}, cwd: /b, note: n}
    - {command: pwd}
  miss:
    - {command: ls, other: true}
`)
	if err := rules.Check(r); err != nil {
		t.Fatal(err)
	}
	if n := rules.NoteOf(r); n != (rules.Note{Why: "because", Advice: "look"}) {
		t.Errorf("note %+v", n)
	}
	match, miss := rules.Cases(r)
	if len(match) != 3 || len(miss) != 1 {
		t.Fatalf("%d matches, %d near misses", len(match), len(miss))
	}
	if c := match[0]; c.Tool != "Bash" || c.Input["command"] != "ls -l" || c.CWD != "/home/u/project" {
		t.Errorf("a command line is %+v", c)
	}
	if c := match[1]; c.Tool != "Read" || c.Input["file_path"] != "/a" || c.CWD != "/b" || c.Note != "n" {
		t.Errorf("a map is %+v", c)
	}
	if c := match[2]; c.Tool != "Bash" || c.Input["command"] != "pwd" || c.Other {
		t.Errorf("a command in a map is %+v", c)
	}
	if !miss[0].Other {
		t.Errorf("near miss %+v", miss[0])
	}
}

func TestARuleOfOthersSaysNothing(t *testing.T) {
	r := parseText(t, head)
	match, miss := rules.Cases(r)
	if err := rules.Check(r); err != nil || rules.NoteOf(r) != (rules.Note{}) || match != nil || miss != nil {
		t.Errorf("err %v, note %+v, cases %v %v", err, rules.NoteOf(r), match, miss)
	}
}

func TestAMistakeInTheGanderKeyHasAPlace(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
	}{
		{"an unknown key", "gander:\n  why: x\n  adivce: y\n", `my.yml:8: key "adivce" is not known`},
		{"an unknown key of a case", "gander:\n  match:\n    - {commnad: x, command: y}\n", `my.yml:8: key "commnad" is not known`},
		{"no map", "gander: yes\n", "my.yml:6: this must be a map"},
		{"a list as text", "gander:\n  why: [a]\n", "my.yml:7: not the kind of value"},
		{"no list of cases", "gander:\n  match: ls\n", "my.yml:7: this must be a list"},
		{"a case without input", "gander:\n  miss:\n    - {tool: Read}\n", "my.yml:8: the case has no input"},
		{"a case that is a list", "gander:\n  miss:\n    - [ls]\n", "my.yml:8: this must be a map"},
		{"a command that is a list", "gander:\n  miss:\n    - {command: [ls]}\n", "my.yml:8: not the kind of value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := rules.Check(parseText(t, head+tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
