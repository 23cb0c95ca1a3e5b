package anchor_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, st := range []anchor.Statement{
		anchortest.Statement(0),
		anchortest.Statement(1<<64 - 1),
		anchortest.WithLine(`{}`),
		{Journal: "x", K: 1, Hash: strings.Repeat("0a", 32), Time: time.Unix(0, 0)},
		anchortest.WithLine(`{"a":"}\"]\\"}`),
		anchor.NewStatement("A-b_c.9", 1, []byte(`{"x":[]}`), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)),
		anchor.NewStatement("x", 1, []byte(`{}`), time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("x", 3600))),
	} {
		text := anchor.AppendLine(nil, st)
		got, err := anchor.ParseLine(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got.Journal != st.Journal || got.K != st.K || got.Hash != st.Hash || !got.Time.Equal(st.Time) || !bytes.Equal(got.Line, st.Line) {
			t.Errorf("%s is read as %+v", text, got)
		}
		if len(text) > anchor.MaxText {
			t.Errorf("%d bytes, over the limit", len(text))
		}
	}
}

func TestLongSealIsLeftOutOfLogs(t *testing.T) {
	long := anchortest.WithLine(`{"x":"` + strings.Repeat("a", anchor.ShortLine) + `"}`)
	got, err := anchor.ParseLine(anchor.AppendShort(nil, long))
	if err != nil || got.Line != nil || got.Hash != long.Hash || got.K != long.K {
		t.Errorf("%+v, %v", got, err)
	}
	if text := anchor.AppendShort(nil, anchortest.Statement(1)); !bytes.Equal(text, anchor.AppendLine(nil, anchortest.Statement(1))) {
		t.Errorf("%s", text)
	}
}

func TestEveryCutOrChangedLineIsNotRead(t *testing.T) {
	text := anchor.AppendLine(nil, anchortest.Statement(7))
	for n := range text {
		_, err := anchor.ParseLine(text[:n])
		if want := anchor.ErrDamaged; n < len(anchor.Mark) && !errors.Is(err, anchor.ErrForeign) || n >= len(anchor.Mark) && !errors.Is(err, want) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 0x01
		if st, err := anchor.ParseLine(changed); err == nil && st.Hash != anchortest.Statement(7).Hash {
			t.Errorf("byte %d: %s is read", i, changed)
		}
	}
}

func TestOnlyOurWayOfWritingIsRead(t *testing.T) {
	good := string(anchor.AppendLine(nil, anchortest.WithLine(`{"k":1}`)))
	for _, tt := range []struct{ name, old, new string }{
		{"a blank", `"k":1,"hash`, `"k": 1,"hash`},
		{"a zero in front", `"k":1,"hash`, `"k":01,"hash`},
		{"a sign", `"k":1,"hash`, `"k":+1,"hash`},
		{"another number", `"k":1,"hash`, `"k":1e0,"hash`},
		{"too large a number", `"k":1,"hash`, `"k":18446744073709551616,"hash`},
		{"a shorter time", `.000000000Z`, `Z`},
		{"another zone", `.000000000Z`, `.000000000+00:00`},
		{"another version", `{"gander_anchor":1`, `{"gander_anchor":2`},
		{"another key", `"seal":`, `"Seal":`},
		{"another seal", `"seal":{"k":1}`, `"seal":{"k":2}`},
		{"a hash in capitals", `"hash":"`, `"hash":"A`},
		{"something after it", `}}`, `}}}`},
		{"no seal and something after it", `,"seal":{"k":1}`, `,"k":1`},
		{"a journal that is a path", `"journal":"9`, `"journal":"../`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := bytes.Replace([]byte(good), []byte(tt.old), []byte(tt.new), 1)
			if string(text) == good {
				t.Fatal("nothing was changed")
			}
			if _, err := anchor.ParseLine(text); err == nil {
				t.Errorf("%s is read", text)
			}
		})
	}
}

// A line written by every released version must stay readable.
func TestGoldenLineOfVersion1(t *testing.T) {
	got, err := os.ReadFile("testdata/v1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	want := append(anchor.AppendLine(nil, anchortest.Statement(7)), '\n')
	if !bytes.Equal(got, want) {
		t.Errorf("version 1 is no longer written as it was:\n%s%s", want, got)
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add(anchor.AppendLine(nil, anchortest.Statement(7)))
	f.Add([]byte(anchor.Mark))
	f.Add([]byte(anchor.Mark + `x","k":1,"hash":"","time":"","seal":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		st, err := anchor.ParseLine(text)
		if err != nil {
			return
		}
		if st.Line != nil && st.Check() != nil {
			t.Errorf("%+v does not pass its check", st)
		}
		if again := anchor.AppendLine(nil, st); !bytes.Equal(again, text) {
			t.Errorf("%s is written as %s", text, again)
		}
	})
}
