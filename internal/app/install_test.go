package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gander/internal/agent/claudecode"
	"gander/internal/app"
	"gander/internal/guard/fileflags"
)

// installing makes a home with both programs somewhere else.
func installing(t *testing.T) (app.InstallOptions, *bytes.Buffer) {
	t.Helper()
	home, programs := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"gander", "gander-hook"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n# "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	return app.InstallOptions{
		Dirs:      app.Dirs{Home: home, State: filepath.Join(home, "state"), Data: filepath.Join(home, "data")},
		Out:       &out,
		Program:   filepath.Join(programs, "gander"),
		NoService: true,
	}, &out
}

func TestLockedFilesStayLockedUntilUninstall(t *testing.T) {
	o, out := installing(t)
	o.Lock = true
	settings := claudecode.SettingsPath(o.Dirs.Home, "")
	locked := []string{settings, o.Dirs.Hook()}
	t.Cleanup(func() { // whatever happens, the directory must be removable
		for _, path := range locked {
			_ = fileflags.Clear(path)
		}
	})
	if err := app.Install(t.Context(), o); err != nil {
		if !strings.Contains(err.Error(), "lock ") {
			t.Fatal(err)
		}
		t.Skip("this file system or user cannot lock files:", err)
	}
	for _, path := range locked {
		if is, err := fileflags.Get(path); err != nil || !is {
			t.Errorf("%s is not locked: %v", path, err)
		}
		if err := os.WriteFile(path, nil, 0o600); err == nil {
			t.Errorf("%s could be written", path)
		}
	}

	out.Reset()
	if err := app.Install(t.Context(), o); err != nil || !strings.Contains(out.String(), "nothing to do") {
		t.Errorf("again: %v, %s", err, out)
	}

	// A change needs --lock, which unlocks for it and locks again.
	o.OnFailure, o.Lock = "block", false
	if err := app.Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--lock") {
		t.Errorf("changed a locked file: %v", err)
	}
	o.Lock = true
	if err := app.Install(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if is, err := fileflags.Get(settings); err != nil || !is {
		t.Errorf("the settings are not locked any more: %v", err)
	}

	o.Lock = false
	if err := app.Uninstall(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if is, _ := fileflags.Get(settings); is {
		t.Error("uninstall left the settings locked")
	}
}

func TestInstallNeedsTheHookBesideIt(t *testing.T) {
	o, _ := installing(t)
	if err := os.Remove(filepath.Join(filepath.Dir(o.Program), "gander-hook")); err != nil {
		t.Fatal(err)
	}
	err := app.Install(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "beside gander") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(claudecode.SettingsPath(o.Dirs.Home, "")); err == nil {
		t.Error("hooks were installed that point nowhere")
	}
}
