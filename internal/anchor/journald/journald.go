// Package journald anchors into the system's journal, through its own socket.
//
// Any user may write there and no user but root can take back. A statement
// counts as sent when journald's socket has it; journald limits the rate of a
// service and does not say when it drops. Each entry has the statement as its
// MESSAGE, and GANDER_JOURNAL, GANDER_K and GANDER_HASH to search by:
//
//	journalctl -o json SYSLOG_IDENTIFIER=gander
//
// The protocol is three lines of text (systemd.io/JOURNAL_NATIVE_PROTOCOL), and
// the library that speaks it can reach only one fixed socket: no test could.
package journald

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"gander/internal/anchor"
	"gander/internal/anchor/transport"
)

// A Config is the section of a journald anchor.
type Config struct {
	anchor.Common
	Socket string `toml:"socket"` // /run/systemd/journal/socket when empty
}

// Plan implements [anchor.Config]. Every seal is written.
func (c Config) Plan() anchor.Plan { return c.Common.Plan("journald", 0) }

// Check implements [anchor.Config].
func (c Config) Check() error {
	if c.Socket != "" && !filepath.IsAbs(c.Socket) {
		return errors.New("socket: must be absolute")
	}
	return c.Plan().Check()
}

// Open implements [anchor.Config].
func (c Config) Open(anchor.Env) (anchor.Anchor, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Socket == "" {
		c.Socket = "/run/systemd/journal/socket"
	}
	return &Journald{name: c.Plan().Name, socket: c.Socket}, nil
}

// Journald is the system's journal.
type Journald struct{ name, socket string }

var _ anchor.Anchor = (*Journald)(nil)

// Name implements [anchor.Anchor].
func (j *Journald) Name() string { return j.name }

// Send implements [anchor.Anchor].
func (j *Journald) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	if err := st.Check(); err != nil {
		return anchor.Receipt{}, err
	}
	// No value holds a line feed: Check saw to it.
	entry := fmt.Appendf(nil, "PRIORITY=5\nSYSLOG_IDENTIFIER=gander\nGANDER_JOURNAL=%s\nGANDER_K=%d\nGANDER_HASH=%s\nMESSAGE=%s\n",
		st.Journal, st.K, st.Hash, anchor.AppendShort(nil, st))
	if err := transport.Datagram(ctx, "unixgram", j.socket, entry); err != nil {
		return anchor.Receipt{}, fmt.Errorf("write to the system's journal: %w", err)
	}
	return anchor.Receipt{}, nil
}
