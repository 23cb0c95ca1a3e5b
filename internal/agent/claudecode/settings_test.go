package claudecode_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tailscale/hujson"

	"gander/internal/agent/claudecode"
)

var options = claudecode.HookOptions{Hook: "/opt/gander/bin/gander-hook", Journal: "/home/u/.local/state/gander/journal"}

// ourGroup is what Install puts into the array of an event.
const ourGroup = `{"hooks":[{"type":"command","command":"/opt/gander/bin/gander-hook",` +
	`"args":["--journal","/home/u/.local/state/gander/journal","claude-code"],"timeout":10}]}`

// foreignSettings are settings of other people, in many styles. None has an
// empty "hooks" or an empty event, which Uninstall would remove.
func foreignSettings(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/settings/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no settings in testdata: %v", err)
	}
	all := map[string]string{
		"one line":                     `{"model":"opus"}`,
		"one line with hooks":          `{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x"}]}]},"model":"opus"}`,
		"one line, blanks":             `{ "model": "opus", "env": {} }`,
		"no newline at the end":        "{\n  \"model\": \"opus\"\n}",
		"bracket on the last line":     "{\n  \"model\": \"opus\"}\n",
		"tabs":                         "{\n\t\"model\": \"opus\",\n\t\"hooks\": {\n\t\t\"Stop\": [\n\t\t\t{\n\t\t\t\t\"hooks\": []\n\t\t\t}\n\t\t]\n\t}\n}\n",
		"no indentation":               "{\n\"model\": \"opus\"\n}\n",
		"Windows newlines":             "{\r\n    \"model\": \"opus\",\r\n    \"hooks\": {\r\n        \"Stop\": [{\"hooks\": []}]\r\n    }\r\n}\r\n",
		"a byte order mark":            "\ufeff{\n  \"model\": \"opus\"\n}\n",
		"blank lines":                  "\n\n{\n\n  \"model\": \"opus\"\n\n}\n\n\n",
		"a comma after the last":       "{\n  \"model\": \"opus\",\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": []},],\n  },\n}\n",
		"comments":                     "// mine\n{\n  // the model\n  \"model\": \"opus\", // best\n  /* a */ \"hooks\": {\n    \"Stop\": [\n      {\"hooks\": []} // say so\n      // last\n    ]\n    // end of hooks\n  } // after hooks\n  // end\n}\n// bye\n",
		"a line comment, then bracket": "{\"a\":1 // c\n}",
		"comments around a comma":      "{\"a\":1 /*x*/ , /*y*/ \"b\":2 /*z*/ , /*w*/ }",
		"disabled":                     "{\n  \"disableAllHooks\": true\n}\n",
		"broken foreign entries":       "{\n  \"hooks\": {\n    \"PreToolUse\": [7, null, {\"hooks\": 1}, {\"hooks\": [2, {\"command\": 3, \"args\": 4}]}],\n    \"Nonsense\": 5\n  }\n}\n",
		"a hook that is nearly ours":   `{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"/x/gander-hook"},{"type":"command","command":"/x/other","args":["--journal","/j","claude-code"]}]}]}}`,
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = string(b)
	}
	return all
}

func TestInstallThenUninstallGivesTheBytesBack(t *testing.T) {
	for name, before := range foreignSettings(t) {
		t.Run(name, func(t *testing.T) {
			after, changed, err := claudecode.Install([]byte(before), options)
			if err != nil || !changed {
				t.Fatalf("install: changed %v, %v", changed, err)
			}
			checkInstalled(t, after, options)
			if _, changed, err := claudecode.Install(after, options); err != nil || changed {
				t.Errorf("a second time: changed %v, %v", changed, err)
			}
			back, changed, err := claudecode.Uninstall(after)
			if err != nil || !changed {
				t.Fatalf("uninstall: changed %v, %v", changed, err)
			}
			if diff := cmp.Diff(before, string(back)); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
			if again, changed, err := claudecode.Uninstall(back); err != nil || changed || string(again) != before {
				t.Errorf("uninstall a second time: changed %v, %v", changed, err)
			}
		})
	}
}

func checkInstalled(t testing.TB, settings []byte, o claudecode.HookOptions) {
	t.Helper()
	in := claudecode.Inspect(settings)
	if want := claudecode.Registered(o.MessageDisplay); !slices.Equal(in.Installed, want) {
		t.Errorf("installed %q, want %q", in.Installed, want)
	}
	if len(in.Missing) > 0 {
		t.Errorf("missing %q", in.Missing)
	}
	if in.Hook != o.Hook || !slices.Contains(in.Args, o.Journal) {
		t.Errorf("hook %q %q", in.Hook, in.Args)
	}
}

