package agent_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"gander/internal/agent"
)

var names = []string{"a", "b", "deep"}

func TestReadObjectNamesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name, json string
		a          string // the JSON of member a
		faults     []string
		broken     bool
	}{
		{"a clean object", `{"a":"x","b":1}`, `"x"`, nil, false},
		{"white space around everything", " {\t\"a\" :\r\n\"x\" } \n", `"x"`, nil, false},
		{"nothing", "", "", []string{agent.FaultEmpty}, true},
		{"white space", " \n", "", []string{agent.FaultEmpty}, true},
		{"an array", `[1]`, "", []string{agent.FaultNotObject}, true},
		{"text", `"a"`, "", []string{agent.FaultNotObject}, true},
		{"an object cut off within a value", `{"a":"x","b":"yyy`, `"x"`, []string{agent.FaultNotJSON}, true},
		{"an object cut off after a value", `{"a":"x"`, `"x"`, []string{agent.FaultNotJSON}, true},
		{"an object with a byte order mark", "\ufeff{}", "", []string{agent.FaultNotJSON}, true},
		{"a comment", `{"a":"x"/**/}`, `"x"`, []string{agent.FaultNotJSON}, true},
		{"a raw control character", "{\"a\":\"\x01\"}", "\"\x01\"", []string{agent.FaultNotJSON}, true},
		{"two objects", `{"a":"x"}{"a":"y"}`, `"x"`, []string{agent.FaultTrailing}, false},
		{"a key twice: the last counts", `{"a":"x","a":"y"}`, `"y"`, []string{agent.FaultDuplicateKey}, false},
		{"a key twice, once escaped", `{"a":"x","\u0061":"y"}`, `"y"`, []string{agent.FaultDuplicateKey}, false},
		{"a key twice further down", `{"a":[{"x":1,"x":2}]}`, `[{"x":1,"x":2}]`, []string{agent.FaultDuplicateKey}, false},
		{"a key twice and then cut off", `{"a":"x","a":"y","b":`, `"y"`, []string{agent.FaultNotJSON, agent.FaultDuplicateKey}, true},
		{"keys that differ in case", `{"a":"x","A":"y"}`, `"x"`, nil, false},
		{"a key twice that nobody asked for", `{"deeP":1,"dee\u0050":1,"a":"x"}`, `"x"`, []string{agent.FaultDuplicateKey}, false},
		{"bytes that are no UTF-8", "{\"a\":\"\xff\"}", "\"\xff\"", []string{agent.FaultInvalidUTF8}, false},
		{"half a surrogate pair", `{"a":"\ud800"}`, `"\ud800"`, []string{agent.FaultInvalidUTF8}, false},
		{"bad text and a key twice", "{\"b\":\"\xff\",\"b\":1}", "", []string{agent.FaultDuplicateKey, agent.FaultInvalidUTF8}, false},
		{"null is as good as missing", `{"a":null}`, "", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := agent.ReadObject([]byte(tt.json), names)
			if got := string(o.Value(0)); got != tt.a {
				t.Errorf("a = %s, want %s", got, tt.a)
			}
			if !slices.Equal(o.Faults(), tt.faults) {
				t.Errorf("faults %q, want %q", o.Faults(), tt.faults)
			}
			if o.Broken() != tt.broken {
				t.Errorf("broken = %v, want %v", o.Broken(), tt.broken)
			}
		})
	}
}

func TestObjectAsksForTypes(t *testing.T) {
	o := agent.ReadObject([]byte(`{"a":1,"deep":{"a":"x\ud83d\ude00\n","b":["y"]}}`), names)
	if s := o.String(0); s != "" {
		t.Errorf("a number read as text %q", s)
	}
	o.Require(0, 1)
	deep := o.Object(2, names)
	if s := deep.String(0); s != "x😀\n" {
		t.Errorf("text %q", s)
	}
	deep.String(1)
	deep.Require(2)
	o.AddFaults(deep.Faults()...)
	o.AddFaults(deep.Faults()...)
	want := []string{"wrong-type:a", "missing:b", "wrong-type:deep.b", "missing:deep.deep"}
	if !slices.Equal(o.Faults(), want) {
		t.Errorf("faults %q, want %q", o.Faults(), want)
	}
	if o.Object(0, names); !slices.Contains(o.Faults(), "wrong-type:a") {
		t.Errorf("a number is no object, but the faults are %q", o.Faults())
	}
}

