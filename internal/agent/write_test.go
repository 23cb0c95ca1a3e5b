package agent_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/internal/agent"
)

var now = time.Date(2026, 11, 22, 14, 2, 19, 5, time.UTC)

func TestWriteFileKeepsModeAndMakesABackup(t *testing.T) {
	dir := t.TempDir()
	file, backups := filepath.Join(dir, "settings.json"), filepath.Join(dir, "state", "backup")
	write(t, file, "old", 0o640)
	if err := agent.WriteFile(file, []byte("new"), backups, now); err != nil {
		t.Fatal(err)
	}
	check(t, file, "new", 0o640)
	entries, err := os.ReadDir(backups)
	if err != nil || len(entries) != 1 {
		t.Fatalf("backups %v, %v; want one", entries, err)
	}
	if name := entries[0].Name(); !strings.HasSuffix(name, "%settings.json.20261122T140219.000000005Z") {
		t.Errorf("backup is called %s", name)
	}
	check(t, filepath.Join(backups, entries[0].Name()), "old", 0o600)
	onlyFiles(t, dir, "settings.json", "state")
}

func TestWriteFileMakesANewFileForTheOwnerOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".claude", "settings.json")
	if err := agent.WriteFile(file, []byte("new"), t.TempDir(), now); err != nil {
		t.Fatal(err)
	}
	check(t, file, "new", 0o600)
}

func TestWriteFileFollowsSymbolicLinks(t *testing.T) {
	dir := t.TempDir()
	dotfiles := filepath.Join(dir, "dotfiles")
	if err := os.Mkdir(dotfiles, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dotfiles, "claude.json"), "old", 0o644)
	link(t, "claude.json", filepath.Join(dotfiles, "alias.json"))
	link(t, filepath.Join("dotfiles", "alias.json"), filepath.Join(dir, "settings.json"))
	link(t, filepath.Join(dotfiles, "not-yet.json"), filepath.Join(dir, "dangling.json"))

	for file, target := range map[string]string{"settings.json": "claude.json", "dangling.json": "not-yet.json"} {
		if err := agent.WriteFile(filepath.Join(dir, file), []byte("new"), "", now); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Readlink(filepath.Join(dir, file)); err != nil {
			t.Errorf("%s is no link any more: %v", file, err)
		}
		if b, _ := os.ReadFile(filepath.Join(dotfiles, target)); string(b) != "new" {
			t.Errorf("%s holds %q", target, b)
		}
	}
}

func TestWriteFileLeavesTheOldFileOnEveryError(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, dir string) (file, backups string)
	}{
		{"the directory of backups is a file", func(t *testing.T, dir string) (string, string) {
			write(t, filepath.Join(dir, "backup"), "", 0o600)
			return filepath.Join(dir, "settings.json"), filepath.Join(dir, "backup")
		}},
		{"the backup is there already", func(t *testing.T, dir string) (string, string) {
			file := filepath.Join(dir, "settings.json")
			if err := agent.WriteFile(file, []byte("old"), filepath.Join(dir, "b"), now); err != nil {
				t.Fatal(err)
			}
			return file, filepath.Join(dir, "b")
		}},
		{"the directory is read-only", func(t *testing.T, dir string) (string, string) {
			if os.Getuid() == 0 {
				t.Skip("root writes everywhere")
			}
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(dir, 0o700) })
			return filepath.Join(dir, "settings.json"), ""
		}},
		{"the name is too long for a temporary file", func(t *testing.T, dir string) (string, string) {
			file := filepath.Join(dir, strings.Repeat("s", 250))
			write(t, file, "old", 0o600)
			return file, ""
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "settings.json"), "old", 0o600)
			file, backups := tt.prepare(t, dir)
			if err := agent.WriteFile(file, []byte("new"), backups, now); err == nil {
				t.Error("no error")
			}
			if b, err := os.ReadFile(file); string(b) != "old" {
				t.Errorf("file holds %q, %v; want the old text", b, err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestWriteFileRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	link(t, "loop", loop)
	for _, path := range []string{dir, loop} {
		if err := agent.WriteFile(path, nil, "", now); err == nil {
			t.Errorf("wrote %s", path)
		}
	}
}

func TestPlanAppliesInOrderAndOnlyWhatChanges(t *testing.T) {
	dir := t.TempDir()
	same, old, fresh := filepath.Join(dir, "same"), filepath.Join(dir, "old"), filepath.Join(dir, "new")
	write(t, same, "same\n", 0o600)
	write(t, old, "old\n", 0o600)
	plan := agent.Plan{
		{Path: same, Before: []byte("same\n"), After: []byte("same\n")},
		{Path: old, Before: []byte("old\n"), After: []byte("changed\n")},
		{Path: fresh, After: []byte("fresh\n")},
	}
	backups := t.TempDir()
	if err := plan.Apply(backups, now); err != nil {
		t.Fatal(err)
	}
	check(t, same, "same\n", 0o600)
	check(t, old, "changed\n", 0o600)
	check(t, fresh, "fresh\n", 0o600)
	if entries, _ := os.ReadDir(backups); len(entries) != 1 {
		t.Errorf("%d backups, want one: only one file was replaced", len(entries))
	}
	for _, e := range plan[1:] {
		if err := (agent.Plan{e}).Apply(backups, now); !errors.Is(err, agent.ErrChanged) {
			t.Errorf("%s is not as planned for any more, but Apply gives %v", e.Path, err)
		}
	}
}

func TestPlanShowsADiff(t *testing.T) {
	plan := agent.Plan{
		{Path: "/h/a", Before: []byte("1\n2\n3\n4\n5\n6\n7\n8\n9\n"), After: []byte("1\n2\n3\n4\nfive\nand\n6\n7\n8\n9\n"), Note: "register the hook"},
		{Path: "/h/b", Before: []byte("x"), After: []byte("x\ny")},
		{Path: "/h/c", After: []byte("new\n")},
		{Path: "/h/d", Before: []byte("same"), After: []byte("same")},
		{Path: "/h/e", Before: []byte{}, After: []byte("x\n")},
	}
	var got bytes.Buffer
	if _, err := plan.WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	want := `# register the hook
--- /h/a
+++ /h/a
@@ -2,7 +2,8 @@
 2
 3
 4
-5
+five
+and
 6
 7
 8
--- /h/b
+++ /h/b
@@ -1,1 +1,2 @@
-x
\ No newline at end of file
+x
+y
\ No newline at end of file
--- /dev/null
+++ /h/c
@@ -0,0 +1,1 @@
+new
# /h/d: nothing to do
--- /h/e
+++ /h/e
@@ -0,0 +1,1 @@
+x
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func write(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil || string(b) != text {
		t.Errorf("%s holds %q, %v; want %q", file, b, err, text)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm() != mode {
		t.Errorf("%s has mode %v, want %v", file, info.Mode().Perm(), mode)
	}
}

func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %v, want %v", dir, got, want)
	}
}
