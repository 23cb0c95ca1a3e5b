package git

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"gander/internal/safetext"
)

// maxOutput bounds what is kept of a command's output: an hour of statements.
const maxOutput = 64 << 20

// A runner starts git.
type runner struct {
	program string
	dir     string // the bare repository
	home    string
	ssh     string
	user    string
	secret  func() ([]byte, error) // nil without one
}

// settings come before anything a repository could set.
var settings = []string{
	"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.attributesFile=/dev/null",
	"-c", "credential.helper=", "-c", "http.followRedirects=false",
	"-c", "gc.autoDetach=false", "-c", "maintenance.autoDetach=false", "-c", "commit.gpgSign=false",
	"-c", "transfer.fsckObjects=true", "-c", "submodule.recurse=false", "-c", "push.gpgSign=false",
	"-c", "push.followTags=false", "-c", "core.fsync=committed",
}

// out runs git with stdin and returns what it printed, without the last line
// feed. The error has what git said, with the secret taken out.
func (r runner) out(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	env, secrets, err := r.env()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, r.program, append(append([]string{"--git-dir=" + r.dir}, settings...), args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.home, env, bytes.NewReader(stdin)
	stdout, stderr := &limited{n: maxOutput}, &limited{n: 4 << 10}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	group(cmd)
	cmd.WaitDelay = time.Second // a helper of git's may hold the pipes open
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], ctx.Err())
	}
	if err != nil {
		return nil, &exitError{op: args[0], said: redact(stderr.String(), secrets), err: err}
	}
	if stdout.lost {
		return nil, fmt.Errorf("git %s: the output is over %d bytes", args[0], maxOutput)
	}
	return bytes.TrimSuffix(stdout.Bytes(), []byte{'\n'}), nil
}

// env is all that git sees of the surroundings.
func (r runner) env() (env []string, secrets []string, err error) {
	env = []string{
		"PATH=" + filepath.Dir(r.program) + ":/usr/local/bin:/usr/bin:/bin",
		"HOME=" + r.home, "XDG_CONFIG_HOME=" + r.home, "LC_ALL=C", "TZ=UTC",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GIT_PAGER=cat", "GIT_EDITOR=false",
		"GIT_ALLOW_PROTOCOL=file:http:https:ssh", "GIT_SSH_COMMAND=" + r.ssh, "GIT_SSH_VARIANT=ssh",
		"GIT_INDEX_FILE=" + filepath.Join(r.dir, index), "GIT_NO_REPLACE_OBJECTS=1",
		"GIT_AUTHOR_NAME=gander", "GIT_AUTHOR_EMAIL=gander@localhost",
		"GIT_COMMITTER_NAME=gander", "GIT_COMMITTER_EMAIL=gander@localhost",
	}
	if r.secret == nil {
		return env, nil, nil
	}
	token, err := r.secret()
	if err != nil {
		return nil, nil, fmt.Errorf("the git remote's secret: %w", err)
	}
	if len(token) == 0 || bytes.ContainsAny(token, "\x00\r\n") {
		return nil, nil, errors.New("the git remote's secret: must be one line")
	}
	basic := base64.StdEncoding.EncodeToString([]byte(r.user + ":" + string(token)))
	env = append(env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader", "GIT_CONFIG_VALUE_0=Authorization: Basic "+basic)
	return env, []string{string(token), basic}, nil
}

func redact(s string, secrets []string) string {
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, "[secret]")
	}
	return strings.TrimSpace(s)
}

// An exitError is git ending with an error.
type exitError struct {
	op, said string
	err      error
}

func (e *exitError) Error() string {
	return fmt.Sprintf("git %s: %v: %s", e.op, e.err, safetext.Clip(e.said, 200))
}

func (e *exitError) Unwrap() error { return e.err }

// exitedWith reports whether git itself ended with code, as some commands
// answer "no".
func exitedWith(err error, code int) bool {
	e, ok := errors.AsType[*exec.ExitError](err)
	return ok && e.ExitCode() == code
}

// limited keeps the first n bytes written to it.
type limited struct {
	bytes.Buffer
	n    int
	lost bool
}

func (l *limited) Write(p []byte) (int, error) {
	keep := p[:min(len(p), max(0, l.n-l.Len()))]
	l.lost = l.lost || len(keep) < len(p)
	l.Buffer.Write(keep)
	return len(p), nil
}

// isMissing reports whether the repository has not been made yet.
func (r runner) isMissing() (bool, error) {
	_, err := os.Stat(filepath.Join(r.dir, "HEAD"))
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return false, err
}

// unlock removes what a git that was killed leaves behind and every later one
// would stop at. Nobody else uses the repository.
func (r runner) unlock() {
	for _, name := range []string{index, index + ".lock", known + ".lock", fetched + ".lock", "packed-refs.lock", "HEAD.lock", "config.lock", "gc.pid"} {
		_ = os.Remove(filepath.Join(r.dir, filepath.FromSlash(name))) // it is not there, or git will say
	}
}

const index = "gander-index"
