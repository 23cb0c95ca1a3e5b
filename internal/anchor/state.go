package anchor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	stateFile  = "state.json"
	tokenDir   = "receipts"
	maxStateIn = 1 << 20
)

// state is what an anchor's directory remembers. A failure may be years of
// clock away after a restart: times are wall times.
type state struct {
	Version  int       `json:"v"`
	Journal  string    `json:"journal,omitempty"` // of the last acknowledged statement
	LastK    uint64    `json:"last_k"`
	LastHash string    `json:"last_hash,omitempty"`
	LastTime time.Time `json:"last_time,omitzero"`
	Receipt  string    `json:"receipt,omitempty"`
	Failing  time.Time `json:"failing,omitzero"` // since when every attempt failed
	Failures int       `json:"failures,omitempty"`
	Error    string    `json:"error,omitempty"`
	Pending  string    `json:"pending,omitempty"` // the text of a statement
}

// storeState replaces the state in dir.
func storeState(dir string, s state, pending *Statement, write func(string, []byte) error) error {
	s.Version = 1
	if pending != nil {
		s.Pending = string(AppendLine(nil, *pending))
	}
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return write(filepath.Join(dir, stateFile), append(data, '\n'))
}

// loadState reads what storeState wrote. What it cannot read it leaves, and
// says so in the state's Error: the worst is a statement that is sent again.
func loadState(dir string) (state, *Statement) {
	s, pending, err := readState(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	}
	if err != nil {
		return state{Error: fmt.Sprintf("the anchor's state could not be read and is started over: %v", err)}, nil
	}
	return s, pending
}

func readState(path string) (s state, pending *Statement, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxStateIn))
	if err != nil {
		return s, nil, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, nil, err
	}
	if s.Version != 1 || s.Failures < 0 {
		return s, nil, errors.New("not a state of version 1")
	}
	if s.Pending != "" {
		st, err := ParseLine([]byte(s.Pending))
		if err != nil {
			return s, nil, err
		}
		pending = &st
	}
	s.Pending = ""
	return s, pending, nil
}

// The extensions of a token and of the seal it is for.
const (
	TokenExt = ".tst"
	SealExt  = ".seal"
)

// TokenName is the name of the file that keeps the token for a seal, without
// an extension; see [TokenExt] and [SealExt].
func TokenName(journal string, k uint64) string {
	return journal + "-" + strconv.FormatUint(k, 10)
}

// ParseTokenName reads what [TokenName] wrote.
func ParseTokenName(name string) (journal string, k uint64, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 || !isJournal(name[:i]) {
		return "", 0, false
	}
	k, err := strconv.ParseUint(name[i+1:], 10, 64)
	return name[:i], k, err == nil && TokenName(name[:i], k) == name
}

// keepToken stores a token and, first, the seal it is for: byte for byte, so
// that other programs can check one against the other.
func keepToken(dir string, st Statement, token []byte, write func(string, []byte) error) error {
	name := filepath.Join(dir, tokenDir, TokenName(st.Journal, st.K))
	if err := write(name+SealExt, st.Line); err != nil {
		return fmt.Errorf("keep the seal of a token: %w", err)
	}
	if err := write(name+TokenExt, token); err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	return nil
}

// replace writes a file as a whole: after a crash the old or the new one is
// there. It makes the directory.
func replace(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := writeSynced(tmp, data); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // not every system can; the rename is in order without it
	return nil
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}
