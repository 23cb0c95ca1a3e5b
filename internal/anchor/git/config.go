// Package git anchors into a branch of a remote git repository.
//
// Each statement is a line of a file and a commit of its own, pushed at once.
// Commits name the ones before them, so what the branch held cannot be changed
// without every clone noticing; the remote must refuse forced pushes and the
// deletion of the branch, and the credentials it is pushed with must allow
// nothing else. Before each commit the branch is fetched: one that no longer
// holds what was pushed before is [ErrRewound].
//
// Statements stand in one file for every hour, <journal>/2026/11/22/14.jsonl,
// by the seal's own time in UTC: every commit stores its file anew, and one
// that grew for ever would soon fill the disk. Several machines may share a
// branch: whoever finds it moved puts the line on top of what is there. Nothing
// is ever forced, and nothing is merged or checked out: the repository is bare
// and its objects are made one by one, so that no hook, filter or attribute of
// the remote's content is ever looked at.
//
// The git program is started by its argument vector, with an environment of its
// own: no configuration of the user or the system, no hooks, no questions.
package git

import (
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/transport"
)

// A Config is the section of a git anchor.
type Config struct {
	anchor.Common
	Remote     string `toml:"remote"`      // https://…, ssh://…, user@host:path, or the absolute path of a repository
	Branch     string `toml:"branch"`      // "gander-anchor" when empty
	User       string `toml:"user"`        // for https: the user the secret belongs to, "git" when empty
	Secret     string `toml:"secret"`      // for https: a reference to a token or password
	Key        string `toml:"key"`         // for ssh: the file of a private key without a passphrase
	KnownHosts string `toml:"known_hosts"` // for ssh: the file of the keys hosts must show
	Program    string `toml:"program"`     // the git to run, absolute; looked up in the PATH when empty
}

// Plan implements [anchor.Config].
func (c Config) Plan() anchor.Plan { return c.Common.Plan("git", time.Minute) }

func (c Config) withDefaults() Config {
	if c.Branch == "" {
		c.Branch = "gander-anchor"
	}
	if c.User == "" {
		c.User = "git"
	}
	return c
}

var (
	scpLike = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9_~/][A-Za-z0-9._~/-]*$`)
	// branchLike is narrower than git: what it lets through is a branch.
	branchLike = regexp.MustCompile(`^[A-Za-z0-9_]+([.-]?[A-Za-z0-9_]+)*(/[A-Za-z0-9_]+([.-]?[A-Za-z0-9_]+)*)*$`)
	// plainPath holds nothing the shell that starts ssh would understand.
	plainPath = regexp.MustCompile(`^/[A-Za-z0-9._@+/-]+$`)
	userLike  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._@+-]*$`)
)

// Check implements [anchor.Config].
func (c Config) Check() error {
	c = c.withDefaults()
	if err := checkRemote(c.Remote); err != nil {
		return err
	}
	if err := c.checkCredentials(); err != nil {
		return err
	}
	switch {
	case len(c.Branch) > 100 || !branchLike.MatchString(c.Branch) || strings.HasSuffix(c.Branch, ".lock"):
		return fmt.Errorf("branch: %.40q: use letters, digits, '-', '_', '.' and '/'", c.Branch)
	case c.Program != "" && !filepath.IsAbs(c.Program):
		return errors.New("program: must be absolute")
	}
	return c.Plan().Check()
}

func (c Config) checkCredentials() error {
	isSSH := strings.HasPrefix(c.Remote, "ssh://") || scpLike.MatchString(c.Remote)
	switch {
	case !userLike.MatchString(c.User):
		return errors.New("user: use letters, digits and '._@+-'")
	case c.Secret != "" && !strings.HasPrefix(c.Remote, "http"):
		return errors.New("secret: only an https remote uses it")
	case (c.Key != "" || c.KnownHosts != "") && !isSSH:
		return errors.New("key, known_hosts: only an ssh remote uses them")
	case c.Key != "" && !plainPath.MatchString(c.Key):
		return errors.New("key: must be an absolute path of letters, digits and '._@+-'")
	case c.KnownHosts != "" && !plainPath.MatchString(c.KnownHosts):
		return errors.New("known_hosts: must be an absolute path of letters, digits and '._@+-'")
	}
	return nil
}

// checkRemote does not repeat the remote: it may hold a password.
func checkRemote(s string) error {
	if filepath.IsAbs(s) || scpLike.MatchString(s) {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-") || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("remote: write it as https://host/path, ssh://user@host/path, user@host:path or an absolute path")
	}
	switch {
	case u.User != nil && (u.Scheme != "ssh" || !userLike.MatchString(u.User.String())):
		return errors.New("remote: must not hold a password: use user and secret")
	case u.Scheme == "https", u.Scheme == "ssh", u.Scheme == "http" && transport.IsLoopback(u.Hostname()):
		return nil
	}
	return errors.New("remote: must be https or ssh, or http to a loopback address")
}

// Open implements [anchor.Config].
func (c Config) Open(env anchor.Env) (anchor.Anchor, error) {
	c = c.withDefaults()
	if err := c.Check(); err != nil {
		return nil, err
	}
	program := c.Program
	if program == "" {
		found, err := exec.LookPath("git")
		if err != nil {
			return nil, errors.New("git is not installed: install it, or set program")
		}
		program = found
	}
	if !filepath.IsAbs(program) || !filepath.IsAbs(env.Dir) {
		return nil, errors.New("git needs an absolute program and state directory")
	}
	g := &Git{config: c, name: c.Plan().Name}
	g.run = runner{program: program, dir: filepath.Join(env.Dir, "git"), home: env.Dir, ssh: sshCommand(c)}
	if c.Secret != "" {
		g.run.secret = func() ([]byte, error) { return env.Resolve(c.Secret) }
		g.run.user = c.User
	}
	return g, nil
}

// sshCommand is run by a shell: every part of it has been checked.
func sshCommand(c Config) string {
	cmd := "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes"
	if c.Key != "" {
		cmd += " -o IdentitiesOnly=yes -i " + c.Key
	}
	if c.KnownHosts != "" {
		cmd += " -o UserKnownHostsFile=" + c.KnownHosts
	}
	return cmd
}
