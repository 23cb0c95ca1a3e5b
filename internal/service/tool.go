package service

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"gander/internal/safetext"
)

// Bounds of one call. Stopping takes the ten seconds the watcher has to end.
const (
	probeTimeout = 2 * time.Second
	callTimeout  = 20 * time.Second
)

// A Runner runs a program, named by its path, and returns what it printed on
// both streams. It ends when ctx does. The error for a program that ran and
// failed has a method ExitCode() int.
type Runner func(ctx context.Context, argv []string) ([]byte, error)

// Exec is the [Runner] that runs programs. They get the environment of this
// process, by which systemctl finds the user's manager.
func Exec(ctx context.Context, argv []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second // a child of its own may hold the streams open
	return cmd.CombinedOutput()
}

// A tool is the program that controls a service manager.
type tool struct {
	path string
	run  Runner
}

// call runs the tool. Its errors quote the first line that was printed.
func (t tool) call(ctx context.Context, timeout time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, err := t.run(ctx, append([]string{t.path}, args...))
	if err == nil {
		return string(out), nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if said, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); said != "" {
		err = fmt.Errorf("%w: %s", err, safetext.Clip(said, 200))
	}
	return "", fmt.Errorf("%s %s: %w", t.path, strings.Join(args, " "), err)
}

// calls runs the tool once for each list of arguments, until one fails.
func (t tool) calls(ctx context.Context, lists ...[]string) error {
	for _, args := range lists {
		if _, err := t.call(ctx, callTimeout, args...); err != nil {
			return err
		}
	}
	return nil
}

// properties reads lines of keys and values. Of a key that comes twice the
// first value counts.
func properties(out, separator string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), separator)
		if m[key] == "" {
			m[key] = safetext.Clip(value, 80)
		}
	}
	return m
}
