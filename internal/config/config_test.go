package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/internal/config"
)

func TestMissingFileIsTheDefault(t *testing.T) {
	c, err := config.Load(filepath.Join(t.TempDir(), "none.toml"))
	if err != nil || c.Journal.MaxSize != 64<<20 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestFileIsReadOverTheDefaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	text := "version = 1\n[journal]\nkeep = \"30d\"\n[[anchor.file]]\npath = \"/var/lib/x/seals\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Journal.Keep.Duration() != 30*24*time.Hour || c.Journal.MaxSize != 64<<20 || len(c.Anchor.List()) != 1 {
		t.Errorf("%+v", c)
	}
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"an unknown key", "version = 1\n[journal]\nmaxsize = \"1MiB\"\n", "line 3, column 1: unknown key journal.maxsize"},
		{"a wrong type", "version = 1\n[journal]\nmax_size = true\n", "write it as 64MiB"},
		{"not TOML", "version = 1\n[journal\n", "line 2"},
		{"a size that cannot be read", "[journal]\nmax_size = \"many\"\n", "write it as 64MiB"},
		{"too small", "[journal]\nmax_size = \"1B\"\n", "at least 1MiB"},
		{"keep shorter than a segment", "[journal]\nkeep = \"1h\"\n", "keep"},
		{"a later version", "version = 2\n", "version 2 is not known"},
		{"an anchor without a place", "[[anchor.file]]\n", "[anchor]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config.Default()
			err := config.Parse([]byte(tt.text), &c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSecretsAreReferences(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("fake-key\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string { return map[string]string{"KEY": "from-env"}[name] }
	for ref, want := range map[string]string{"file:" + path: "fake-key", "env:KEY": "from-env"} {
		if got, err := config.Secret(ref, env); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	for _, ref := range []string{"hunter2", "env:NONE", "file:/nonexistent/key", ""} {
		if _, err := config.Secret(ref, env); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version = 1\n[journal]\nkeep = \"30d\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := config.Default()
		_ = config.Parse(text, &c) // must not panic
	})
}
