package fileflags_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gander/internal/guard/fileflags"
)

// newFile makes a file that is mutable again when the test ends, so that its
// directory can be removed.
func newFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fileflags.Clear(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fileflags.ErrUnsupported) {
			t.Errorf("clean up: %v", err)
		}
	})
	return path
}

// mustSet skips the test where a flag cannot be set.
func mustSet(t *testing.T, path string) {
	t.Helper()
	err := fileflags.Set(path)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fileflags.ErrUnsupported):
		t.Skipf("no immutable flag to be had here: %v", err)
	case err != nil:
		t.Fatal(err)
	}
}

func mustGet(t *testing.T, path string, want bool) {
	t.Helper()
	if on, err := fileflags.Get(path); err != nil || on != want {
		t.Fatalf("Get = %v, %v, want %v", on, err, want)
	}
}

func TestAnImmutableFileCannotBeTouched(t *testing.T) {
	path := newFile(t)
	mustSet(t, path)
	mustGet(t, path, true)
	moved := path + ".moved"
	for name, err := range map[string]error{
		"write":  os.WriteFile(path, []byte("changed"), 0o600),
		"chmod":  os.Chmod(path, 0o666),
		"rename": os.Rename(path, moved),
		"link":   os.Link(path, moved),
		"remove": os.Remove(path),
	} {
		if err == nil {
			t.Errorf("%s went through", name)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "{}\n" {
		t.Errorf("file holds %q, %v", b, err)
	}

	if err := fileflags.Clear(path); err != nil {
		t.Fatal(err)
	}
	mustGet(t, path, false)
	if err := os.WriteFile(path, []byte("changed"), 0o600); err != nil {
		t.Errorf("write after Clear: %v", err)
	}
}

func TestSetAndClearMayBeRepeated(t *testing.T) {
	path := newFile(t)
	mustSet(t, path)
	if err := fileflags.Set(path); err != nil {
		t.Errorf("second Set: %v", err)
	}
	mustGet(t, path, true)
	for range 2 {
		if err := fileflags.Clear(path); err != nil {
			t.Errorf("Clear: %v", err)
		}
		mustGet(t, path, false)
	}
}

func TestAFileWithoutTheFlagNeedsNoRightsToClear(t *testing.T) {
	path := newFile(t)
	if err := fileflags.Clear(path); err != nil && !errors.Is(err, fileflags.ErrUnsupported) {
		t.Error(err)
	}
}

func TestWhatIsNoRegularFileIsRefused(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("no flags on this system")
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(newFile(t), link); err != nil {
		t.Fatal(err)
	}
	linked := newFile(t)
	if err := os.Link(linked, filepath.Join(dir, "second")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, path, want string
	}{
		{"a symbolic link", link, "is a symbolic link: name the file it points to"},
		{"a directory", dir, "is not a regular file"},
		{"a device", "/dev/null", "is not a regular file"},
		{"a file that is not there", filepath.Join(dir, "none"), "no such file or directory"},
		{"a file with two names", linked, "has 2 hard links: remove the others first (find them with find -samefile)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := fileflags.Set(tt.path)
			want := "set immutable flag of " + tt.path + ": " + tt.want
			if err == nil || err.Error() != want {
				t.Errorf("Set: %v\nwant %s", err, want)
			}
		})
	}
	if _, err := fileflags.Get(link); err == nil {
		t.Error("Get followed a symbolic link")
	}
	if err := fileflags.Clear(link); err == nil {
		t.Error("Clear followed a symbolic link")
	}
	if _, err := fileflags.Get(linked); err != nil && !errors.Is(err, fileflags.ErrUnsupported) {
		t.Errorf("Get of a file with two names: %v", err)
	}
}

func TestOtherSystemsSayTheyHaveNoFlags(t *testing.T) {
	if runtime.GOOS == "linux" || runtime.GOOS == "darwin" {
		t.Skip("this system has flags")
	}
	err := fileflags.Set("x")
	if !errors.Is(err, fileflags.ErrUnsupported) || !strings.Contains(err.Error(), runtime.GOOS) {
		t.Error(err)
	}
}
