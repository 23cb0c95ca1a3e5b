package seal

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
)

// ErrKeyMissing is returned when a journal has a genesis, but the state of its
// keys is missing or damaged: nobody can go on with its seals. Verify the
// journal, keep what is left, find out who removed the key, then [Reset].
var ErrKeyMissing = errors.New("the journal's key state is missing or damaged")

// A keyState is all that a sealer remembers. It holds the only copy of the key
// of the next seal. The last seal is in it because the state is replaced before
// the seal is appended: whatever happens in between, the seal is not lost.
type keyState struct {
	genesis Genesis
	k       uint64 // of the next seal
	seed    [ed25519.SeedSize]byte
	last    *Seal // seal k-1; nil when k is 1
}

// chain is h after everything that is sealed.
func (s *keyState) chain() Hash {
	if s.last == nil {
		return s.genesis.chain()
	}
	return s.last.Chain
}

// prev is what the next seal gives as the hash of the seal before it.
func (s *keyState) prev() Hash {
	if s.last == nil {
		return s.genesis.ID()
	}
	return s.last.ID()
}

// public is the public half of the key of the next seal.
func (s *keyState) public() (p PublicKey) {
	key := ed25519.NewKeyFromSeed(s.seed[:])
	copy(p[:], key[ed25519.SeedSize:])
	clear(key)
	return p
}

// encode gives the content of the key file. The caller wipes it.
func (s *keyState) encode() []byte {
	b := make([]byte, 0, maxSealLine) // never grows, so leaves no copy behind
	b = append(b, `{"v":1,"genesis":`...)
	b = s.genesis.appendTo(b)
	b = appendUint(b, "k", s.k)
	b = appendHex(b, "seed", s.seed[:])
	b = append(b, `,"last":`...)
	if s.last == nil {
		b = append(b, "null"...)
	} else {
		b = s.last.appendTo(b)
	}
	return append(b, "}\n"...)
}

// decodeKeyState reads what encode has written, and nothing else.
func decodeKeyState(b []byte) (*keyState, error) {
	c := &cursor{rest: b}
	s := &keyState{}
	c.want(`{"v":1,"genesis":`)
	s.genesis = c.genesis()
	s.k = c.uint("k")
	c.hex("seed", s.seed[:])
	c.key("last")
	if !c.has("null") {
		last := c.seal()
		s.last = &last
	}
	c.want("}\n")
	again := s.encode()
	defer clear(again)
	if c.bad || len(c.rest) > 0 || string(again) != string(b) || !s.isSound() {
		clear(s.seed[:])
		return nil, fmt.Errorf("read key state: not as a sealer writes it: %w", ErrKeyMissing)
	}
	return s, nil
}

// isSound reports whether the state's parts belong together.
func (s *keyState) isSound() bool {
	if s.last == nil {
		return s.k == 1 && s.public() == s.genesis.Public
	}
	return s.k == s.last.K+1 && s.public() == s.last.NextPub
}

// loadKeyState reads the key file. The error wraps ErrKeyMissing when there is
// none, or none that can be used.
func loadKeyState(path string) (*keyState, error) {
	b, err := readSmall(path, 2*maxSealLine)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read key state: %w: %w", err, ErrKeyMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("read key state: %w", err)
	}
	defer clear(b)
	return decodeKeyState(b)
}
