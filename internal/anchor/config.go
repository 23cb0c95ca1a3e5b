package anchor

import (
	"errors"
	"fmt"
	"time"
)

// A Config is the section of one anchor in the configuration.
type Config interface {
	// Plan is how the anchor is to be run, defaults filled in.
	Plan() Plan
	// Check reports what cannot work, by the key that is wrong.
	Check() error
	// Open makes the anchor. It dials nothing.
	Open(Env) (Anchor, error)
}

// An Env is what an anchor gets from its surroundings.
type Env struct {
	Dir    string                           // the anchor's own directory, made when it is needed
	Secret func(ref string) ([]byte, error) // resolves a reference to a secret; nil knows none
}

// Resolve returns the secret that ref is a reference to, as it is now.
func (e Env) Resolve(ref string) ([]byte, error) {
	if e.Secret == nil {
		return nil, errors.New("secrets cannot be resolved here")
	}
	return e.Secret(ref)
}

// A Plan says under which name and how often an anchor is used.
type Plan struct {
	Name     string
	Kind     string
	Interval time.Duration // the least time between two statements; 0 sends each as it comes
	Timeout  time.Duration // bounds one Send
}

// Common is what the sections of all kinds share.
type Common struct {
	Name     string   `toml:"name"`     // lower-case letters, digits and '-'; the kind when empty
	Interval Duration `toml:"interval"` // 0 is the kind's default
	Timeout  Duration `toml:"timeout"`  // 0 is 30 s
}

// Plan fills in the defaults of a kind.
func (c Common) Plan(kind string, interval time.Duration) Plan {
	p := Plan{Name: c.Name, Kind: kind, Interval: time.Duration(c.Interval), Timeout: time.Duration(c.Timeout)}
	if p.Name == "" {
		p.Name = kind
	}
	if p.Interval == 0 {
		p.Interval = interval
	}
	if p.Timeout == 0 {
		p.Timeout = 30 * time.Second
	}
	return p
}

// Check reports what cannot work.
func (p Plan) Check() error {
	switch {
	case !isName(p.Name):
		return fmt.Errorf("name: %.40q: use at most 32 lower-case letters, digits and '-', a letter first", p.Name)
	case p.Interval < 0 || p.Interval > 24*time.Hour:
		return errors.New("interval: must be between 0 and 24h")
	case p.Timeout < time.Second || p.Timeout > 10*time.Minute:
		return errors.New("timeout: must be between 1s and 10m")
	}
	return nil
}

// isName accepts what is a file name on every system.
func isName(s string) bool {
	if s == "" || len(s) > 32 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// A Duration is a length of time, written "90s" or "1h30m".
type Duration time.Duration

// UnmarshalText reads a length of time.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("time %.40q: write it as 90s or 1h30m", b)
	}
	*d = Duration(v)
	return nil
}
