package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gander/internal/alert"
	"gander/internal/journal"
	"gander/internal/route"
)

// A watcher is a running gander watch with a state directory of its own.
type watcher struct {
	cmd     *exec.Cmd
	state   string
	outbox  *route.Reader
	drained chan struct{}
}

// live is where hooks of a state directory append.
func live(state string) string { return journal.LivePath(filepath.Join(state, "journal")) }

// watch starts a watcher and returns when it has said that it watches. It ends
// with ctx or with stop.
func (b *bench) watch(ctx context.Context, state string) (*watcher, error) {
	w := &watcher{state: state, outbox: route.NewReader(filepath.Join(state, "outbox.jsonl")), drained: make(chan struct{})}
	w.cmd = exec.CommandContext(ctx, b.gander, "watch", "--state", state)
	w.cmd.Env, w.cmd.Stderr = b.environ(), os.Stderr
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start gander watch: %w", err)
	}
	r := bufio.NewReader(stdout)
	first, err := r.ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, r)
		close(w.drained)
	}()
	if err != nil || !strings.HasPrefix(first, "Watching ") {
		return nil, errors.Join(fmt.Errorf("gander watch began with %q", first), w.stop())
	}
	return w, nil
}

// stop ends the watcher as a service manager would.
func (w *watcher) stop() error {
	_ = w.cmd.Process.Signal(syscall.SIGTERM) // gone already: Wait tells why
	<-w.drained
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("gander watch: %w", err)
	}
	return nil
}

// alerts calls yield with each new alert until it returns false, and gives up
// when a minute has brought none.
func (w *watcher) alerts(ctx context.Context, yield func(alert.Alert) bool) error {
	const patience = time.Minute
	last, more := time.Now(), true
	for more {
		err := w.outbox.Read(func(a alert.Alert) bool {
			last, more = time.Now(), yield(a)
			return more
		})
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(last) > patience:
			return fmt.Errorf("gander watch raised no alert for %v", patience)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// peak is the most memory the watcher's process has held, in bytes. It cannot
// be told from a child's resource usage, which begins with the parent's.
func (w *watcher) peak() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "\nVmHWM:")
	var kb int64
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		return 0, fmt.Errorf("read VmHWM: %w", err)
	}
	return kb << 10, nil
}
