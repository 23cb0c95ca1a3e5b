package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// bin holds both programs, built once.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gander-test")
	if err != nil {
		panic(err)
	}
	bin = dir
	if out, err := exec.Command("go", "build", "-o", dir, "gander/cmd/gander", "gander/cmd/gander-hook").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	code := m.Run()
	for _, name := range []string{"gander", "gander-hook"} {
		os.Remove(filepath.Join(dir, name))
	}
	os.Remove(dir)
	os.Exit(code)
}

// The scripts are the manual: one for each thing a person does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			e.Setenv("STATE", filepath.Join(home, ".local", "state", "gander"))
			e.Setenv("SETTINGS", filepath.Join(home, ".claude", "settings.json"))
			return os.MkdirAll(home, 0o755)
		},
	})
}
