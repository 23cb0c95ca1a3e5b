// Package rules holds the rules gander comes with.
//
// Each file in the folder default is one subject in one or more Sigma
// documents, all named for what they find. Beside Sigma's own keys a rule has
// the key gander: what to tell a person (why, advice), calls it must match
// (match) and calls it must not (miss). The tests run those cases, and refuse
// a rule that has less than two of each.
//
// The rules are read anew by each Load and not changed after that.
package rules

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"gander/internal/sigma"
)

//go:embed default/*.yml
var files embed.FS

// Load returns the default rules, in the order of their files' names. An error
// names file and line, and is a mistake of whoever wrote the rule.
func Load() ([]*sigma.Rule, error) {
	names, err := fs.Glob(files, "default/*.yml")
	if err != nil {
		return nil, fmt.Errorf("list the default rules: %w", err)
	}
	var all []*sigma.Rule
	var errs []error
	for _, name := range names {
		src, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the default rules: %w", err)
		}
		rules, err := sigma.Parse(path.Base(name), src)
		errs = append(errs, err)
		for _, r := range rules {
			errs = append(errs, Check(r))
		}
		all = append(all, rules...)
	}
	return all, errors.Join(errs...)
}
