// Package all is the list of every kind of anchor. A new kind is a folder beside
// this one and two lines here.
package all

import (
	"fmt"
	"path/filepath"
	"slices"

	"gander/internal/anchor"
	"gander/internal/anchor/file"
	"gander/internal/anchor/git"
	"gander/internal/anchor/journald"
	"gander/internal/anchor/rfc3161"
	"gander/internal/anchor/syslog"
	"gander/internal/anchor/webhook"
)

// A Config is the [anchor] part of the configuration: any number of each kind.
type Config struct {
	File     []file.Config     `toml:"file"`
	Journald []journald.Config `toml:"journald"`
	Syslog   []syslog.Config   `toml:"syslog"`
	Webhook  []webhook.Config  `toml:"webhook"`
	Git      []git.Config      `toml:"git"`
	RFC3161  []rfc3161.Config  `toml:"rfc3161"`
}

// List returns every anchor of the configuration, by kind and then in the order
// of the file.
func (c Config) List() []anchor.Config {
	return slices.Concat(each(c.File), each(c.Journald), each(c.Syslog), each(c.Webhook), each(c.Git), each(c.RFC3161))
}

func each[C anchor.Config](configs []C) []anchor.Config {
	out := make([]anchor.Config, len(configs))
	for i, c := range configs {
		out[i] = c
	}
	return out
}

// Check reports the first thing that cannot work, with the anchor's name.
func (c Config) Check() error {
	seen := make(map[string]bool)
	for _, one := range c.List() {
		plan := one.Plan()
		if err := one.Check(); err != nil {
			return fmt.Errorf("%s anchor %.40q: %w", plan.Kind, plan.Name, err)
		}
		if seen[plan.Name] {
			return fmt.Errorf("%s anchor %q: the name is taken, give each its own", plan.Kind, plan.Name)
		}
		seen[plan.Name] = true
	}
	return nil
}

// Open makes every anchor, for [anchor.OpenQueue] with the same dir: an
// anchor's own directory is the one the queue keeps its state in.
func (c Config) Open(dir string, secret func(ref string) ([]byte, error)) ([]anchor.Entry, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	var entries []anchor.Entry
	for _, one := range c.List() {
		plan := one.Plan()
		a, err := one.Open(anchor.Env{Dir: filepath.Join(dir, plan.Name), Secret: secret})
		if err != nil {
			return nil, fmt.Errorf("%s anchor %q: %w", plan.Kind, plan.Name, err)
		}
		entries = append(entries, anchor.Entry{Anchor: a, Plan: plan})
	}
	return entries, nil
}
