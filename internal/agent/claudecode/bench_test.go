package claudecode_test

import (
	"bytes"
	"os"
	"testing"

	"gander/internal/agent/claudecode"
)

func BenchmarkParse(b *testing.B) {
	call, err := os.ReadFile("testdata/payloads/2.1.330/PreToolUse.Edit.json")
	if err != nil {
		b.Fatal(err)
	}
	call = pad(bytes.TrimSpace(call), "LINE2", 900)
	for _, bb := range []struct {
		name    string
		payload []byte
	}{
		{"Edit of 900 bytes", call},
		{"Edit of 2 MB", pad(call, "LINE2", 2<<20)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.payload)))
			b.ReportAllocs()
			for b.Loop() {
				claudecode.Adapter{}.Parse(bb.payload)
			}
		})
	}
}

// pad makes a payload size bytes long by repeating a word of it.
func pad(payload []byte, word string, size int) []byte {
	n := max(0, size-len(payload)) / len(word)
	return bytes.Replace(payload, []byte(word), bytes.Repeat([]byte(word), n+1), 1)
}
