package readback_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
	"gander/internal/anchor/readback"
	"gander/internal/anchor/rfc3161"
)

func text(k uint64) string { return string(anchor.AppendLine(nil, anchortest.Statement(k))) }

func read(t *testing.T, in string) ([]readback.Found, readback.Report) {
	t.Helper()
	var found []readback.Found
	report, err := readback.ReadLines(strings.NewReader(in), "in", func(f readback.Found) bool {
		found = append(found, f)
		return true
	})
	if err != nil || report.Found != len(found) {
		t.Errorf("report %+v, %v", report, err)
	}
	return found, report
}

func sd(k uint64) string {
	st := anchortest.Statement(k)
	return fmt.Sprintf(`[gander@32473 journal="%s" k="%d" hash="%s"]`, st.Journal, st.K, st.Hash)
}

func journalctl(fields map[string]any) string {
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestStatementsAreFoundInEveryKindOfLog(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		whole    bool // with its line
		by       string
	}{
		{"a file anchor", "\n" + text(7) + "\n", true, ""},
		{"without its last line feed", text(7), true, ""},
		{"with carriage returns", text(7) + "\r\n", true, ""},
		{"after a torn line", text(6)[:40] + "\n\n" + text(7) + "\n", true, ""},
		{"rsyslog's old format", "Nov 22 14:02:19 host gander[812]: " + text(7) + "\n", true, ""},
		{"rsyslog's new format", "2026-11-22T14:02:19.1+01:00 host gander[812]: " + text(7) + "\n", true, ""},
		{"a message as it was sent", "<85>1 2026-11-22T14:02:19Z host gander 8 seal " + sd(7) + " " + text(7) + "\n", true, ""},
		{"a message that was cut", "<85>1 2026-11-22T14:02:19Z host gander 8 seal " + sd(7) + " " + text(7)[:100] + "\n", false, ""},
		{"the data alone", "host gander: " + sd(7) + "\n", false, ""},
		{"journalctl", journalctl(map[string]any{"MESSAGE": text(7), "_UID": "997", "__REALTIME_TIMESTAMP": "1795356139000000", "PRIORITY": "5"}), true, "uid 997"},
		{"journalctl of a syslog message", journalctl(map[string]any{"MESSAGE": "1 2026 host gander 8 seal " + sd(7) + " " + text(7), "_UID": "0"}), true, "uid 0"},
		{"another log in JSON", journalctl(map[string]any{"host": "x", "message": text(7), "n": 1}), true, ""},
		{"a JSON log that was cut", `{"host":"x","m":"` + sd(7)[:10] + `","message":` + sd(7), false, ""},
		{"among other lines", "x\n{}\n[]\n{\"MESSAGE\":null}\n{\"MESSAGE\":[1,2]}\n\x00\xff\n" + text(7) + "\ny", true, ""},
		{"after a line without end", strings.Repeat("x", 1<<20) + "\n" + text(7), true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, report := read(t, tt.in)
			if len(found) != 1 {
				t.Fatalf("found %d, %+v", len(found), report)
			}
			f, want := found[0], anchortest.Statement(7)
			if f.Journal != want.Journal || f.K != 7 || f.Hash != want.Hash || f.By != tt.by {
				t.Errorf("found %+v", f)
			}
			if tt.whole != bytes.Equal(f.Line, want.Line) || tt.whole != f.Time.Equal(want.Time) {
				t.Errorf("line %q, time %v", f.Line, f.Time)
			}
			if tt.by == "uid 997" && !f.Seen.Equal(time.Unix(1795356139, 0)) {
				t.Errorf("seen %v", f.Seen)
			}
		})
	}
}

func TestSourceIsFileAndLine(t *testing.T) {
	found, _ := read(t, "x\n\n"+text(1)+"\n"+text(2))
	if len(found) != 2 || found[0].Source != "in:3" || found[1].Source != "in:4" {
		t.Errorf("found %+v", found)
	}
}

func TestDamagedStatementsAreCountedAndSome(t *testing.T) {
	bad := strings.Replace(text(1), `"from":64`, `"from":65`, 1) + "\n"
	found, report := read(t, strings.Repeat(bad, 1000)+"x\n"+text(2))
	if len(found) != 1 || report.Damaged != 1000 || report.Ignored != 1 || len(report.Notes) != 20 || report.Notes[0] != "in:1: damaged statement" {
		t.Errorf("found %d, %+v", len(found), report)
	}
}

