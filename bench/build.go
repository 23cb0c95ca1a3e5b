package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var (
	//go:embed testdata/appender.c
	appenderC []byte
	//go:embed testdata/hook.sh
	hookSh []byte
)

// build makes the programs that every part needs, as a release makes them.
func (b *bench) build(ctx context.Context) error {
	for _, p := range []struct {
		path *string
		pkg  string
	}{
		{&b.gander, "gander/cmd/gander"},
		{&b.hook, "gander/cmd/gander-hook"},
		{&b.empty, "gander/bench/testdata/empty"},
		{&b.valid, "gander/bench/testdata/valid"},
	} {
		*p.path = filepath.Join(b.dir, filepath.Base(p.pkg))
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", *p.path, p.pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", p.pkg, err, out)
		}
	}
	return nil
}

// appender builds the recorder in C. Its error says why there is none here.
func (b *bench) appender(ctx context.Context) (string, error) {
	src, bin := filepath.Join(b.dir, "appender.c"), filepath.Join(b.dir, "appender")
	if err := os.WriteFile(src, appenderC, 0o600); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "cc", "-O2", "-static", "-o", bin, src).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("there is no C compiler: cc is not in PATH")
	}
	if err != nil {
		return "", fmt.Errorf("cc -O2 -static: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return bin, nil
}

// script writes the recorder in bash. Its error says why it cannot run here.
func (b *bench) script() (bash, path string, err error) {
	for _, name := range []string{"jq", "date", "bash"} {
		if bash, err = exec.LookPath(name); err != nil {
			return "", "", fmt.Errorf("%s is not in PATH", name)
		}
	}
	path = filepath.Join(b.dir, "hook.sh")
	return bash, path, os.WriteFile(path, hookSh, 0o700)
}

// environ is all that measured programs find in their environment.
func (b *bench) environ() []string {
	return []string{"HOME=" + b.dir, "PATH=" + os.Getenv("PATH")}
}
