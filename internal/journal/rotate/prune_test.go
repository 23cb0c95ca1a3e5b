package rotate_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/rotate"
)

var now = time.Unix(1_800_000_000, 0)

// aged is a journal of six segments of 1000 bytes. Segment n was changed 7-n
// days ago; the fifth is still open, the last is live.
func aged(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i, name := range []string{"000001.jsonl", "000002.jsonl", "000003.jsonl", "000004.jsonl", "000005.open.jsonl", "live.jsonl"} {
		path := filepath.Join(dir, name)
		at := now.Add(-24 * time.Hour * time.Duration(6-i))
		if err := errors.Join(os.WriteFile(path, make([]byte, 1000), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func show(ds []rotate.Deletion) string {
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%d (%s)", d.Segment.Number, d.Reason))
	}
	return strings.Join(out, ", ")
}

func TestPlanDeletesTheOldestFirstAndNothingThatMustStay(t *testing.T) {
	const day = 24 * time.Hour
	alert := func(s journal.Segment) (string, bool) { return "open alert", s.Number == 2 }
	for _, tt := range []struct {
		name      string
		policy    rotate.Policy
		del, kept string
	}{
		{"no limits", rotate.Policy{}, "", ""},
		{"by age", rotate.Policy{MaxAge: 4*day + 1}, "1 (older than 96h0m0.000000001s), 2 (older than 96h0m0.000000001s)", ""},
		{"by age, one under an alert", rotate.Policy{MaxAge: 4*day + 1, Keep: alert}, "1 (older than 96h0m0.000000001s)", "2 (open alert)"},
		{"by size", rotate.Policy{MaxTotal: 4500}, "1 (the journal takes more than 4500 bytes), 2 (the journal takes more than 4500 bytes)", ""},
		{"by size, one under an alert: the next goes", rotate.Policy{MaxTotal: 4500, Keep: alert}, "1 (the journal takes more than 4500 bytes), 3 (the journal takes more than 4500 bytes)", "2 (open alert)"},
		{"everything: what is open and live stays", rotate.Policy{MaxAge: 1}, "1 (older than 1ns), 2 (older than 1ns), 3 (older than 1ns), 4 (older than 1ns)", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.policy.Now = now
			del, kept, err := rotate.Plan(aged(t), tt.policy)
			if err != nil || show(del) != tt.del || show(kept) != tt.kept {
				t.Errorf("delete %s\nkeep %s\n%v", show(del), show(kept), err)
			}
		})
	}
}

func TestTheNewestClosedSegmentStaysForItsNumber(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"000001.jsonl": {1}, "000002.jsonl": {1}})
	for _, p := range []rotate.Policy{{MaxTotal: 1}, {Now: time.Now().Add(time.Hour), MaxAge: 1}} {
		del, kept, err := rotate.Plan(dir, p)
		if err != nil || len(del) != 1 || del[0].Segment.Number != 1 {
			t.Errorf("delete %s, keep %s: %v", show(del), show(kept), err)
		}
	}
}

func TestApplyAsksBeforeEachDeletion(t *testing.T) {
	dir := aged(t)
	del, _, err := rotate.Plan(dir, rotate.Policy{Now: now, MaxAge: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(journal.CompressedPath(dir, 1), []byte("compressed since"), 0o600); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("not recorded")
	var asked []uint64
	n, err := rotate.Apply(del, func(d rotate.Deletion) error {
		if _, err := os.Stat(d.Segment.Path); err != nil {
			t.Error("asked after the deletion")
		}
		asked = append(asked, d.Segment.Number)
		if d.Segment.Number == 3 {
			return enough
		}
		return nil
	})
	if n != 2 || !errors.Is(err, enough) || fmt.Sprint(asked) != "[1 2 3]" {
		t.Errorf("%d deleted, asked for %v: %v", n, asked, err)
	}
	if got := names(t, dir); got != "000003.jsonl 000004.jsonl 000005.open.jsonl live.jsonl" {
		t.Errorf("files %s", got)
	}
}

func TestApplyNeverDeletesWhatIsNotClosed(t *testing.T) {
	dir := aged(t)
	segs, err := journal.Segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segs[4:] {
		if _, err := rotate.Apply([]rotate.Deletion{{Segment: s}}, func(rotate.Deletion) error { return nil }); err == nil {
			t.Errorf("%s was deleted", s.Path)
		}
	}
}
