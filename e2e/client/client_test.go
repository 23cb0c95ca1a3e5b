//go:build unix

package client_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/e2e/client"
)

// pkg is an npm package whose program is a shell script, and its digest.
func pkg(t *testing.T, program string) (data []byte, integrity string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range map[string]string{"package/package.json": "{}", "package/claude": program} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(b.Bytes())
	return b.Bytes(), "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// npm puts a program called npm first in PATH that runs the script in the
// directory it is started in.
func npm(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

const honest = "#!/bin/sh\necho '9.9.9 (Claude Code)'\n"

func TestInstallFetchesOnceAndRunsTheProgram(t *testing.T) {
	data, integrity := pkg(t, honest)
	file := filepath.Join(t.TempDir(), "p.tgz")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	npm(t, "cp "+file+" .\n")
	cache, release := t.TempDir(), client.Release{Version: "9.9.9", Integrity: integrity}
	bin, err := client.Install(t.Context(), cache, t.TempDir(), release)
	if err != nil {
		t.Fatal(err)
	}
	npm(t, "exit 1")
	again, err := client.Install(t.Context(), cache, t.TempDir(), release)
	if err != nil || again != bin {
		t.Errorf("a cached client: %q, %v", again, err)
	}
}

func TestInstallTellsAnUnreachableRegistryFromTheRest(t *testing.T) {
	data, integrity := pkg(t, honest)
	_, wrong := pkg(t, "another")
	other, otherIntegrity := pkg(t, "#!/bin/sh\necho '1.0.0 (Claude Code)'\n")
	for _, tt := range []struct {
		name, script, integrity string
		data                    []byte
		unreachable             bool
		want                    string
	}{
		{name: "a name that does not resolve", script: `echo '{"error":{"code":"ENOTFOUND","summary":"s"}}'; exit 1`, unreachable: true, want: "ENOTFOUND"},
		{name: "a refused connection", script: `echo '{"error":{"code":"ECONNREFUSED"}}'; exit 1`, unreachable: true, want: "ECONNREFUSED"},
		{name: "a version that is gone", script: `echo '{"error":{"code":"E404","summary":"no match"}}'; exit 1`, want: "no match"},
		{name: "npm that fails without a word", script: `echo broken >&2; exit 1`, want: "broken"},
		{name: "npm that brings nothing", script: `exit 0`, want: "left 0 packages"},
		{name: "a package of another digest", script: `cp ../p.tgz .`, data: data, integrity: wrong, want: "digest"},
		{name: "a program of another version", script: `cp ../p.tgz .`, data: other, integrity: otherIntegrity, want: "1.0.0"},
		{name: "a package cut short", script: `head -c 40 ../p.tgz >p.tgz`, data: data, integrity: integrity, want: "digest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			npm(t, tt.script)
			scratch, cache := filepath.Join(t.TempDir(), "scratch"), t.TempDir()
			err := errors.Join(os.Mkdir(scratch, 0o755),
				os.WriteFile(filepath.Join(scratch, "../p.tgz"), tt.data, 0o644))
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Install(t.Context(), cache, scratch, client.Release{Version: "9.9.9", Integrity: tt.integrity})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error is %v, want one with %q", err, tt.want)
			}
			if errors.Is(err, client.ErrNoRegistry) != tt.unreachable {
				t.Errorf("registry out of reach: %v, want %v: %v", !tt.unreachable, tt.unreachable, err)
			}
			if parts, _ := filepath.Glob(filepath.Join(cache, "*/*.part")); len(parts) > 0 {
				t.Errorf("left behind %v", parts)
			}
		})
	}
}

func TestAMissingNpmIsNoRegistry(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := client.Install(t.Context(), t.TempDir(), t.TempDir(), client.Releases[0])
	if !errors.Is(err, client.ErrNoRegistry) {
		t.Errorf("error is %v, want ErrNoRegistry", err)
	}
}

func TestAUserHasACleanEnvironmentAndIsNotRoot(t *testing.T) {
	t.Setenv("GANDER_LEAK", "1")
	u := client.NewUser(t)
	u.WriteFile(t, filepath.Join(u.Home, "a/b/c"), []byte("mine"), 0o600)
	out, err := u.Run(t.Context(), []byte("in"), "/bin/sh", "-c",
		`id -u; pwd; echo "$HOME"; env | grep -c GANDER; cat ~/a/b/c; cat; touch ~/a/b/new; echo err >&2; exit 3`)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.Stdout, "\n")
	if lines[0] == "0" || lines[1] != u.Work || lines[2] != u.Home || lines[3] != "0" || lines[4] != "minein" {
		t.Errorf("stdout is %q", out.Stdout)
	}
	if out.Code != 3 || out.Stderr != "err\n" {
		t.Errorf("exit code %d, stderr %q", out.Code, out.Stderr)
	}
}

func TestAProgramThatDoesNotEndIsEndedWithItsGroup(t *testing.T) {
	u := client.NewUser(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	// The shell ignores the polite signal and its child holds stdout open.
	out, err := u.Run(ctx, nil, "/bin/sh", "-c", `trap "" TERM; echo started; sleep 100 & wait; sleep 100`)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want the deadline", err)
	}
	if out.Took > 10*time.Second {
		t.Errorf("took %v", out.Took)
	}
}

func TestAnExitCodeAfterTheTimeLimitIsStillAnError(t *testing.T) {
	u := client.NewUser(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	// The client does the same: told to stop, it exits with 143.
	_, err := u.Run(ctx, nil, "/bin/sh", "-c", `trap "exit 143" TERM; sleep 100 & wait`)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want the deadline", err)
	}
}
