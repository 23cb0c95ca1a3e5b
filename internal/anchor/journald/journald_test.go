package journald_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
	"gander/internal/anchor/journald"
)

func TestConformance(t *testing.T) {
	anchortest.Run(t, func(t *testing.T) anchortest.Subject {
		sink := anchortest.NewSink()
		path := filepath.Join(t.TempDir(), "socket")
		sink.Packets(t, "unixgram", path)
		a, err := journald.Config{Socket: path}.Open(anchor.Env{})
		if err != nil {
			t.Fatal(err)
		}
		return anchortest.Subject{
			Anchor: a,
			Received: func(t *testing.T, n int) (out []anchor.Statement) {
				for _, entry := range sink.Wait(t, n) {
					out = append(out, statement(t, string(entry)))
				}
				return out
			},
			Break: func(t *testing.T) func() {
				if err := os.Rename(path, path+".away"); err != nil {
					t.Fatal(err)
				}
				return func() { _ = os.Rename(path+".away", path) }
			},
		}
	})
}

// statement checks an entry: so many fields, each on one line.
func statement(t *testing.T, entry string) anchor.Statement {
	t.Helper()
	fields := make(map[string]string)
	for line := range strings.Lines(entry) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || fields[key] != "" {
			t.Errorf("entry %q", entry)
		}
		fields[key] = value
	}
	st, err := anchor.ParseLine([]byte(fields["MESSAGE"]))
	if err != nil || len(fields) != 6 || fields["GANDER_HASH"] != st.Hash || fields["GANDER_JOURNAL"] != st.Journal {
		t.Errorf("entry %q: %v", entry, err)
	}
	return st
}

func TestConfigIsChecked(t *testing.T) {
	if (journald.Config{Socket: "relative"}).Check() == nil {
		t.Error("a relative socket passes")
	}
	if err := (journald.Config{}).Check(); err != nil {
		t.Errorf("the default: %v", err)
	}
}