func TestReadObjectSurvivesNestingAndRepetition(t *testing.T) {
	const n = 200_000
	for name, b := range map[string]string{
		"nested arrays":         `{"a":` + strings.Repeat("[", n),
		"nested objects":        strings.Repeat(`{"a":`, n),
		"closed nested objects": strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n),
		"escapes":               `{"a":"` + strings.Repeat(`\\`, n),
		"escaped quotes":        `{"a":"` + strings.Repeat(`\"`, n) + `"}`,
		"one key again":         `{` + strings.Repeat(`"a":1,`, n) + `"a":2}`,
		"duplicates deep down":  strings.Repeat(`{"a":1,"a":`, 9_000) + "1" + strings.Repeat("}", 9_000),
	} {
		t.Run(name, func(t *testing.T) { agent.ReadObject([]byte(b), names) })
	}
}

func TestElements(t *testing.T) {
	for _, tt := range []struct{ json, want string }{
		{`[1, "a,]" ,{"b":[2]},[]]`, `1|"a,]"|{"b":[2]}|[]`},
		{`[]`, ``},
		{` [ null ] `, `null`},
		{`{"a":1}`, ``},
		{`[1,"cut`, `1`},
		{``, ``},
	} {
		var got []string
		agent.Elements([]byte(tt.json), func(e []byte) { got = append(got, string(e)) })
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("elements of %s: %s, want %s", tt.json, s, tt.want)
		}
	}
}

func TestCleanPath(t *testing.T) {
	for _, tt := range []struct{ cwd, path, want string }{
		{"/home/u/p", "/etc/../root/.ssh", "/root/.ssh"},
		{"/home/u/p", "src/a.go", "/home/u/p/src/a.go"},
		{"/home/u/p", "../../v/.ssh/id", "/home/v/.ssh/id"},
		{"/home/u/p", "..", "/home/u"},
		{"/home/u/p", "~/.ssh/../.aws", "~/.aws"},
		{"/home/u/p", "~", "~"},
		{"/home/u/p", "~/../v", "~/../v"},
		{"/home/u/p", "~v/x", "/home/u/p/~v/x"},
		{"/home/u/p", `C:\Users\u`, `C:\Users\u`},
		{"/home/u/p", `\\host\share`, `\\host\share`},
		{"", "src/../a", "src/../a"},
		{"p", "a", "a"},
		{"/home/u/p", "", ""},
	} {
		if got := agent.CleanPath(tt.cwd, tt.path); got != tt.want {
			t.Errorf("CleanPath(%q, %q) = %q, want %q", tt.cwd, tt.path, got, tt.want)
		}
	}
}

// FuzzReadObject checks that nothing panics, and that a clean object reads as
// encoding/json reads it into a map, whose keys match exactly.
func FuzzReadObject(f *testing.F) {
	for _, s := range []string{
		`{"a":"x","b":[1,{"c":"\"}"}],"deep":{"a":null}}`, `{"a":1,"\u0061":2}`, "{\"a\":\"\xff\\ud800\"}",
		`{"a":"x`, `{"a":tru,"b":1}`, `{"a" "b"}`, `[{]}`, `{"a":1}{`, "{\"\\\\\":\"\\\\\"}", `{"a":"\`, "\x00", `{"a":1,}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := agent.ReadObject(b, names)
		for i := range names {
			o.String(i)
			agent.Elements(o.Value(i), func(e []byte) { agent.Text(e) })
			o.Object(i, names)
		}
		var want map[string]json.RawMessage
		if !jsontext.Value(b).IsValid() || json.Unmarshal(b, &want) != nil || want == nil {
			return
		}
		o = agent.ReadObject(b, names)
		if len(o.Faults()) > 0 {
			t.Fatalf("faults %q in a clean object", o.Faults())
		}
		for i, name := range names {
			w := want[name]
			if string(w) == "null" {
				w = nil
			}
			if !bytes.Equal(o.Value(i), w) {
				t.Errorf("%s = %s, want %s", name, o.Value(i), w)
			}
		}
	})
}
