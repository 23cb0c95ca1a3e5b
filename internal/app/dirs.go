package app

import (
	"path/filepath"
)

// Dirs are the places gander keeps things in. The zero value is useless:
// whoever reads the environment fills it.
type Dirs struct {
	State string // $XDG_STATE_HOME/gander: journal, outbox, backups
	Data  string // $XDG_DATA_HOME/gander: the installed binaries
	Home  string // the user's home, where agents keep their settings
	// ConfigHome is $XDG_CONFIG_HOME, or "" for the default below Home.
	ConfigHome string
	// Config is the configuration file.
	Config string
	// ClaudeConfig is $CLAUDE_CONFIG_DIR, or "" for ~/.claude.
	ClaudeConfig string
}

// Journal is the directory of the journal.
func (d Dirs) Journal() string { return filepath.Join(d.State, "journal") }

// Outbox is the file of everything that was raised.
func (d Dirs) Outbox() string { return filepath.Join(d.State, "outbox.jsonl") }

// SealKey is the key state of the journal's seals.
func (d Dirs) SealKey() string { return filepath.Join(d.State, "seal.key") }

// Anchors is where what is on its way to the anchors waits.
func (d Dirs) Anchors() string { return filepath.Join(d.State, "anchors") }

// Backups is where files lie as they were before gander changed them.
func (d Dirs) Backups() string { return filepath.Join(d.State, "backups") }

// Hook is the installed hook.
func (d Dirs) Hook() string { return filepath.Join(d.Data, "bin", "gander-hook") }

// Gander is the installed copy of this program, which the service runs.
func (d Dirs) Gander() string { return filepath.Join(d.Data, "bin", "gander") }

func (d Dirs) heart() string  { return filepath.Join(d.State, "watch.json") }
func (d Dirs) lock() string   { return filepath.Join(d.State, "watch.lock") }
func (d Dirs) drills() string { return filepath.Join(d.State, "drills") }
func (d Dirs) read() string   { return filepath.Join(d.State, "alerts.read") }
