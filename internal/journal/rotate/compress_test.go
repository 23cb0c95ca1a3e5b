package rotate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/rotate"
)

func closedSegment(t testing.TB, dir string) journal.Segment {
	t.Helper()
	segs, err := journal.Segments(dir)
	if err != nil || !segs[0].Closed() {
		t.Fatalf("%+v: %v", segs, err)
	}
	return segs[0]
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	f, err := journal.OpenSegment(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCompressReplacesAClosedSegment(t *testing.T) {
	data := session(3000)
	dir := writeFiles(t, map[string][]byte{"000001.jsonl": data, "live.jsonl": nil})
	old := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(journal.ClosedPath(dir, 1), old, old); err != nil {
		t.Fatal(err)
	}
	seg, err := rotate.Compress(context.Background(), closedSegment(t, dir))
	if err != nil || !seg.Compressed || seg.Size != int64(len(data)) || seg.Disk >= seg.Size/2 {
		t.Fatalf("%+v: %v", seg, err)
	}
	if got := names(t, dir); got != "000001.jsonl.zst live.jsonl" {
		t.Errorf("files %s", got)
	}
	if !bytes.Equal(read(t, seg.Path), data) {
		t.Error("it reads differently")
	}
	st, err := os.Stat(seg.Path)
	if err != nil || st.Mode() != 0o600 || !st.ModTime().Equal(old) {
		t.Errorf("%v %v: %v", st.Mode(), st.ModTime(), err)
	}
	if again, err := rotate.Compress(context.Background(), seg); err != nil || again != seg {
		t.Errorf("twice: %+v: %v", again, err)
	}
}

func TestCompressGoesOnWhereAKilledOneStopped(t *testing.T) {
	data := session(100)
	for name, left := range map[string]map[string][]byte{
		"while writing": {"000001.jsonl.zst.123.tmp": []byte("torn")},
		"before the plain file was removed, with another's content": {"000001.jsonl.zst": []byte("not zstd")},
	} {
		left["000001.jsonl"] = data
		dir := writeFiles(t, left)
		if got := read(t, closedSegment(t, dir).Path); !bytes.Equal(got, data) {
			t.Errorf("%s: reads differently", name)
		}
		if _, err := rotate.Compress(context.Background(), closedSegment(t, dir)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := names(t, dir); got != "000001.jsonl.zst" {
			t.Errorf("%s: files %s", name, got)
		}
		if got := read(t, closedSegment(t, dir).Path); !bytes.Equal(got, data) {
			t.Errorf("%s: reads differently afterwards", name)
		}
	}
}

func TestASegmentDeletedWhileItIsCompressedStaysDeleted(t *testing.T) {
	data := session(5000)
	for range 8 {
		dir := writeFiles(t, map[string][]byte{"000001.jsonl": data, "000002.jsonl": {1}})
		done := make(chan error)
		go func(seg journal.Segment) {
			_, err := rotate.Compress(context.Background(), seg)
			done <- err
		}(closedSegment(t, dir))
		pause(50 * time.Millisecond)
		del := []rotate.Deletion{{Segment: closedSegment(t, dir)}}
		if _, err := rotate.Apply(del, func(rotate.Deletion) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		if got := names(t, dir); got != "000002.jsonl" {
			t.Fatalf("files %s", got)
		}
	}
}

func TestTwoThatCompressTheSameSegmentLoseNothing(t *testing.T) {
	data := session(5000)
	for range 5 {
		dir := writeFiles(t, map[string][]byte{"000001.jsonl": data})
		seg := closedSegment(t, dir)
		done := make(chan struct{})
		for range 3 {
			go func() {
				_, _ = rotate.Compress(context.Background(), seg) // one of them may find it gone
				done <- struct{}{}
			}()
		}
		for range 3 {
			<-done
		}
		if got := read(t, closedSegment(t, dir).Path); !bytes.Equal(got, data) {
			t.Fatalf("%d bytes of %d", len(got), len(data))
		}
	}
}

func TestCompressLeavesTheSegmentAloneWhenItCannotFinish(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"000001.jsonl": session(100), "live.jsonl": session(1)})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := rotate.Compress(ctx, closedSegment(t, dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	segs, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rotate.Compress(context.Background(), segs[1]); err == nil {
		t.Error("the live segment was compressed")
	}
	if got := names(t, dir); got != "000001.jsonl live.jsonl" {
		t.Errorf("files %s", got)
	}
}

func TestCompressKeepsASegmentThatSomebodyStillWritesTo(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"000001.jsonl": session(20_000)})
	seg := closedSegment(t, dir)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = record.Append(seg.Path, frame(1), nil)
			}
		}
	}()
	_, err := rotate.Compress(context.Background(), seg)
	close(stop)
	<-stopped
	if !errors.Is(err, rotate.ErrChanged) {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); got != "000001.jsonl" {
		t.Errorf("files %s", got)
	}
}

