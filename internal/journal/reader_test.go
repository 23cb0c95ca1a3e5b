package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/record"
)

// frame is a record whose payload is {"n":n} and size more bytes.
func frame(n, size int) []byte {
	payload := fmt.Sprintf(`{"n":%d,"fill":"%s"}`, n, strings.Repeat("x", size))
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	h := record.Header{Time: time.Unix(1_800_000_000, int64(n)), Agent: "claude-code", Host: "h", PID: n}
	return bytes.Clone(record.Frame(h, buf, len(payload)))
}

type seen struct {
	pids    []int
	corrupt []error
	end     int64
}

// readAll reads src to its end, and what is left of an unfinished line.
func readAll(t *testing.T, src io.Reader) seen {
	t.Helper()
	var s seen
	r := journal.NewReader(src, 0)
	add := func(e journal.Entry) {
		if e.Offset < s.end || e.End < e.Offset {
			t.Fatalf("entry at %d-%d after %d", e.Offset, e.End, s.end)
		}
		s.end = e.End
		if e.Err != nil {
			s.corrupt = append(s.corrupt, e.Err)
			return
		}
		s.pids = append(s.pids, e.Record.PID)
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		add(e)
	}
	if e, ok := r.Rest(); ok {
		add(e)
	}
	return s
}

func TestReaderGoesOnAfterWhateverItMeets(t *testing.T) {
	a, b := frame(1, 10), frame(2, 100<<10)
	for _, tt := range []struct {
		name    string
		file    []byte
		pids    string
		corrupt string
	}{
		{"nothing", nil, "[]", "[]"},
		{"two records", join(a, b), "[1 2]", "[]"},
		{"a torn record before a whole one", join(a[:40], b), "[2]", "[torn record]"},
		{"a torn tail", join(a, b[:50000]), "[1]", "[torn record]"},
		{"a whole line without its line feed", join(a, b[:len(b)-1]), "[1]", "[torn record]"},
		{"somebody's line", join(a, []byte("hello\n"), b), "[1 2]", "[not a gander record]"},
		{"NUL bytes, as a crashed file system leaves", join(a, make([]byte, 4096), b), "[1 2]", "[not a gander record]"},
		{"empty lines", join([]byte("\n\n\n"), a, []byte("\n\n"), b), "[1 2]", "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range []io.Reader{bytes.NewReader(tt.file), iotest.HalfReader(bytes.NewReader(tt.file))} {
				s := readAll(t, r)
				if got := fmt.Sprint(s.pids); got != tt.pids {
					t.Errorf("records %s, want %s", got, tt.pids)
				}
				if got := fmt.Sprint(s.corrupt); got != tt.corrupt {
					t.Errorf("corrupt %s, want %s", got, tt.corrupt)
				}
			}
		})
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// A log cut at any byte gives a prefix of what was written, and says when
// something is missing from the last line.
func TestReaderOfALogCutAtEveryByte(t *testing.T) {
	var file []byte
	ends := map[int]bool{0: true}
	for n := range 5 {
		file = append(file, frame(n+1, 20*n)...)
		ends[len(file)] = true
	}
	for cut := range len(file) + 1 {
		s := readAll(t, bytes.NewReader(file[:cut]))
		for i, pid := range s.pids {
			if pid != i+1 {
				t.Fatalf("cut at %d: records %v", cut, s.pids)
			}
		}
		// One byte after a record is the next one's leading line feed.
		if clean := ends[cut] || ends[cut-1]; clean != (len(s.corrupt) == 0) {
			t.Fatalf("cut at %d: corrupt %v, want %t", cut, s.corrupt, !clean)
		}
	}
}

