package rules

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gander/internal/alert"
	"gander/internal/sigma"
)

// A Source says where rules come from beside those gander comes with.
type Source struct {
	// Config is gander's configuration directory. The rules of a person are
	// all *.yml below rules in it, what they changed of others is in
	// overrides.yml. What is not there is empty; "" is no directory.
	Config string
	Paths  []string // further files and directories of rules, such as a clone of SigmaHQ
}

// A Collection is all rules, and what a person changed of them. It is read
// whole or not at all, and not changed after that.
type Collection struct {
	Rules     []*sigma.Rule // the default ones first, with the levels a person gave them
	Own       int           // how many of Rules are default ones
	Overrides Overrides
}

// Read reads all rules. Where one file is wrong, nothing is returned but the
// errors, each with file and line: half a set of rules is not what anybody
// wanted, and the caller goes on with what it has.
func (s Source) Read() (*Collection, error) {
	own, err := Load()
	if err != nil {
		return nil, err
	}
	paths := s.Paths
	if s.Config != "" {
		paths = append([]string{filepath.Join(s.Config, "rules")}, paths...)
	}
	more, err := ReadFiles(paths, s.Config != "")
	overrides, overrideErr := readOverrides(s.Config)
	if err := errors.Join(err, overrideErr); err != nil {
		return nil, err
	}
	c := &Collection{Own: len(own), Overrides: overrides}
	for _, r := range append(own, more...) {
		c.Rules = append(c.Rules, overrides.apply(r))
	}
	return c, nil
}

// Off reports whether a person disabled a rule.
func (c *Collection) Off(r *sigma.Rule) bool { return c.Overrides[r.ID].Off }

// Active returns the rules to compile. Those that are disabled are among them,
// for correlations may count on them, but no disabled filter is.
func (c *Collection) Active() []*sigma.Rule {
	var list []*sigma.Rule
	for _, r := range c.Rules {
		if r.Filter == nil || !c.Off(r) {
			list = append(list, r)
		}
	}
	return list
}

// ReadFiles reads the rules of files and directories. The first of the paths
// may be missing where optional is set.
func ReadFiles(paths []string, optional bool) ([]*sigma.Rule, error) {
	files, err := list(paths, optional)
	if err != nil {
		return nil, err
	}
	var all []*sigma.Rule
	var errs []error
	for _, f := range files {
		src, err := readFile(f.path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		rules, err := sigma.Parse(f.path, src)
		errs = append(errs, err)
		for _, r := range rules {
			errs = append(errs, Check(r))
		}
		all = append(all, rules...)
	}
	return all, errors.Join(errs...)
}

const (
	maxFile  = 16 << 20 // bytes, as in package sigma
	maxFiles = 50_000
)

// readFile reads a file of at most maxFile bytes.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return src, nil // Parse refuses what is too large
}

// A file is a file of rules, as it is now.
type file struct {
	path string
	info fs.FileInfo
}

// list finds the *.yml and *.yaml below paths; a path that is a file is taken
// whatever its name.
func list(paths []string, optional bool) ([]file, error) {
	var files []file
	for i, path := range paths {
		root, err := filepath.EvalSymlinks(path)
		if optional && i == 0 && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				return visit(&files, root, path, d)
			})
		}
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
	}
	return files, nil
}

// visit takes a file in. Hidden directories, such as .git, are passed over, and
// so are links to directories and what is no file.
func visit(files *[]file, root, path string, d fs.DirEntry) error {
	if d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
		return filepath.SkipDir
	}
	if ext := filepath.Ext(path); d.IsDir() || path != root && ext != ".yml" && ext != ".yaml" {
		return nil
	}
	info, err := os.Stat(path) // a link to a file counts, one to nowhere is an error
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if len(*files) == maxFiles {
		return fmt.Errorf("more than %d files below %s: name the folder of rules", maxFiles, root)
	}
	*files = append(*files, file{path, info})
	return nil
}

// Stamp tells whether anything changed since an earlier Stamp: it is made of
// the names, sizes and times of all files. Errors are part of it.
func (s Source) Stamp() uint64 {
	h := fnv.New64a()
	var files []file
	err := error(nil)
	if s.Config != "" {
		files, err = list([]string{filepath.Join(s.Config, "rules")}, true)
		info, statErr := os.Stat(filepath.Join(s.Config, overridesFile))
		fmt.Fprintln(h, err, statErr)
		if statErr == nil {
			files = append(files, file{overridesFile, info})
		}
	}
	more, err := list(s.Paths, false)
	fmt.Fprintln(h, err)
	for _, f := range append(files, more...) {
		fmt.Fprintln(h, f.path, f.info.Size(), f.info.ModTime().UnixNano())
	}
	return h.Sum64()
}

// apply returns r with the level a person gave it.
func (o Overrides) apply(r *sigma.Rule) *sigma.Rule {
	v, ok := o[r.ID]
	if !ok || v.Off || v.Level == r.Level {
		return r
	}
	changed := *r
	changed.Level = v.Level
	return &changed
}

// An Override is what a person changed of one rule.
type Override struct {
	Off   bool
	Level alert.Level // when it is not off
	Line  int         // in overrides.yml
}

// Overrides are by the id of the rule.
type Overrides map[string]Override
