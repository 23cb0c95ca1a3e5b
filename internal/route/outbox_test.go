package route_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gander/internal/alert"
	"gander/internal/journal"
	"gander/internal/route"
)

func fill(t *testing.T, lines int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "outbox.jsonl")
	o, err := route.OpenOutbox(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range lines {
		m := route.Mark{Seq: uint64(n + 1), Pos: journal.Pos{Segment: 1, Offset: int64(100 * n)}}
		if err := o.Append(m, []alert.Alert{{ID: fmt.Sprint(n), Title: "t"}}); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// A watcher may be killed while it writes a line: whatever it leaves, the
// alerts before are kept, the mark is theirs, and the next line is whole.
func TestOutboxCutAtEveryByte(t *testing.T) {
	path := fill(t, 3)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := route.OpenOutbox(path)
		if err != nil {
			t.Fatal(err)
		}
		seq := o.Last().Seq
		if want := uint64(strings.Count(string(whole[:cut]), "]}\n")); seq != want {
			t.Fatalf("cut at %d: the last mark is %d, want %d", cut, seq, want)
		}
		if err := o.Append(route.Mark{Seq: seq + 1}, []alert.Alert{{ID: "after"}}); err != nil {
			t.Fatal(err)
		}
		again, err := route.OpenOutbox(path)
		if err != nil || again.Last().Seq != seq+1 || !again.Has("after") || again.Damaged() != 0 {
			t.Fatalf("cut at %d: last mark %d, damaged %d, %v", cut, again.Last().Seq, again.Damaged(), err)
		}
	}
}

func TestReaderFollowsAGrowingOutbox(t *testing.T) {
	path := fill(t, 2)
	r := route.NewReader(path)
	var got []string
	read := func() {
		t.Helper()
		if err := r.Read(func(a alert.Alert) bool { got = append(got, a.ID); return true }); err != nil {
			t.Fatal(err)
		}
	}
	read()
	o, err := route.OpenOutbox(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Append(route.Mark{}, []alert.Alert{{ID: "new"}}); err != nil {
		t.Fatal(err)
	}
	read()
	read()
	if s := strings.Join(got, " "); s != "0 1 new" {
		t.Errorf("got %s", s)
	}
}

func TestLinesOfOthersAreCounted(t *testing.T) {
	path := fill(t, 1)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("{}\nhello\n\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	o, err := route.OpenOutbox(path)
	if err != nil || o.Damaged() != 2 || !o.Has("0") {
		t.Errorf("damaged %d, has 0: %t, %v", o.Damaged(), o.Has("0"), err)
	}
}