func TestReaderWaitsForTheRestOfALine(t *testing.T) {
	whole := join(frame(1, 10), frame(2, 10))
	var file bytes.Buffer
	r := journal.NewReader(&file, 0)
	got := 0
	for i := range whole {
		file.WriteByte(whole[i])
		e, err := r.Next()
		if err == nil {
			got++
			if e.Err != nil || e.Record.PID != got || e.End != int64(i+1) {
				t.Fatalf("after byte %d: %+v", i, e)
			}
		} else if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	if got != 2 {
		t.Errorf("%d records, want 2", got)
	}
}

// endless gives x and never a line feed, up to its size; then one, and a record.
func TestReaderHoldsNoLineLongerThanARecord(t *testing.T) {
	const size = 300 << 20
	long := io.LimitReader(endless{}, size)
	s := readAll(t, io.MultiReader(bytes.NewReader(frame(1, 1)), long, bytes.NewReader(frame(2, 1))))
	if fmt.Sprint(s.pids) != "[1 2]" || len(s.corrupt) != 1 || !errors.Is(s.corrupt[0], journal.ErrTooLong) {
		t.Errorf("records %v, corrupt %v", s.pids, s.corrupt)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestSegmentsAreListedOldestFirst(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"000010.jsonl", "000002.jsonl", "live.jsonl", "notes.txt", "1.jsonl", "000000.jsonl"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	segs, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range segs {
		got = append(got, fmt.Sprintf("%d %s %t", s.Number, filepath.Base(s.Path), s.Live))
	}
	want := "2 000002.jsonl false, 10 000010.jsonl false, 11 live.jsonl true"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

func TestResumeFindsItsPlaceOrSaysWhatChanged(t *testing.T) {
	a, b, c := frame(1, 300), frame(2, 300), frame(3, 300)
	before := join(a, b)
	edited := bytes.Clone(before)
	edited[len(a)+200] ^= 1
	for _, tt := range []struct {
		name string
		file []byte
		want string // "" when the place is found
	}{
		{"nothing happened", before, ""},
		{"more was recorded", join(before, c), ""},
		{"a byte was edited", join(edited, c), "edited"},
		{"the file was cut", a, "ends at byte"},
		{"another file lies there", join(c, before), "begins differently"},
		{"the file is empty", nil, "begins differently"},
		{"a line was deleted", join(a, c), "edited"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			m := journal.NewMeter(1)
			m.Write(before)
			if err := os.WriteFile(journal.LivePath(dir), tt.file, 0o600); err != nil {
				t.Fatal(err)
			}
			f, _, _, err := journal.Resume(dir, m.Pos())
			if tt.want != "" {
				if !errors.Is(err, journal.ErrHistoryChanged) || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			rest, _ := io.ReadAll(f)
			if want := tt.file[len(before):]; !bytes.Equal(rest, want) {
				t.Errorf("stands before %q, want %q", rest, want)
			}
		})
	}
}

func TestResumeFindsASegmentThatWasRotated(t *testing.T) {
	dir := t.TempDir()
	m := journal.NewMeter(1)
	m.Write(frame(1, 300))
	for name, data := range map[string][]byte{"000001.jsonl": join(frame(1, 300), frame(2, 10)), "live.jsonl": frame(3, 10)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, _, seg, err := journal.Resume(dir, m.Pos())
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if seg.Number != 1 || seg.Live {
		t.Errorf("resumed in %+v", seg)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(join(frame(1, 10), frame(2, 10)), 7)
	f.Add([]byte("\n{\"v\":1\n\x00\xff\n"), 1)
	f.Fuzz(func(t *testing.T, file []byte, step int) {
		sum := sha256.New()
		r := journal.NewReader(&stepper{file, max(1, step%64)}, 0)
		r.Tee(sum)
		var end int64
		for {
			e, err := r.Next()
			if err != nil {
				break
			}
			if e.Offset < end || e.End <= e.Offset {
				t.Fatalf("entry at %d-%d after %d", e.Offset, e.End, end)
			}
			end = e.End
		}
		r.Rest()
		if want := sha256.Sum256(file); hex.EncodeToString(want[:]) != hex.EncodeToString(sum.Sum(nil)) {
			t.Error("the bytes passed over are not the bytes of the file")
		}
		// Whatever lies before it, a framed record is read.
		s := readAll(t, bytes.NewReader(append(bytes.Clone(file), frame(77, 5)...)))
		if len(s.pids) == 0 || s.pids[len(s.pids)-1] != 77 {
			t.Error("the record after the garbage is lost")
		}
	})
}

// stepper reads a few bytes at a time.
type stepper struct {
	rest []byte
	step int
}

func (s *stepper) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(s.step, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}
