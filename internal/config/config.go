// Package config reads the one configuration file, TOML, into a checked struct.
//
// Every part of gander declares the type of its own section next to the code
// that uses it; this package only puts them together. Reading is strict: an
// unknown key is an error with its line, since a mistyped one would otherwise
// be a protection that is not there. A missing file is the default
// configuration.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"gander/internal/anchor/all"
	"gander/internal/keeper"
)

// A Config is the whole file.
type Config struct {
	Version int           `toml:"version"` // of the format: 1
	Journal keeper.Policy `toml:"journal"`
	Anchor  all.Config    `toml:"anchor"`
	Rules   Rules         `toml:"rules"`
}

// Rules is the [rules] section.
type Rules struct {
	Paths []string `toml:"paths"` // files and directories of further Sigma rules
}

// Default is the configuration without a file.
func Default() Config {
	return Config{Version: 1, Journal: keeper.DefaultPolicy()}
}

// Load reads the file at path. Errors name the file, the line and what to do.
func Load(path string) (Config, error) {
	c := Default()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the configuration: %w", err)
	}
	if err := Parse(data, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads the text of a configuration over what c already holds.
func Parse(data []byte, c *Config) error {
	dec := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := dec.Decode(c); err != nil {
		return explain(err)
	}
	if c.Version != 1 {
		return fmt.Errorf("version %d is not known: this gander reads version 1", c.Version)
	}
	if err := c.Journal.Check(); err != nil {
		return fmt.Errorf("[journal]: %w", err)
	}
	if err := c.Anchor.Check(); err != nil {
		return fmt.Errorf("[anchor]: %w", err)
	}
	return nil
}

// Secret resolves a reference to a secret: "file:/path", whose first line it
// is, or "env:NAME". Secrets themselves do not stand in the configuration.
func Secret(ref string, getenv func(string) string) ([]byte, error) {
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a secret: %w", err)
		}
		line, _, _ := bytes.Cut(b, []byte("\n"))
		return line, nil
	}
	if name, ok := strings.CutPrefix(ref, "env:"); ok {
		if v := getenv(name); v != "" {
			return []byte(v), nil
		}
		return nil, fmt.Errorf("the environment variable %s is not set", name)
	}
	return nil, errors.New("a secret is named as file:/path or env:NAME")
}

// explain puts the place in front of what go-toml says.
func explain(err error) error {
	if missing, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(missing.Errors) > 0 {
		first := missing.Errors[0]
		row, col := first.Position()
		return fmt.Errorf("line %d, column %d: unknown key %s; see docs/configuration.md", row, col, strings.Join(first.Key(), "."))
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, col := bad.Position()
		return fmt.Errorf("line %d, column %d: %s", row, col, bad.Error())
	}
	return err
}
