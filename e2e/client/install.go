// Package client gets a pinned Claude Code from npm and runs it for a test.
//
// A release is pinned by version and by the digest npm publishes for its
// package; another byte is an error. The program is kept in a cache directory
// and runs from there, never from the machine's own installation. It runs with
// a scratch home, an environment of a dozen named variables, a time limit, and
// never as root, in a process group that is killed when it ends.
package client

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Release is one version of the client for Linux on x86-64.
type Release struct {
	Version   string
	Integrity string // of the package, as `npm view <package> dist.integrity` shows it
}

// Releases are the versions the tests run: the newest the project knows and
// the newest that npm offers to Node 20.
var Releases = []Release{
	{"2.1.330", "sha512-9Gn+V7DtJ8M1nztP9CeDVl9g3RtrepI7rOFTyPRRnZe8D6zebIHKmC7OvBauucuAP0X0k85SDN/LPVZyjsGezQ=="},
	{"2.1.197", "sha512-rIlKmrY0QMyHgPRX/MYWNj039vbypICvI9jVe3rs9Xy2RnNklySjyPxqh62QadznzoftEO23uYQ1tFePcQ//bg=="},
}

// platformPackage holds the native program; it needs no Node to run, unlike
// the launcher package.
const platformPackage = "@anthropic-ai/claude-code-linux-x64"

// ErrNoRegistry says that npm is not installed or its registry did not answer.
// It is the only reason for which a test may be skipped.
var ErrNoRegistry = errors.New("npm registry out of reach")

// Install returns the path of the release's program below the cache directory,
// downloading it first when it is not there yet. It runs the program once to
// see that it is what it says. Files that are needed only now go to scratch,
// which the caller deletes.
func Install(ctx context.Context, cache, scratch string, r Release) (string, error) {
	bin := filepath.Join(cache, r.Version, "claude")
	if _, err := os.Stat(bin); err != nil {
		if err := download(ctx, bin, scratch, r); err != nil {
			return "", fmt.Errorf("install client %s: %w", r.Version, err)
		}
	}
	if err := check(ctx, bin, scratch, r); err != nil {
		return "", fmt.Errorf("%w: delete %s and try again", err, bin)
	}
	return bin, nil
}

// download puts the program at bin. It appears there whole or not at all, so
// that an interrupted run or a second one beside it does no harm.
func download(ctx context.Context, bin, scratch string, r Release) error {
	pkg, err := pack(ctx, scratch, platformPackage+"@"+r.Version)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(bin), 0o755); err != nil {
		return fmt.Errorf("make the cache: %w", err)
	}
	part, err := os.CreateTemp(filepath.Dir(bin), "claude-*.part")
	if err != nil {
		return fmt.Errorf("make a file in the cache: %w", err)
	}
	err = errors.Join(unpack(pkg, part, r.Integrity), part.Chmod(0o755), part.Close())
	if err == nil {
		return os.Rename(part.Name(), bin)
	}
	return errors.Join(fmt.Errorf("unpack %s: %w", filepath.Base(pkg), err), os.Remove(part.Name()))
}

// pack has npm fetch a package into dir and returns the file's path.
func pack(ctx context.Context, dir, spec string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoRegistry, err)
	}
	cmd := exec.CommandContext(ctx, npm, "pack", "--json", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
		"--cache", filepath.Join(dir, "cache"), "--pack-destination", dir, spec)
	cmd.Dir = dir
	cmd.Env = npmEnv(dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", npmError(err, stdout.Bytes(), stderr.String())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("npm pack %s left %d packages", spec, len(files))
	}
	return files[0], nil
}

// npmEnv keeps what leads npm to a registry on this machine and takes the rest
// of its settings away.
func npmEnv(home string) []string {
	env := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "NO_UPDATE_NOTIFIER=1"}
	for _, name := range []string{
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"NODE_EXTRA_CA_CERTS", "NPM_CONFIG_REGISTRY", "npm_config_registry", "npm_config_cafile",
	} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// unreachable are the codes npm gives when no answer came from the registry.
var unreachable = []string{
	"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "EHOSTUNREACH",
	"ETIMEDOUT", "ERR_SOCKET_TIMEOUT", "FETCH_ERROR", "ENOTCACHED",
}

// npmError tells a registry that did not answer from every other failure. With
// --json npm prints {"error":{"code":...,"summary":...}}.
func npmError(run error, stdout []byte, stderr string) error {
	var report struct {
		Error struct{ Code, Summary string }
	}
	_ = json.Unmarshal(stdout, &report) // not JSON: an error of another kind, told below
	for _, code := range unreachable {
		if report.Error.Code == code {
			return fmt.Errorf("%w: npm says %s: %s", ErrNoRegistry, code, report.Error.Summary)
		}
	}
	return fmt.Errorf("npm pack: %w: %s %s", run, report.Error.Summary, strings.TrimSpace(stderr))
}

// unpack writes the program in the package to w once the package's digest is
// the pinned one.
func unpack(pkg string, w io.Writer, integrity string) error {
	f, err := os.Open(pkg)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != integrity {
		return fmt.Errorf("digest is %s, pinned is %s", got, integrity)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return extract(f, w)
}

func extract(r io.Reader, w io.Writer) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err != nil {
			return fmt.Errorf("find package/claude: %w", err)
		}
		if h.Name == "package/claude" {
			_, err := io.Copy(w, t)
			return err
		}
	}
}

// check runs the program for its version, in the scratch home: it writes there.
func check(ctx context.Context, bin, home string, r Release) error {
	cmd := exec.CommandContext(ctx, bin, "--version")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s --version: %w: %s", bin, err, out)
	}
	if !strings.HasPrefix(string(out), r.Version+" ") {
		return fmt.Errorf("%s says it is version %q, not %s", bin, strings.TrimSpace(string(out)), r.Version)
	}
	return nil
}
