package keeper

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Policy says how large and how old a journal may grow: the [journal] section
// of the configuration.
type Policy struct {
	MaxSize  Size `toml:"max_size"`  // the live segment is rotated when it is larger
	MaxAge   Age  `toml:"max_age"`   // or older
	Keep     Age  `toml:"keep"`      // segments are deleted when they are older; 0 keeps them
	MaxTotal Size `toml:"max_total"` // or when all together are larger, oldest first; 0 means no limit
	MinFree  Size `toml:"min_free"`  // less free disk than this is an alert
}

// DefaultPolicy fits a developer who records some 7 MB a day: years, in little
// space.
func DefaultPolicy() Policy {
	return Policy{
		MaxSize:  64 << 20,
		MaxAge:   Age(24 * time.Hour),
		Keep:     Age(180 * 24 * time.Hour),
		MaxTotal: 4 << 30,
		MinFree:  512 << 20,
	}
}

// Check reports what cannot work.
func (p Policy) Check() error {
	switch {
	case p.MaxSize < 1<<20:
		return errors.New("max_size: a segment needs at least 1MiB")
	case p.MaxAge < Age(time.Minute):
		return errors.New("max_age: a segment needs at least 1m")
	case p.MaxTotal != 0 && p.MaxTotal < 2*p.MaxSize:
		return errors.New("max_total: must hold at least two segments of max_size, or be 0")
	case p.Keep != 0 && p.Keep < p.MaxAge:
		return errors.New("keep: must not be shorter than max_age, or be 0")
	}
	return nil
}

// A Size is a number of bytes, written "64MiB", "1.5GB" or "4096".
type Size int64

var sizeUnits = []struct {
	name string
	n    float64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"kB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
	{"", 1},
}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || v < 0 || v*u.n > 1<<60 {
			break
		}
		*s = Size(v * u.n)
		return nil
	}
	return fmt.Errorf("size %q: write it as 64MiB, 1.5GB or a number of bytes", text)
}

// An Age is a length of time, written "90s", "24h" or "180d".
type Age time.Duration

// UnmarshalText reads a length of time; days are 24 hours.
func (a *Age) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			*a = Age(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("time %q: write it as 90s, 24h or 180d", text)
	}
	*a = Age(d)
	return nil
}

// Duration is a as the standard library's type.
func (a Age) Duration() time.Duration { return time.Duration(a) }