// session makes n records like those of a real client: few sessions and tools,
// output of programs, source code.
func session(n int) []byte {
	words := strings.Fields("if err != nil { return fmt.Errorf( } func for range len append string int64 type struct " +
		"// the next segment is opened when this one ends var const package import switch case default go test ./... ok PASS FAIL -rw-r--r-- 1 root root")
	rng := rand.New(rand.NewPCG(1, 2))
	var out []byte
	for i := range n {
		var text strings.Builder
		for size := int(400 * rng.ExpFloat64()); text.Len() < size; {
			text.WriteString(words[rng.IntN(len(words))])
			text.WriteByte(" \n"[rng.IntN(8)/7])
			if rng.IntN(12) == 0 {
				fmt.Fprintf(&text, "%x ", rng.Uint64()>>rng.IntN(60))
			}
		}
		payload := fmt.Sprintf(`{"session_id":"%08x-aaaa-bbbb-cccc-1234567890ab","transcript_path":"/home/dev/.claude/projects/-home-dev-app/%d.jsonl","cwd":"/home/dev/app",`+
			`"permission_mode":"bypassPermissions","hook_event_name":"PostToolUse","tool_name":"%s","tool_input":{"command":"go test ./internal/%d","description":"run the tests"},`+
			`"tool_response":{"stdout":%q,"stderr":"","interrupted":false},"tool_use_id":"toolu_%016x"}`,
			i/300, i/300, []string{"Bash", "Read", "Edit", "Grep"}[rng.IntN(4)], rng.IntN(40), text.String(), rng.Uint64())
		buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
		copy(buf[record.Headroom:], payload)
		h := record.Header{Time: time.Unix(1_800_000_000, 0).Add(time.Duration(i) * 731 * time.Millisecond), Agent: "claude-code", Host: "laptop", UID: 1000, PID: 5000 + i, Parent: 4000, PStart: 163282}
		out = append(out, record.Frame(h, buf, len(payload))...)
	}
	return out
}

// BenchmarkCompress takes a segment of 64 MiB of realistic records.
func BenchmarkCompress(b *testing.B) {
	data := segmentOf(64 << 20)
	dir := b.TempDir()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := os.WriteFile(journal.ClosedPath(dir, 1), data, 0o600); err != nil {
			b.Fatal(err)
		}
		seg, err := rotate.Compress(context.Background(), closedSegment(b, dir))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(seg.Size)/float64(seg.Disk), "ratio")
		if err := os.Remove(seg.Path); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads records and all, plain and compressed.
func BenchmarkRead(b *testing.B) {
	data := segmentOf(64 << 20)
	dir := b.TempDir()
	if err := os.WriteFile(journal.ClosedPath(dir, 1), data, 0o600); err != nil {
		b.Fatal(err)
	}
	seg := closedSegment(b, dir)
	for _, form := range []string{"plain", "compressed"} {
		if form == "compressed" {
			var err error
			if seg, err = rotate.Compress(context.Background(), seg); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(form+"/bytes", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				readBytes(b, seg.Path)
			}
		})
		b.Run(form+"/records", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				readRecords(b, seg.Path)
			}
		})
	}
}

func segmentOf(size int) []byte {
	some := session(20_000)
	return bytes.Repeat(some, 1+size/len(some))[:size]
}

func readBytes(b *testing.B, path string) {
	f, err := journal.OpenSegment(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 64<<10)); err != nil {
		b.Fatal(err)
	}
}

func readRecords(b *testing.B, path string) {
	f, err := journal.OpenSegment(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for r := journal.NewReader(f, 0); ; {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			return
		}
	}
}
