package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gander/internal/journal"
	"gander/internal/journal/zst"
)

// writeFiles puts files into a new directory.
func writeFiles(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func compress(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zst.NewWriter(&out)
	_, err := w.Write(b)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// records are frames 1 to n of about size bytes each.
func records(n, size int) []byte {
	var b []byte
	for i := range n {
		b = append(b, frame(i+1, size)...)
	}
	return b
}

func TestSegmentsAreListedOnceWhateverTheyLookLike(t *testing.T) {
	data := records(3, 100)
	packed := compress(t, data)
	dir := writeFiles(t, map[string][]byte{
		"000001.jsonl.zst":        packed,
		"000002.jsonl":            data, // killed before it was removed
		"000002.jsonl.zst":        packed,
		"000003.jsonl.zst.77.tmp": packed,
		"000003.jsonl":            data[:100],
		"000004.open.jsonl":       data,
		"000005.jsonl.zst":        []byte("not zstd"),
		"1000000.jsonl":           data,
		"1000001.open.jsonl":      nil, // about to become live
		"live.jsonl":              data,
	})
	segs, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range segs {
		got = append(got, fmt.Sprintf("%d %s %t %t %d %d", s.Number, filepath.Base(s.Path), s.Closed(), s.Compressed, s.Size, s.Disk))
	}
	n, z := len(data), len(packed)
	want := []string{
		fmt.Sprintf("1 000001.jsonl.zst true true %d %d", n, z),
		fmt.Sprintf("2 000002.jsonl true false %d %d", n, n),
		"3 000003.jsonl true false 100 100",
		fmt.Sprintf("4 000004.open.jsonl false false %d %d", n, n),
		"5 000005.jsonl.zst true true -1 8",
		fmt.Sprintf("1000000 1000000.jsonl true false %d %d", n, n),
		fmt.Sprintf("1000001 live.jsonl false false %d %d", n, n),
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestASegmentIsOpenedUnderTheNameItHasByNow(t *testing.T) {
	data := records(3, 100)
	dir := writeFiles(t, map[string][]byte{"000001.jsonl.zst": compress(t, data), "000002.jsonl": data})
	for _, path := range []string{journal.OpenPath(dir, 1), journal.ClosedPath(dir, 1), journal.CompressedPath(dir, 1), journal.OpenPath(dir, 2)} {
		f, err := journal.OpenSegment(path)
		if err != nil {
			t.Error(err)
			continue
		}
		defer f.Close()
		got, err := io.ReadAll(f)
		if size, _ := f.Size(); err != nil || !bytes.Equal(got, data) || size != int64(len(data)) {
			t.Errorf("%s: %d bytes, size %d: %v", path, len(got), size, err)
		}
	}
	if _, err := journal.OpenSegment(journal.OpenPath(dir, 3)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a segment that is gone: %v", err)
	}
}

func TestOpenSegmentRefusesTraps(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"000009.jsonl": nil})
	for name, make := range map[string]func(path string) error{
		"000001.jsonl":     func(p string) error { return unix.Mkfifo(p, 0o600) },
		"000002.jsonl.zst": func(p string) error { return os.Symlink("/dev/zero", p) },
		"000003.jsonl":     func(p string) error { return os.Mkdir(p, 0o700) },
	} {
		path := filepath.Join(dir, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		if f, err := journal.OpenSegment(path); err == nil {
			f.Close()
			t.Errorf("%s was opened", name)
		}
	}
}

func TestOpenFileKnowsWhatIsCompressed(t *testing.T) {
	data := records(3, 100)
	dir := writeFiles(t, map[string][]byte{
		"copy":          compress(t, data),
		"plain.zst":     data, // whatever it is called
		"other.jsonl":   []byte("{}\n"),
		"broken.zst":    {0x28, 0xb5, 0x2f, 0xfd, 1},
		"very short":    {0x28},
		"empty.zst.tmp": nil,
	})
	for name, want := range map[string][]byte{"copy": data, "plain.zst": data, "other.jsonl": []byte("{}\n"), "very short": {0x28}, "empty.zst.tmp": nil} {
		f, err := journal.OpenFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		defer f.Close()
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes: %v", name, len(got), err)
		}
	}
	if _, err := journal.OpenFile(filepath.Join(dir, "broken.zst")); !errors.Is(err, zst.ErrFormat) {
		t.Errorf("broken.zst: %v", err)
	}
}

func TestResumeFindsItsPlaceInACompressedSegment(t *testing.T) {
	data := records(3000, 1000)
	half := len(records(1500, 1000))
	m := journal.NewMeter(1)
	m.Write(data[:half])
	changed := bytes.Clone(data)
	changed[1000] ^= 1
	for _, tt := range []struct {
		name  string
		files map[string][]byte
		want  string // where, or the error
	}{
		{"under its number", map[string][]byte{"000001.jsonl.zst": compress(t, data), "live.jsonl": nil}, "1"},
		{"under another", map[string][]byte{"000004.jsonl.zst": compress(t, data), "live.jsonl": nil}, "4"},
		{"still open", map[string][]byte{"000001.open.jsonl": data, "live.jsonl": nil}, "1"},
		{"edited before it was compressed", map[string][]byte{"000001.jsonl.zst": compress(t, changed)}, "edited"},
		{"damaged", map[string][]byte{"000001.jsonl.zst": damage(compress(t, data), 1)}, "edited"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, _, s, err := journal.Resume(writeFiles(t, tt.files), m.Pos())
			if err != nil {
				if !errors.Is(err, journal.ErrHistoryChanged) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			defer f.Close()
			rest, err := io.ReadAll(f)
			if err != nil || !bytes.Equal(rest, data[half:]) || fmt.Sprint(s.Number) != tt.want {
				t.Errorf("segment %d, %d bytes: %v", s.Number, len(rest), err)
			}
		})
	}
}

func TestResumeAtTheBeginningOfASegmentStaysInIt(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"000001.jsonl": records(2, 10), "000002.jsonl": records(3, 10), "live.jsonl": nil})
	f, _, s, err := journal.Resume(dir, journal.NewMeter(2).Pos())
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if s.Number != 2 {
		t.Errorf("resumed in segment %d", s.Number)
	}
}

