package file_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
	"gander/internal/anchor/file"
	"gander/internal/journal/record"
)

func open(t *testing.T, path string) anchor.Anchor {
	t.Helper()
	a, err := file.Config{Path: path}.Open(anchor.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConformance(t *testing.T) {
	anchortest.Run(t, func(t *testing.T) anchortest.Subject {
		dir := t.TempDir()
		path := filepath.Join(dir, "seals", "anchor.jsonl")
		return anchortest.Subject{
			Anchor:   open(t, path),
			Received: func(t *testing.T, _ int) []anchor.Statement { return anchortest.ReadBack(t, path) },
			Break: func(t *testing.T) func() {
				if err := os.Rename(path, path+".away"); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(path+".away", path); err != nil {
					t.Fatal(err)
				}
				return func() {
					if err := os.Rename(path+".away", path); err != nil {
						t.Fatal(err)
					}
				}
			},
		}
	})
}

func TestWhatIsNoFileOfOursIsNotWrittenTo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "anchor.jsonl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, path+".2"); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, path).Send(context.Background(), anchortest.Statement(1))
	if !errors.Is(err, record.ErrLinks) {
		t.Errorf("error is %v", err)
	}
}

func TestTornLineDoesNotTakeTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor.jsonl")
	if err := os.WriteFile(path, []byte("\n"+anchor.Mark+"torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path).Send(t.Context(), anchortest.Statement(1)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if want := "\n" + anchor.Mark + "torn\n" + string(anchor.AppendLine(nil, anchortest.Statement(1))) + "\n"; err != nil || string(b) != want {
		t.Errorf("file is %q, want %q", b, want)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, path := range []string{"", "relative", "/a/../b", "/a/"} {
		if (file.Config{Path: path}).Check() == nil {
			t.Errorf("path %q passes", path)
		}
	}
}
