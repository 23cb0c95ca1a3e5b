package seal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A Genesis names a journal and the key of its first seal.
type Genesis struct {
	Journal [16]byte // random
	Public  PublicKey
	Created time.Time // whole seconds
}

const (
	genesisLayout = "2006-01-02T15:04:05Z"
	genesisDomain = "gander-genesis-v1"
)

// ID is the SHA-256 of the genesis' line, without its line feed: what the first
// seal gives as the hash of the seal before it.
func (g Genesis) ID() Hash { return sha256.Sum256(g.appendTo(nil)) }

// chain is h_0, where the chain of lines begins.
func (g Genesis) chain() Hash {
	b := append([]byte(genesisDomain), g.Journal[:]...)
	return sha256.Sum256(append(b, g.Public[:]...))
}

func (g Genesis) appendTo(b []byte) []byte {
	b = append(b, `{"v":1`...)
	b = appendHex(b, "journal", g.Journal[:])
	b = appendHex(b, "public", g.Public[:])
	b = appendText(b, "created", g.Created.UTC().Format(genesisLayout))
	return append(b, '}')
}

func (c *cursor) genesis() (g Genesis) {
	c.want(`{"v":1`)
	c.hex("journal", g.Journal[:])
	c.hex("public", g.Public[:])
	g.Created = c.time("created", genesisLayout)
	c.want("}")
	return g
}

// ParseGenesis reads the content of genesis.json: one line and its line feed,
// byte for byte what a sealer writes.
func ParseGenesis(b []byte) (Genesis, error) {
	c := &cursor{rest: b}
	g := c.genesis()
	c.want("\n")
	if c.bad || len(c.rest) > 0 || string(g.appendTo(nil))+"\n" != string(b) {
		return Genesis{}, fmt.Errorf("read genesis: not as a sealer writes it: %.40q", b)
	}
	return g, nil
}

// ReadGenesis reads a journal's genesis. The error wraps [os.ErrNotExist] when
// the journal was never sealed.
func ReadGenesis(journal string) (Genesis, error) {
	b, err := readSmall(filepath.Join(journal, GenesisFile), 4096)
	if err != nil {
		return Genesis{}, fmt.Errorf("read genesis: %w", err)
	}
	return ParseGenesis(b)
}

// parsePublic reads 64 hex digits.
func parsePublic(s string) (p PublicKey, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return p, fmt.Errorf("read public key: %.80q is not %d hex digits", s, 2*ed25519.PublicKeySize)
	}
	copy(p[:], b)
	return p, nil
}

// readSmall reads a regular file of at most limit bytes. It never waits.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := openRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() > limit {
		return nil, &os.PathError{Op: "read", Path: path, Err: fmt.Errorf("%d bytes, at most %d are expected", st.Size(), limit)}
	}
	b := make([]byte, st.Size())
	n, err := f.ReadAt(b, 0)
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}