// damage changes a byte in the middle of a compressed segment's frame i.
func damage(file []byte, i int) []byte {
	file = bytes.Clone(file)
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	at := 0
	for range i {
		at += 4 + bytes.Index(file[at+4:], magic)
	}
	file[at+200] ^= 0xff
	return file
}

func TestReaderGoesOnBehindADamagedFrame(t *testing.T) {
	data := records(4000, 1000)
	dir := writeFiles(t, map[string][]byte{"000001.jsonl.zst": damage(compress(t, data), 1)})
	f, err := journal.OpenSegment(journal.CompressedPath(dir, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m := journal.NewMeter(1)
	r := journal.NewReader(f, 0)
	r.Tee(m)
	var pids []int
	var damaged *zst.DamageError
	var end int64
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.Offset < end || e.End < e.Offset {
			t.Fatalf("entry at %d-%d after %d", e.Offset, e.End, end)
		}
		end = e.End
		if errors.As(e.Err, &damaged) && (e.Offset != damaged.From || e.End != damaged.To) {
			t.Errorf("entry %d-%d for %v", e.Offset, e.End, damaged)
		}
		if e.Err == nil {
			pids = append(pids, e.Record.PID)
		}
	}
	if damaged == nil || damaged.From != zst.FrameSize || damaged.To != 2*zst.FrameSize {
		t.Fatalf("damage %v", damaged)
	}
	inFrame := zst.FrameSize / (len(data) / 4000)
	if lost := 4000 - len(pids); lost < inFrame-1 || lost > inFrame+2 || pids[len(pids)-1] != 4000 {
		t.Errorf("%d records of %d in a frame are lost", lost, inFrame)
	}
	if end != int64(len(data)) || m.Pos().Offset != end {
		t.Errorf("ends at %d, the meter at %d, want %d", end, m.Pos().Offset, len(data))
	}
	again, _, _, err := journal.Resume(dir, m.Pos())
	if err != nil {
		t.Fatalf("behind the damage: %v", err)
	}
	again.Close()
}

func TestLastReadsEveryKindOfSegment(t *testing.T) {
	data := records(3000, 1000)
	want := time.Unix(1_800_000_000, 3000).UTC()
	packed := compress(t, data)
	dir := writeFiles(t, map[string][]byte{
		"000001.jsonl": data, "000002.jsonl.zst": packed, "000003.open.jsonl": data, "000004.jsonl.zst": damage(packed, 1),
		"live.jsonl": append(bytes.Clone(data), data[:70]...),
	})
	segs, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segs {
		last, size, err := journal.Last(s.Path)
		if err != nil || !last.Equal(want) || size != s.Size {
			t.Errorf("%s: %v, %d bytes: %v", s.Path, last, size, err)
		}
	}
}