func TestInstallKeepsTheStyleOfTheFile(t *testing.T) {
	for _, name := range []string{"client.json", "comments", "one line"} {
		before, ok := foreignSettings(t)[name]
		if !ok {
			t.Fatalf("no settings %q", name)
		}
		after, _, err := claudecode.Install([]byte(before), options)
		if err != nil {
			t.Fatal(err)
		}
		checkGoldenText(t, "testdata/golden/settings/"+strings.ReplaceAll(name, " ", "-")+".txt", after)
	}
}

func TestInstallWritesWhatWasAskedFor(t *testing.T) {
	o := options
	o.OnFailure, o.MessageDisplay, o.Timeout = "block", true, 3*time.Second
	out, _, err := claudecode.Install(nil, o)
	if err != nil {
		t.Fatal(err)
	}
	checkInstalled(t, out, o)
	var got struct {
		Hooks map[string]json.RawMessage
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	want := `[{"hooks":[{"type":"command","command":"/opt/gander/bin/gander-hook","args":["--journal","/home/u/.local/state/gander/journal","--on-failure","block","claude-code"],"timeout":3,"onFailure":"block"}]}]`
	for event, groups := range got.Hooks {
		if s := compact(t, string(groups)); s != want {
			t.Errorf("%s: %s", event, s)
		}
	}
}

func TestInstallReplacesOlderEntries(t *testing.T) {
	const (
		older   = `{"type":"command","command":"/old/gander-hook","args":["--journal","/j","claude-code"]}`
		async   = `{"type":"command","command":"/opt/gander/bin/gander-hook","args":["--journal","/home/u/.local/state/gander/journal","claude-code"],"timeout":10,"async":true}`
		windows = `{"type":"command","command":"C:\\gander\\gander-hook.exe","args":["--journal","C:\\j","claude-code"]}`
		foreign = `{"type":"command","command":"x"}`
	)
	ours := strings.TrimSuffix(strings.TrimPrefix(ourGroup, `{"hooks":[`), `]}`)
	for _, tt := range []struct{ name, before, after string }{
		{"one of another path", `[{"hooks":[` + older + `]}]`, `[` + ourGroup + `]`},
		{"one that was changed", `[{"hooks":[` + async + `]}]`, `[` + ourGroup + `]`},
		{"one of Windows", `[{"hooks":[` + windows + `]}]`, `[` + ourGroup + `]`},
		{"where it stands", `[{"hooks":[1]},{"hooks":[` + older + `]},{"hooks":[2]}]`, `[{"hooks":[1]},` + ourGroup + `,{"hooks":[2]}]`},
		{"among others", `[{"hooks":[` + foreign + `,` + older + `,2]}]`, `[{"hooks":[` + foreign + `,` + ours + `,2]}]`},
		{"two, the second right", `[{"hooks":[` + older + `]},` + ourGroup + `]`, `[` + ourGroup + `]`},
		{"two that are right", `[` + ourGroup + `,` + ourGroup + `]`, `[` + ourGroup + `]`},
		{"two in a group", `[{"hooks":[` + ours + `,` + ours + `]}]`, `[` + ourGroup + `]`},
		{"one under a matcher", `[{"matcher":"Bash","hooks":[` + ours + `]}]`, `[` + ourGroup + `]`},
		{"one under a matcher, among others", `[{"matcher":"Bash","hooks":[` + ours + `,` + foreign + `]}]`, `[{"matcher":"Bash","hooks":[` + foreign + `]},` + ourGroup + `]`},
		{"one with its type changed", `[{"hooks":[` + strings.Replace(ours, `"command"`, `"prompt"`, 1) + `]}]`, `[` + ourGroup + `]`},
		{"one with a key twice", `[{"hooks":[` + strings.Replace(ours, `"timeout":10`, `"timeout":10,"timeout":10`, 1) + `]}]`, `[` + ourGroup + `]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := `{"hooks":{"PreToolUse":` + tt.before + `}}`
			out, _, err := claudecode.Install([]byte(before), options)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Hooks struct{ PreToolUse json.RawMessage }
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if s := string(got.Hooks.PreToolUse); s != tt.after {
				t.Errorf("got  %s\nwant %s", s, tt.after)
			}
			if _, changed, err := claudecode.Install(out, options); changed || err != nil {
				t.Errorf("a second time: changed %v, %v", changed, err)
			}
		})
	}
}

func TestInstallRemovesOursFromEventsItDoesNotRegister(t *testing.T) {
	before := `{"hooks":{"WorktreeCreate":[` + ourGroup + `],"MessageDisplay":[1,` + ourGroup + `]}}`
	out, _, err := claudecode.Install([]byte(before), options)
	if err != nil {
		t.Fatal(err)
	}
	checkInstalled(t, out, options)
	if s := string(out); strings.Contains(s, "WorktreeCreate") || !strings.Contains(s, `"MessageDisplay":[1]`) {
		t.Error(s)
	}
}

func TestUninstallRemovesOnlyOurs(t *testing.T) {
	for _, tt := range []struct{ name, before, after string }{
		{"nothing there", ``, ``},
		{"no hooks", `{"a":1}`, `{"a":1}`},
		{"hooks of the wrong type for us", `{"hooks":{"Stop":7}}`, `{"hooks":{"Stop":7}}`},
		{"the only hook", `{"hooks":{"Stop":[` + ourGroup + `]}}`, `{}`},
		{"an empty event of someone else", `{"hooks":{"Stop":[` + ourGroup + `],"Setup":[]}}`, `{"hooks":{"Setup":[]}}`},
		{"an event we do not know", `{"a":1,"hooks":{"Later":[` + ourGroup + `]},"b":2}`, `{"a":1,"b":2}`},
		{"in a group with another", `{"hooks":{"Stop":[{"matcher":"x","hooks":[1,` + ourGroup[10:len(ourGroup)-2] + `]}]}}`, `{"hooks":{"Stop":[{"matcher":"x","hooks":[1]}]}}`},
		{"a comment stays", "{\"hooks\":{\"Stop\":[" + ourGroup + " // mine\n]}}", "{\"hooks\":{\"Stop\":[ // mine\n]}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, changed, err := claudecode.Uninstall([]byte(tt.before))
			if err != nil || string(out) != tt.after || changed != (tt.before != tt.after) {
				t.Errorf("got %s, changed %v, %v; want %s", out, changed, err, tt.after)
			}
		})
	}
}

func TestInstallRefusesWhatItCannotEditSafely(t *testing.T) {
	const secret = "sk-ant-fake-0000"
	for _, tt := range []struct{ name, settings, where string }{
		{"cut off", "{\n  \"a\": 1", "line 2, column 9"},
		{"a bad literal", "{\n  \"env\": {\"K\": \"" + secret + "\x01\"}\n}", "line 2, column 16"},
		{"an array", " []", "line 1, column 2"},
		{"hooks is an array", "{\n  \"hooks\": []\n}", "line 2, column 12"},
		{"hooks is null", `{"hooks":null}`, "line 1, column 10"},
		{"an event is an object", "{\"hooks\":{\n\"Stop\": {}}}", "line 2, column 9"},
		{"hooks twice", "{\"hooks\":{},\n \"h\\u006foks\":{}}", "line 2, column 2"},
		{"an event twice", "{\"hooks\":{\"Stop\":[],\n\"Stop\":[]}}", "line 2, column 1"},
		{"nested without end", strings.Repeat("[", 100_000), "too large"},
		{"huge", "{" + strings.Repeat(" ", 2<<20) + "}", "too large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, changed, err := claudecode.Install([]byte(tt.settings), options)
			if err == nil || out != nil || changed {
				t.Fatalf("got %q, changed %v, %v", out, changed, err)
			}
			if !strings.Contains(err.Error(), tt.where) {
				t.Errorf("%v; want it to say %s", err, tt.where)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells a secret: %v", err)
			}
			in := claudecode.Inspect([]byte(tt.settings))
			if len(in.Problems) == 0 || len(in.Installed) > 0 {
				t.Errorf("inspection: %+v", in)
			}
		})
	}
}

func TestInstallRefusesBadOptions(t *testing.T) {
	for _, change := range []func(*claudecode.HookOptions){
		func(o *claudecode.HookOptions) { o.Hook = "gander-hook" },
		func(o *claudecode.HookOptions) { o.Hook = "/bin/true" },
		func(o *claudecode.HookOptions) { o.Journal = "" },
		func(o *claudecode.HookOptions) { o.OnFailure = "explode" },
		func(o *claudecode.HookOptions) { o.Timeout = time.Millisecond },
		func(o *claudecode.HookOptions) { o.Timeout = -time.Second },
		func(o *claudecode.HookOptions) { o.Journal = "/a\xff" },
	} {
		o := options
		change(&o)
		if _, _, err := claudecode.Install(nil, o); err == nil {
			t.Errorf("accepted %+v", o)
		}
	}
}

func TestInspectTellsWhatKeepsTheHookFromRunning(t *testing.T) {
	installed, _, err := claudecode.Install([]byte("{\n}"), options)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, old, new, problem string }{
		{"sound", "", "", ""},
		{"all hooks disabled", "{", `{"disableAllHooks":true,`, "line 1, column 20: disableAllHooks"},
		{"not disabled", "{", `{"disableAllHooks":false,`, ""},
		{"a comment", "{", "{ // mine", "comments"},
		{"a comma", "\n}", ",\n}", "commas"},
		{"a byte order mark", "{", "\ufeff{", ""},
		{"permissions that are none", "{", `{"permissions":[],`, "line 1, column 16: permissions is no object"},
		{"a foreign hook without a type", `"Setup": [`, `"Setup": [{"hooks":[{"command":"x"}]},`, "a hook of the wrong form"},
		{"a foreign hook of an unknown type", `"Setup": [`, `"Setup": [{"hooks":[{"type":"x"}]},`, "a hook of the wrong form"},
		{"a foreign hook without a command", `"Setup": [`, `"Setup": [{"hooks":[{"type":"command"}]},`, "a hook of the wrong form"},
		{"a foreign hook that is sound", `"Setup": [`, `"Setup": [{"matcher":"x","hooks":[{"type":"command","command":"x"},{"type":"http","url":"x"}]},`, ""},
		{"a foreign entry without hooks", `"Setup": [`, `"Setup": [{},`, "an entry of the wrong form"},
		{"a foreign entry with an odd matcher", `"Setup": [`, `"Setup": [{"matcher":7,"hooks":[]},`, "an entry of the wrong form"},
		{"a foreign event", `"Setup": [`, `"Later": {}, "Setup": [`, "ignores it"},
		{"an entry made async", `"timeout": 10`, `"timeout": 10, "async": true`, "Setup was changed"},
		{"an entry without time", `"timeout": 10`, `"timeout": 0`, "Setup was changed"},
		{"an entry under a matcher", `"Setup": [` + "\n      {", `"Setup": [{"matcher":"x",`, "matcher"},
		{"an entry of another path", `gander/bin/`, `gander/sbin/`, "differs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			settings := strings.Replace(string(installed), tt.old, tt.new, 1)
			if tt.old != "" && settings == string(installed) {
				t.Fatalf("no %q in %s", tt.old, installed)
			}
			in := claudecode.Inspect([]byte(settings))
			all := strings.Join(in.Problems, "\n")
			if (tt.problem == "") != (all == "") || !strings.Contains(all, tt.problem) {
				t.Errorf("problems: %s; want %q", all, tt.problem)
			}
			sound := !strings.Contains(tt.problem, "Setup") && tt.problem != "matcher"
			if slices.Contains(in.Installed, "Setup") != sound || slices.Contains(in.Missing, "Setup") == sound {
				t.Errorf("installed %q, missing %q", in.Installed, in.Missing)
			}
		})
	}
}

func TestInspectBoundsItsProblems(t *testing.T) {
	settings := `{"hooks":{"Stop":[` + strings.Repeat("{},", 5000) + `{}]}}`
	if n := len(claudecode.Inspect([]byte(settings)).Problems); n != 20 {
		t.Errorf("%d problems", n)
	}
}

func TestInspectOfNothingMissesEverything(t *testing.T) {
	in := claudecode.Inspect(nil)
	if !slices.Equal(in.Missing, claudecode.Registered(false)) || len(in.Problems) > 0 || in.Hook != "" {
		t.Errorf("%+v", in)
	}
}

func compact(t testing.TB, s string) string {
	t.Helper()
	v, err := hujson.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	v.Minimize()
	return v.String()
}

func ExampleInstall() {
	out, changed, err := claudecode.Install([]byte(`{"model":"opus"}`), claudecode.HookOptions{
		Hook:    "/usr/local/bin/gander-hook",
		Journal: "/home/u/.local/state/gander/journal",
	})
	fmt.Println(changed, err, len(claudecode.Inspect(out).Missing))
	// Output: true <nil> 0
}
