package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"gander/internal/anchor"
)

// ErrRewound is the error of a branch that no longer holds what was pushed to
// it: somebody took anchored statements away. The anchor sends nothing more
// until a person has looked, and removed its git directory or restored the
// branch.
var ErrRewound = errors.New("the remote's branch no longer holds what was pushed to it")

const (
	known   = "refs/gander/known"   // where the branch was when it was last seen
	fetched = "refs/gander/fetched" // where it is
)

// attempts is how often a push that lost a race is made again.
const attempts = 3

// A Git is one branch of a remote repository.
type Git struct {
	config Config
	name   string
	run    runner
}

var _ anchor.Anchor = (*Git)(nil)

// Name implements [anchor.Anchor].
func (g *Git) Name() string { return g.name }

// Send implements [anchor.Anchor]. The receipt is the commit's id.
func (g *Git) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	if err := st.Check(); err != nil {
		return anchor.Receipt{}, err
	}
	if err := g.prepare(ctx); err != nil {
		return anchor.Receipt{}, err
	}
	var lost error
	for range attempts {
		tip, err := g.fetch(ctx)
		if err != nil {
			return anchor.Receipt{}, err
		}
		commit, err := g.commit(ctx, tip, st)
		if err != nil {
			return anchor.Receipt{}, err
		}
		if commit == tip {
			return anchor.Receipt{Text: commit}, nil // it was pushed before
		}
		lost = g.push(ctx, commit)
		if lost == nil {
			return anchor.Receipt{Text: commit}, g.remember(ctx, commit)
		}
		if !isRace(lost) {
			break
		}
	}
	return anchor.Receipt{}, lost
}

// prepare makes the repository, or tidies it.
func (g *Git) prepare(ctx context.Context) error {
	missing, err := g.run.isMissing()
	if err != nil {
		return fmt.Errorf("look for the anchor's repository: %w", err)
	}
	if !missing {
		g.run.unlock()
		_, err := g.run.out(ctx, nil, "gc", "--auto", "--quiet")
		return err
	}
	if err := os.MkdirAll(g.run.dir, 0o700); err != nil {
		return fmt.Errorf("make the anchor's repository: %w", err)
	}
	_, err = g.run.out(ctx, nil, "init", "--quiet", "--bare", "--template=")
	return err
}

// fetch returns the tip of the remote's branch, which it makes sure is here, or
// "" when there is no branch yet.
func (g *Git) fetch(ctx context.Context) (string, error) {
	before, err := g.resolve(ctx, known)
	if err != nil {
		return "", err
	}
	branch := "refs/heads/" + g.config.Branch
	// fetch does not tell a branch that is not there from a remote that is not.
	answer, err := g.run.out(ctx, nil, "ls-remote", "--quiet", "--exit-code", "--", g.config.Remote, branch)
	switch {
	case exitedWith(err, 2) && before != "":
		return "", fmt.Errorf("%s is gone: %w", g.config.Branch, ErrRewound)
	case exitedWith(err, 2):
		return "", nil
	case err != nil:
		return "", err
	case before != "" && string(answer) == before+"\t"+branch:
		return before, nil
	}
	_, err = g.run.out(ctx, nil, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
		"--", g.config.Remote, "+"+branch+":"+fetched)
	if err != nil {
		return "", err
	}
	tip, err := g.resolve(ctx, fetched)
	if err != nil || before == "" {
		return tip, err
	}
	_, err = g.run.out(ctx, nil, "merge-base", "--is-ancestor", before, tip)
	if exitedWith(err, 1) {
		return "", fmt.Errorf("%s: %w", g.config.Branch, ErrRewound)
	}
	return tip, err
}

// resolve returns the commit a ref names, or "".
func (g *Git) resolve(ctx context.Context, ref string) (string, error) {
	id, err := g.run.out(ctx, nil, "rev-parse", "--quiet", "--verify", ref+"^{commit}")
	if exitedWith(err, 1) {
		return "", nil
	}
	return string(id), err
}

func (g *Git) remember(ctx context.Context, commit string) error {
	_, err := g.run.out(ctx, nil, "update-ref", known, commit)
	return err
}

// commit makes the commit that adds st on top of tip. When the file ends with
// it already, tip is the answer.
func (g *Git) commit(ctx context.Context, tip string, st anchor.Statement) (string, error) {
	file := st.Journal + "/" + st.Time.UTC().Format("2006/01/02/15") + ".jsonl"
	old, err := g.read(ctx, tip, file)
	if err != nil {
		return "", err
	}
	line := append(anchor.AppendLine(nil, st), '\n')
	if bytes.HasSuffix(old, line) {
		return tip, g.remember(ctx, tip)
	}
	blob, err := g.run.out(ctx, append(old, line...), "hash-object", "-w", "--stdin")
	if err != nil {
		return "", err
	}
	tree, err := g.tree(ctx, tip, file, string(blob))
	if err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree, "-F", "-"}
	if tip != "" {
		args = append(args, "-p", tip)
	}
	id, err := g.run.out(ctx, fmt.Appendf(nil, "seal %d of %s\n\n%s\n", st.K, st.Journal, st.Hash), args...)
	return string(id), err
}

// read returns the file at tip, or nothing when there is none.
func (g *Git) read(ctx context.Context, tip, file string) ([]byte, error) {
	if tip == "" {
		return nil, nil
	}
	entry, err := g.run.out(ctx, nil, "ls-tree", tip, "--", file)
	if err != nil || len(entry) == 0 {
		return nil, err
	}
	fields := strings.Fields(string(entry)) // mode, type, id, path
	if len(fields) != 4 || fields[1] != "blob" {
		return nil, fmt.Errorf("%s is not a file in the remote's branch: give gander a branch of its own", path.Base(file))
	}
	id := fields[2]
	text, err := g.run.out(ctx, nil, "cat-file", "blob", id)
	if len(text) == 0 {
		return nil, err
	}
	return append(text, '\n'), err
}

// tree returns the tree of tip with the file replaced.
func (g *Git) tree(ctx context.Context, tip, file, blob string) (string, error) {
	start := []string{"read-tree", "--empty"}
	if tip != "" {
		start = []string{"read-tree", tip}
	}
	if _, err := g.run.out(ctx, nil, start...); err != nil {
		return "", err
	}
	if _, err := g.run.out(ctx, nil, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+file); err != nil {
		return "", err
	}
	id, err := g.run.out(ctx, nil, "write-tree")
	return string(id), err
}

func (g *Git) push(ctx context.Context, commit string) error {
	_, err := g.run.out(ctx, nil, "push", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no",
		"--", g.config.Remote, commit+":refs/heads/"+g.config.Branch)
	return err
}

// isRace reports whether a push was rejected because the branch had moved.
func isRace(err error) bool {
	e, ok := errors.AsType[*exitError](err)
	return ok && (strings.Contains(e.said, "fetch first") || strings.Contains(e.said, "non-fast-forward") ||
		strings.Contains(e.said, "cannot lock ref"))
}
