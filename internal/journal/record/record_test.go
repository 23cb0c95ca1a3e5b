package record_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gander/internal/journal/record"
)

var header = record.Header{
	Time:    time.Date(2026, 11, 22, 14, 2, 19, 123456789, time.UTC),
	Session: "7f3a91c2",
	Agent:   "claude-code",
	Host:    "laptop.example",
	UID:     1000,
	PID:     5123,
	Parent:  5100,
	PStart:  163282,
}

// frame builds a record the way the hook does: the payload lies in a larger
// buffer already.
func frame(h record.Header, payload string) []byte {
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	return record.Frame(h, buf, len(payload))
}

func TestWhatIsFramedIsParsed(t *testing.T) {
	for _, tt := range []struct {
		name, payload, want string
		encoded             bool
	}{
		{"an object", `{"a":1}`, `{"a":1}`, false},
		{"the pipe's line feed is not part of it", "{\"a\":1}\n", `{"a":1}`, false},
		{"only one line feed is the pipe's", "{\"a\":1}\n\n", "{\"a\":1}\n", true},
		{"an empty payload", "", "", true},
		{"not JSON", "hello", "hello", true},
		{"JSON over two lines", "{\n}", "{\n}", true},
		{"a raw carriage return", "{\r}", "{\r}", true},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "{\"a\":\"\xff\"}", true},
		{"a lone surrogate as an escape", `{"a":"\ud800"}`, `{"a":"\ud800"}`, false},
		{"raw U+2028, DEL and bidi", "{\"a\":\"\u2028\u007f\u202e\"}", "{\"a\":\"\u2028\u007f\u202e\"}", false},
		{"a payload that looks like the end of a record", `{"payload":{"v":1}}`, `{"payload":{"v":1}}`, false},
		{"deeper than encoding/json follows", strings.Repeat("[", 10001) + strings.Repeat("]", 10001), strings.Repeat("[", 10001) + strings.Repeat("]", 10001), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := frame(header, tt.payload)
			if got[0] != '\n' || got[len(got)-1] != '\n' || bytes.Count(got, []byte("\n")) != 2 {
				t.Fatalf("frame = %q, want one line between line feeds", got)
			}
			r, err := record.Parse(got[1 : len(got)-1])
			if err != nil {
				t.Fatal(err)
			}
			want := record.Record{Header: header, Payload: []byte(tt.want), Encoded: tt.encoded}
			if diff := cmp.Diff(want, r, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHeaderCannotBreakTheLine(t *testing.T) {
	h := header
	h.Host = "a\"b\n\x00é" + strings.Repeat("x", 100)
	h.Session = `"},"x`
	h.Agent = "claude code"
	r, err := record.Parse(bytes.TrimSpace(frame(h, "{}")))
	if err != nil {
		t.Fatal(err)
	}
	if r.Host[:6] != "a_b___" || len(r.Host) != 64 || r.Session != "____x" || r.Agent != "claude_code" {
		t.Errorf("host %q, session %q, agent %q", r.Host, r.Session, r.Agent)
	}
}

func TestPayloadOverTheLimitLeavesItsHeadLengthAndHash(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	got := record.FrameCut(header, bytes.Repeat([]byte("x"), 100<<10), 1<<40, sum)
	r, err := record.Parse(bytes.TrimSpace(got))
	if err != nil {
		t.Fatal(err)
	}
	want := record.Cut{Len: 1 << 40, SHA256: sum, Head: 64 << 10}
	if r.Cut == nil || *r.Cut != want || len(r.Payload) != 64<<10 || !r.Encoded {
		t.Errorf("cut %+v, %d bytes of payload", r.Cut, len(r.Payload))
	}
}

func TestDigestIsSmallAndKeepsBothEnds(t *testing.T) {
	payload := []byte(`{"session_id":"7f3a91c2-0000","tool_name":"Write","tool_input":{"content":"` + strings.Repeat("x", 1<<20) + `"},"tool_use_id":"toolu_1"}`)
	got := record.FrameDigest(header, payload)
	r, err := record.Parse(bytes.TrimSpace(got))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > record.MaxDigest {
		t.Errorf("%d bytes, want at most %d", len(got), record.MaxDigest)
	}
	if r.Cut == nil || r.Cut.Len != int64(len(payload)) || !bytes.HasPrefix(payload, r.Payload[:r.Cut.Head]) || !bytes.HasSuffix(payload, r.Payload[r.Cut.Head:]) {
		t.Errorf("cut %+v, payload %s", r.Cut, r.Payload)
	}
}

func TestEveryPrefixOfARecordIsTorn(t *testing.T) {
	for _, payload := range []string{`{"tool":"Bash"}`, "not json"} {
		line := bytes.TrimSpace(frame(header, payload))
		for n := 1; n < len(line); n++ {
			if _, err := record.Parse(line[:n]); !errors.Is(err, record.ErrTorn) && !isWholeJSON(line[:n]) {
				t.Fatalf("%d of %d bytes: %v, want torn: %s", n, len(line), err, line[:n])
			}
		}
	}
}

// isWholeJSON is true for a prefix that happens to end in the payload's own
// closing brace: `{…"payload":{…}` lacks one brace, which only the adapter,
// who parses the payload, can tell.
func isWholeJSON(b []byte) bool { return b[len(b)-1] == '}' }

func TestLinesOfOthersAreForeign(t *testing.T) {
	good := string(bytes.TrimSpace(frame(header, `{}`)))
	for _, line := range []string{
		"x", "{}", `{"v":2}`, `{"ts":"2026"}`, "\x00\x01", good + " ", " " + good,
		strings.Replace(good, `"uid":1000`, `"uid":1e3`, 1),
		strings.Replace(good, `"sid"`, `"Sid"`, 1),
		strings.Replace(good, `,"pid"`, `, "pid"`, 1),
		strings.Replace(good, `"v":1`, `"v":1,"v":1`, 1),
	} {
		if _, err := record.Parse([]byte(line)); err == nil {
			t.Errorf("parsed %q", line)
		}
	}
}

func TestSessionPrefix(t *testing.T) {
	for _, tt := range []struct{ name, payload, want string }{
		{"compact", `{"session_id":"7f3a91c2-aaaa","x":1}`, "7f3a91c2"},
		{"with blanks", `{ "session_id" : "7f3a91c2-aaaa"}`, "7f3a91c2"},
		{"short", `{"session_id":"7f"}`, "7f"},
		{"none", `{"x":1}`, ""},
		{"not a string", `{"session_id":12345678}`, ""},
		{"stops at what cannot stand in a record", `{"session_id":"7f\"},{"}`, "7f"},
		{"empty", ``, ""},
		{"cut", `{"session_id"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := record.SessionPrefix([]byte(tt.payload), "session_id"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A file written by every released version must stay readable.
func TestGoldenFileOfVersion1(t *testing.T) {
	const name = "testdata/v1.jsonl"
	want := append(frame(header, "{\"session_id\":\"7f3a91c2-0000\",\"tool_name\":\"Bash\"}\n"), frame(header, "odd\n\n")...)
	want = append(want, record.FrameCut(header, []byte(`{"session_id":"7f3a`), 99, strings.Repeat("0f", 32))...)
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("version 1 is no longer written as it was (-now +released):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(bytes.TrimSpace(frame(header, `{"a":1}`)))
	f.Add(bytes.TrimSpace(frame(header, "odd\n\n")))
	f.Add([]byte(`{"v":1,"ts":"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := record.Parse(line)
		if err != nil || r.Encoded || r.Cut != nil {
			return
		}
		back := frame(r.Header, string(r.Payload)+"\n")
		again, err := record.Parse(bytes.Trim(back, "\n"))
		if err != nil {
			t.Fatalf("framing what was parsed: %v", err)
		}
		if !again.Time.Equal(r.Time) || !bytes.Equal(again.Payload, r.Payload) {
			t.Errorf("round trip changed the record")
		}
	})
}
