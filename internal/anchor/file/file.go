// Package file anchors into a second file.
//
// The file is worth as much as what keeps the watched user from changing it: it
// belongs to the watcher's own user, or carries the append-only flag (`chattr
// +a`) that only root can lift, or lies on a mount where nothing can be taken
// back. Each statement is one line between two line feeds, written as records
// are (see package record), so a torn line never takes its successor with it,
// and the file is synced before a statement counts as sent.
package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"gander/internal/anchor"
	"gander/internal/journal/record"
)

// A Config is the section of a file anchor.
type Config struct {
	anchor.Common
	Path string `toml:"path"` // absolute; made if it is missing
}

// Plan implements [anchor.Config]. Every seal is written.
func (c Config) Plan() anchor.Plan { return c.Common.Plan("file", 0) }

// Check implements [anchor.Config].
func (c Config) Check() error {
	if !filepath.IsAbs(c.Path) || filepath.Clean(c.Path) != c.Path {
		return errors.New("path: must be absolute and clean")
	}
	return c.Plan().Check()
}

// Open implements [anchor.Config].
func (c Config) Open(anchor.Env) (anchor.Anchor, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return &File{name: c.Plan().Name, path: c.Path}, nil
}

// A File is a file that statements are appended to.
type File struct{ name, path string }

var _ anchor.Anchor = (*File)(nil)

// Name implements [anchor.Anchor].
func (f *File) Name() string { return f.name }

// Send implements [anchor.Anchor].
func (f *File) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	if err := st.Check(); err != nil {
		return anchor.Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return anchor.Receipt{}, err
	}
	frame := append(anchor.AppendLine([]byte{'\n'}, st), '\n')
	if err := record.Append(f.path, frame, nil); err != nil {
		return anchor.Receipt{}, fmt.Errorf("append a seal: %w", err)
	}
	return anchor.Receipt{}, f.sync()
}

// sync must not hang either, whatever took the file's place since.
func (f *File) sync() error {
	file, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("sync a seal: %w", err)
	}
	defer file.Close()
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync a seal: %w", err)
	}
	return nil
}
