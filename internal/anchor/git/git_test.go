package git_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
	"gander/internal/anchor/git"
)

// run is the test's own git, as far from the user's as the anchor's.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@localhost", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@localhost",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func newRemote(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	remote := filepath.Join(t.TempDir(), "remote.git")
	run(t, filepath.Dir(remote), "init", "--quiet", "--bare", remote)
	return remote
}

func open(t *testing.T, c git.Config) anchor.Anchor {
	t.Helper()
	a, err := c.Open(anchor.Env{Dir: t.TempDir(), Secret: func(string) ([]byte, error) { return []byte(token), nil }})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const token = "not-a-real-token-of-anybody"

// received clones the branch and reads it back.
func received(t *testing.T, remote string) []anchor.Statement {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, filepath.Dir(clone), "clone", "--quiet", "--branch", "gander-anchor", remote, clone)
	return anchortest.ReadBack(t, clone)
}

func hook(t *testing.T, remote, name, script string) func() {
	t.Helper()
	path := filepath.Join(remote, "hooks", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return func() { _ = os.Remove(path) }
}

func TestConformance(t *testing.T) {
	anchortest.Run(t, func(t *testing.T) anchortest.Subject {
		remote := newRemote(t)
		return anchortest.Subject{
			Anchor:   open(t, git.Config{Remote: remote}),
			Received: func(t *testing.T, _ int) []anchor.Statement { return received(t, remote) },
			Break:    func(t *testing.T) func() { return hook(t, remote, "pre-receive", "exit 1\n") },
			Hang:     func(t *testing.T) func() { return hook(t, remote, "pre-receive", "exec sleep 60\n") },
		}
	})
}

func send(t *testing.T, a anchor.Anchor, st anchor.Statement) string {
	t.Helper()
	receipt, err := a.Send(t.Context(), st)
	if err != nil {
		t.Fatalf("send %d: %v", st.K, err)
	}
	return receipt.Text
}

func TestReceiptIsTheCommitAtTheRemote(t *testing.T) {
	remote := newRemote(t)
	a := open(t, git.Config{Remote: remote})
	first := send(t, a, anchortest.Statement(1))
	second := send(t, a, anchortest.Statement(2))
	if got := run(t, remote, "rev-list", "gander-anchor"); got != second+"\n"+first {
		t.Errorf("the branch is %s, receipts %s and %s", got, first, second)
	}
	if again := send(t, a, anchortest.Statement(2)); again != second {
		t.Errorf("sent again the receipt is %s, want %s", again, second)
	}
}

func TestEachHourHasAFile(t *testing.T) {
	remote := newRemote(t)
	a := open(t, git.Config{Remote: remote})
	st := anchortest.Statement(1)
	later := anchor.NewStatement(st.Journal, 2, st.Line, st.Time.Add(time.Hour))
	send(t, a, st)
	send(t, a, later)
	want := st.Journal + "/2026/11/22/14.jsonl\n" + st.Journal + "/2026/11/22/15.jsonl"
	if got := run(t, remote, "ls-tree", "-r", "--name-only", "gander-anchor"); got != want {
		t.Errorf("files %s, want %s", got, want)
	}
}

func TestMachinesMayShareABranch(t *testing.T) {
	remote := newRemote(t)
	one, two := open(t, git.Config{Remote: remote}), open(t, git.Config{Remote: remote})
	other := anchortest.Statement(5)
	other.Journal = "another"
	send(t, one, anchortest.Statement(1))
	send(t, two, other)
	send(t, one, anchortest.Statement(2))
	if got := received(t, remote); len(got) != 3 {
		t.Errorf("the branch holds %d statements, want 3", len(got))
	}
	if got := run(t, remote, "rev-list", "--count", "--merges", "gander-anchor"); got != "0" {
		t.Errorf("%s merges", got)
	}
}

// The program is git, but the branch moves just before the first push.
func TestPushThatLostARaceIsMadeOnTopOfTheOther(t *testing.T) {
	remote := newRemote(t)
	send(t, open(t, git.Config{Remote: remote}), anchortest.Statement(1))
	tip := run(t, remote, "rev-parse", "gander-anchor")
	other := run(t, remote, "commit-tree", "-m", "other", "-p", tip, tip+"^{tree}")
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	once := filepath.Join(t.TempDir(), "once")
	program := filepath.Join(t.TempDir(), "git")
	script := fmt.Sprintf("#!/bin/sh\ncase \" $* \" in *\" push \"*) mkdir %s 2>/dev/null && %s --git-dir=%s update-ref refs/heads/gander-anchor %s;; esac\nexec %s \"$@\"\n",
		once, real, remote, other, real)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	commit := send(t, open(t, git.Config{Remote: remote, Program: program}), anchortest.Statement(2))
	if got := run(t, remote, "rev-list", "gander-anchor"); got != commit+"\n"+other+"\n"+tip {
		t.Errorf("the branch is %s, want %s on top of %s", got, commit, other)
	}
}

func TestBranchThatLostWhatWasPushedIsAnError(t *testing.T) {
	for _, tt := range []struct {
		name    string
		destroy func(t *testing.T, remote string)
	}{
		{"deleted", func(t *testing.T, remote string) { run(t, remote, "branch", "-D", "gander-anchor") }},
		{"put back", func(t *testing.T, remote string) { run(t, remote, "branch", "-f", "gander-anchor", "gander-anchor~1") }},
		{"written anew", func(t *testing.T, remote string) {
			empty := run(t, remote, "hash-object", "-t", "tree", "-w", "/dev/null")
			run(t, remote, "branch", "-f", "gander-anchor", run(t, remote, "commit-tree", "-m", "x", empty))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			remote := newRemote(t)
			a := open(t, git.Config{Remote: remote})
			send(t, a, anchortest.Statement(1))
			send(t, a, anchortest.Statement(2))
			tt.destroy(t, remote)
			_, err := a.Send(t.Context(), anchortest.Statement(3))
			if !errors.Is(err, git.ErrRewound) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestLocksOfAKilledGitAreNotInTheWay(t *testing.T) {
	remote, dir := newRemote(t), t.TempDir()
	a, err := git.Config{Remote: remote}.Open(anchor.Env{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	send(t, a, anchortest.Statement(1))
	for _, name := range []string{"gander-index.lock", "refs/gander/known.lock", "packed-refs.lock"} {
		if err := os.WriteFile(filepath.Join(dir, "git", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	send(t, a, anchortest.Statement(2))
}

// Nothing in the remote, and nothing of the user's, is executed.
func TestForeignConfigurationIsNotRead(t *testing.T) {
	remote, home := newRemote(t), t.TempDir()
	bad := filepath.Join(home, "ran")
	config := "[core]\n\tfsmonitor = touch " + bad + "\n\thooksPath = " + home + "\n[commit]\n\tgpgSign = true\n[push]\n\tgpgSign = true\n[gpg]\n\tprogram = touch " + bad + "\n"
	for _, name := range []string{".gitconfig", "config"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"pre-push", "reference-transaction", "post-index-change"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte("#!/bin/sh\ntouch "+bad+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, ".gitconfig"))
	t.Setenv("GIT_CONFIG_PARAMETERS", "'core.hooksPath'='"+home+"'")
	t.Setenv("GIT_DIR", home)
	send(t, open(t, git.Config{Remote: remote}), anchortest.Statement(1))
	if _, err := os.Stat(bad); err == nil {
		t.Error("something was executed")
	}
}

// The server shows what git sends it, and answers with the secret in its text.
func TestSecretGoesToTheServerAndNowhereElse(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	var user, password string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		http.Error(w, "denied: "+r.Header.Get("Authorization")+" "+password, http.StatusForbidden)
	}))
	defer server.Close()
	a := open(t, git.Config{Remote: server.URL + "/x.git", Secret: "env:TOKEN", User: "bot"})
	_, err := a.Send(t.Context(), anchortest.Statement(1))
	if user != "bot" || password != token {
		t.Errorf("the server got %q and %q", user, password)
	}
	basic := base64.StdEncoding.EncodeToString([]byte("bot:" + token))
	if err == nil || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), basic) {
		t.Errorf("error is %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    git.Config
		ok   bool
	}{
		{"https", git.Config{Remote: "https://git.example/a/b.git", Secret: "env:X"}, true},
		{"ssh", git.Config{Remote: "ssh://git@git.example:22/a/b.git", Key: "/etc/gander/key"}, true},
		{"ssh as people write it", git.Config{Remote: "git@git.example:a/b.git", KnownHosts: "/etc/gander/hosts"}, true},
		{"a path", git.Config{Remote: "/srv/anchor.git"}, true},
		{"http on this machine", git.Config{Remote: "http://127.0.0.1:3000/a.git"}, true},
		{"http elsewhere", git.Config{Remote: "http://git.example/a.git"}, false},
		{"a helper that runs commands", git.Config{Remote: "ext::sh -c x"}, false},
		{"an option", git.Config{Remote: "--upload-pack=x"}, false},
		{"an option as host", git.Config{Remote: "ssh://-oProxyCommand=x/y"}, false},
		{"a password for ssh", git.Config{Remote: "ssh://u:p@git.example/a.git"}, false},
		{"an option as user", git.Config{Remote: "ssh://-x@git.example/a.git"}, false},
		{"a password", git.Config{Remote: "https://u:p@git.example/a.git"}, false},
		{"a token as user", git.Config{Remote: "https://token@git.example/a.git"}, false},
		{"a relative path", git.Config{Remote: "a/b.git"}, false},
		{"nothing", git.Config{}, false},
		{"a key with a command in it", git.Config{Remote: "git@h:x", Key: "/a;touch b"}, false},
		{"a secret for ssh", git.Config{Remote: "git@h:x", Secret: "env:X"}, false},
		{"a key for https", git.Config{Remote: "https://h/x", Key: "/k"}, false},
		{"a branch that is an option", git.Config{Remote: "/r", Branch: "-x"}, false},
		{"a branch that is a range", git.Config{Remote: "/r", Branch: "a..b"}, false},
		{"a branch that is a refspec", git.Config{Remote: "/r", Branch: "a:b"}, false},
		{"a locked branch", git.Config{Remote: "/r", Branch: "a.lock"}, false},
		{"a relative program", git.Config{Remote: "/r", Program: "git"}, false},
		{"a user with a line feed", git.Config{Remote: "https://h/x", User: "a\nb"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.c.Check(); (err == nil) != tt.ok {
				t.Errorf("check says %v", err)
			}
		})
	}
}
