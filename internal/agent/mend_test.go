package agent_test

import (
	"encoding/json"
	"testing"

	"gander/internal/agent"
)

func TestMendClosesWhatIsOpen(t *testing.T) {
	for _, tt := range []struct{ name, head, tail, want string }{
		{"within a string", `{"a":"b","c":{"d":"ef`, `","tool_use_id":"t1"}`, `{"a":"b","c":{"d":"ef"},"tool_use_id":"t1"}`},
		{"within an escape", `{"a":"b\u00`, ``, `{"a":"b"}`},
		{"after a backslash", `{"a":"b\`, ``, `{"a":"b"}`},
		{"within a character", "{\"a\":\"b\xe2\x82", ``, `{"a":"b"}`},
		{"within a name", `{"a":"b","cd`, ``, `{"a":"b"}`},
		{"after a name", `{"a":"b","c"`, ``, `{"a":"b"}`},
		{"after a colon", `{"a":"b","c":`, ``, `{"a":"b"}`},
		{"within a number", `{"a":1,"c":12`, ``, `{"a":1}`},
		{"in a list", `{"a":[1,{"b":["x"`, ``, `{"a":[1,{"b":["x"]}]}`},
		{"whole", `{"a":1}`, ``, `{"a":1}`},
		{"an odd id in the tail is left out", `{"a":"b`, `","tool_use_id":"t\n1"}`, `{"a":"b"}`},
		{"nothing", ``, ``, ``},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(agent.Mend([]byte(tt.head), []byte(tt.tail), "tool_use_id")); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzMend(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x\u00e9",{"b":null}],"c":"d"}`), 9)
	f.Fuzz(func(t *testing.T, whole []byte, cut int) {
		if len(whole) == 0 || whole[0] != '{' || !json.Valid(whole) || cut < 1 {
			return
		}
		cut = 1 + cut%len(whole)
		got := agent.Mend(whole[:cut], nil)
		if !json.Valid(got) {
			t.Errorf("%q is not JSON, from %q", got, whole[:cut])
		}
	})
}
