package readback

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gander/internal/anchor"
	"gander/internal/anchor/rfc3161"
)

// token reads a token and the seal beside it. The hash is the one the authority
// signed; the name of the file says which seal it is of, and a wrong name shows
// when the hash is held against the journal.
func (r *reader) token(path string) error {
	base := strings.TrimSuffix(path, anchor.TokenExt)
	journal, k, ok := anchor.ParseTokenName(filepath.Base(base))
	if !ok {
		r.damaged(path, errors.New("is not named <journal>-<k>.tst"))
		return nil
	}
	der, err := readBounded(path, rfc3161.MaxToken)
	if err != nil {
		return err
	}
	stamp, err := rfc3161.Inspect(der, r.roots)
	if err != nil {
		r.damaged(path, err)
		return nil
	}
	f := Found{Source: path, Seen: stamp.Time, By: stamp.Signer}
	if r.roots == nil {
		f.By += " (no roots given: not verified)"
	}
	f.Statement = anchor.Statement{Journal: journal, K: k, Hash: hex.EncodeToString(stamp.Hash[:])}
	line, err := readBounded(base+anchor.SealExt, anchor.MaxLine)
	switch {
	case err == nil && sha256.Sum256(line) == stamp.Hash:
		f.Line = line
	case err == nil:
		r.damaged(base+anchor.SealExt, errors.New("is not the seal that was stamped"))
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	r.found(f)
	return nil
}

// readBounded reads one byte more than n, so that what is too long fails as
// such wherever it is judged.
func readBounded(path string, n int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, n+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}