func TestWhatOnlyLooksLikeAStatementIsNone(t *testing.T) {
	for _, in := range []string{
		sd(7)[:60], strings.Replace(sd(7), "32473", "32474", 1), strings.Replace(sd(7), `k="7"`, `k="-7"`, 1),
		strings.Replace(sd(7), `k="7"`, `k="99999999999999999999"`, 1), strings.Replace(sd(7), `journal="9`, `journal=".9`, 1),
		strings.ToUpper(text(7)), strings.Repeat("{", 200_000), strings.Repeat(`{"a":`, 40_000) + `"` + anchor.Mark + `"`,
	} {
		if found, _ := read(t, in); len(found) != 0 {
			t.Errorf("%.80s: found %+v", in, found)
		}
	}
}

func TestReadingEndsWhenNoMoreIsWanted(t *testing.T) {
	n := 0
	_, err := readback.ReadLines(strings.NewReader(strings.Repeat(text(1)+"\n", 10)), "in", func(readback.Found) bool {
		n++
		return n < 3
	})
	if err != nil || n != 3 {
		t.Errorf("%d yields, %v", n, err)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDirectoryIsReadAsAWhole(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "j", "2026", "11", "22", "14.jsonl"), []byte(text(1)+"\n"+text(2)+"\n"))
	write(t, filepath.Join(dir, "j", "2026", "11", "22", "15.jsonl"), []byte(text(3)+"\n"))
	write(t, filepath.Join(dir, ".git", "x.jsonl"), []byte(text(4)+"\n"))
	write(t, filepath.Join(dir, "README"), []byte(text(5)+"\n"))
	write(t, filepath.Join(dir, strings.Repeat("d/", 12), "x.jsonl"), []byte(text(6)+"\n"))
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	var got []uint64
	report, err := readback.Read(dir, readback.Options{}, func(f readback.Found) bool {
		got = append(got, f.K)
		return true
	})
	if err != nil || !slices.Equal(got, []uint64{1, 2, 3}) || report.Ignored != 1 {
		t.Errorf("found %v, %+v, %v", got, report, err)
	}
	if _, err := readback.Read(filepath.Join(dir, "none"), readback.Options{}, nil); err == nil {
		t.Error("a missing file is read")
	}
}

func TestTokensAreReadWithWhatTheySign(t *testing.T) {
	tsa, other, dir := anchortest.NewTSA(t), anchortest.NewTSA(t), t.TempDir()
	a, err := rfc3161.Config{URL: tsa.URL}.Open(anchor.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for k := range uint64(3) {
		st := anchortest.Statement(k)
		receipt, err := a.Send(t.Context(), st)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, anchor.TokenName(st.Journal, k))
		write(t, name+anchor.TokenExt, receipt.Token)
		switch k {
		case 0:
			write(t, name+anchor.SealExt, st.Line)
		case 1:
			write(t, name+anchor.SealExt, []byte(`{"forged":1}`))
		}
	}
	write(t, filepath.Join(dir, "x-9.tst"), []byte("no token"))
	write(t, filepath.Join(dir, "name.tst"), nil)
	write(t, filepath.Join(dir, "x-10.tst"), make([]byte, 1<<20))

	for _, tt := range []struct {
		name           string
		o              readback.Options
		found, damaged int
		by             string
	}{
		{"without roots", readback.Options{}, 3, 4, "CN=TSA of a test (no roots given: not verified)"},
		{"with the authority's roots", readback.Options{Roots: tsa.Roots}, 3, 4, "CN=TSA of a test"},
		{"with roots of another", readback.Options{Roots: other.Roots}, 0, 6, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var found []readback.Found
			report, err := readback.Read(dir, tt.o, func(f readback.Found) bool {
				found = append(found, f)
				return true
			})
			if err != nil || len(found) != tt.found || report.Damaged != tt.damaged {
				t.Fatalf("found %d, %+v, %v", len(found), report, err)
			}
			for i, f := range found {
				want := anchortest.Statement(uint64(i))
				if f.K != want.K || f.Hash != want.Hash || f.Journal != want.Journal || f.By != tt.by || time.Since(f.Seen) > time.Minute || (f.Line != nil) != (i == 0) {
					t.Errorf("found %+v", f)
				}
			}
		})
	}
}

func FuzzReadLines(f *testing.F) {
	f.Add([]byte(text(1) + "\n" + text(2)))
	f.Add([]byte("<85>1 - - - - - " + sd(7) + " " + text(7)[:90]))
	f.Add([]byte(journalctl(map[string]any{"MESSAGE": text(7), "_UID": "997", "__REALTIME_TIMESTAMP": "1795356139000000"})))
	f.Add([]byte(`{"MESSAGE":"` + anchor.Mark + `\ud800"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		report, err := readback.ReadLines(bytes.NewReader(in), "in", func(found readback.Found) bool {
			if found.Line != nil && found.Check() != nil || len(found.Hash) != 64 || found.Journal == "" {
				t.Errorf("found %+v", found)
			}
			return true
		})
		if err != nil || report.Found+report.Ignored+report.Damaged > bytes.Count(in, []byte("\n"))+1 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}
