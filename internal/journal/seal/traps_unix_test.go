//go:build unix

package seal_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gander/internal/journal/seal"
)

// A trap in the way makes an error, and nobody waits.
func TestTrapsInTheWayAreErrors(t *testing.T) {
	for _, file := range []string{"genesis.json", "seals.jsonl", "live.jsonl", "../seal.key"} {
		for name, lay := range map[string]func(path string) error{
			"FIFO":          func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"directory":     func(path string) error { return os.Mkdir(path, 0o700) },
			"symbolic link": func(path string) error { return os.Symlink("/dev/zero", path) },
		} {
			l := filled(t)
			path := filepath.Join(l.dir, file)
			l.check(os.Remove(path))
			l.check(lay(path))
			_, err := l.s.Seal(seal.Interval, seal.Counters{})
			if err == nil && file != "genesis.json" {
				t.Errorf("%s in place of %s: sealed", name, file)
			}
			s, err := seal.Open(l.options())
			if err == nil && len(s.Warnings()) == 0 {
				t.Errorf("%s in place of %s: opened", name, file)
			}
			rep, err := seal.Verify(context.Background(), l.verifyOptions())
			if err == nil && rep.OK {
				t.Errorf("%s in place of %s: verified", name, file)
			}
		}
	}
}
