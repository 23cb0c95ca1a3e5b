//go:build unix

package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// unprivileged is who the client runs as when the test is root: the client
// refuses to skip permissions as root, and a hook that works only for root
// would pass unseen. The number needs no entry in /etc/passwd.
const unprivileged = 12345

// A User is somebody with an empty home and an empty project, gone with the
// test. Everything a test starts as a User has a clean environment.
type User struct {
	Home string // holds .claude
	Work string // the project, where commands run
	tmp  string
	uid  int
	env  []string
}

// NewUser makes a user: an unprivileged one when the test is root, the one who
// runs the test otherwise.
func NewUser(tb testing.TB) *User {
	tb.Helper()
	root := OpenDir(tb)
	u := &User{
		Home: filepath.Join(root, "home"),
		Work: filepath.Join(root, "work"),
		tmp:  filepath.Join(root, "tmp"),
		uid:  os.Getuid(),
	}
	if u.uid == 0 {
		u.uid = unprivileged
	}
	for _, dir := range []string{u.Home, u.Work, u.tmp} {
		u.Mkdir(tb, dir)
	}
	// CLAUDE_CODE_TMPDIR and TMPDIR keep the client's /tmp/claude-UID and
	// /tmp/cc-socks inside; git must not find a repository above the project.
	u.env = []string{
		"HOME=" + u.Home, "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
		"TMPDIR=" + u.tmp, "CLAUDE_CODE_TMPDIR=" + u.tmp, "GIT_CEILING_DIRECTORIES=" + root,
	}
	return u
}

// OpenDir returns a temporary directory of the test that any uid can reach.
func OpenDir(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	// TempDir makes the parent 0700, for its owner alone.
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			tb.Fatalf("open %s to the client's user: %v", d, err)
		}
	}
	return dir
}

// Mkdir makes a directory of the user's, with its parents.
func (u *User) Mkdir(tb testing.TB, dir string) {
	tb.Helper()
	var fresh []string // the user owns what was not there before
	for d := dir; !exists(d); d = filepath.Dir(d) {
		fresh = append(fresh, d)
	}
	err := os.MkdirAll(dir, 0o755)
	for _, d := range fresh {
		err = errors.Join(err, os.Chown(d, u.uid, u.gid()))
	}
	if err != nil {
		tb.Fatalf("make a directory for the client's user: %v", err)
	}
}

// WriteFile makes a file of the user's, with the directories above it.
func (u *User) WriteFile(tb testing.TB, path string, data []byte, mode fs.FileMode) {
	tb.Helper()
	u.Mkdir(tb, filepath.Dir(path))
	err := os.WriteFile(path, data, mode)
	if err = errors.Join(err, os.Chown(path, u.uid, u.gid())); err != nil {
		tb.Fatalf("make a file for the client's user: %v", err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// gid is the group of the same number for the made-up user, and no change for
// a real one.
func (u *User) gid() int {
	if os.Getuid() == 0 {
		return u.uid
	}
	return -1
}

// Command prepares a program to run as the user in the project, in a process
// group of its own. When ctx ends the group gets SIGTERM, on which the client
// ends the tools it started, and a second later SIGKILL. The caller of Start
// calls [Reap] after Wait.
func (u *User) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = u.Work, append([]string(nil), u.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		id := uint32(u.uid)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: id, Gid: id}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = time.Second
	return cmd
}

// Reap kills what is left of the process group of a command that has ended.
func Reap(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // ESRCH: nothing is left
	}
}

// An Output is what a program left behind.
type Output struct {
	Stdout, Stderr string
	Code           int // exit code
	Took           time.Duration
}

// Run runs a program as the user to its end. It returns an error when the
// program could not be started or did not end by itself in time; an exit code
// is not an error.
func (u *User) Run(ctx context.Context, stdin []byte, program string, args ...string) (Output, error) {
	return run(ctx, u.Command(ctx, program, args...), stdin)
}

func run(ctx context.Context, cmd *exec.Cmd, stdin []byte) (Output, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	Reap(cmd)
	out := Output{Stdout: stdout.String(), Stderr: stderr.String(), Took: time.Since(start)}
	if cmd.ProcessState != nil {
		out.Code = cmd.ProcessState.ExitCode()
	}
	if ctx.Err() != nil { // told to stop, the client exits with a code of its own
		err = ctx.Err()
	}
	var exit *exec.ExitError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return out, fmt.Errorf("run %s: %w: every directory above it must be open to uid %d", cmd.Path, err, unprivileged)
	case errors.As(err, &exit) && exit.Exited():
		return out, nil
	case err != nil:
		return out, fmt.Errorf("run %s: %w: stdout %q, stderr %q", filepath.Base(cmd.Path), err, out.Stdout, out.Stderr)
	}
	return out, nil
}
