// Package seal states, in a way that cannot be taken back, what a journal held.
//
// A [Sealer] writes one seal after another to seals.jsonl in the journal's
// directory: which bytes of which segment it has read, their hashes, the times
// of three clocks, the hash of the seal before, and the public key of the seal
// after. Each seal is signed with a key of its own, which is erased as soon as
// the seal is made. Whoever gets hold of the key that is current can say what
// they like from then on, but cannot re-sign what was sealed before. The first
// key is named in genesis.json.
//
// [Verify] needs nothing but the journal. It finds every change to a sealed
// byte, names the record, and finds missing seals. A journal that was put back
// as it once was is a valid journal: only the key state, or an anchor (a copy of
// a seal's hash out of reach), shows that.
//
// A sealer that is killed at any moment, or whose machine loses power, goes on
// where it was; what it leaves is never taken for tampering. A torn seal in
// seals.jsonl is followed by the whole one.
//
// A journal has one [Sealer] at a time, which belongs to one goroutine; making
// sure of that is the caller's part. Any number of verifiers may run beside it.
// docs/format/seal.md has the formats and the verifier's rules.
package seal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// Names of the files in a journal's directory.
const (
	GenesisFile = "genesis.json"
	SealsFile   = "seals.jsonl"
)

const (
	// Period is the longest time between two seals, also of an idle journal.
	Period = time.Minute
	// Records is how many unsealed records make a seal due.
	Records = 64
	// MinGap is the shortest time between two seals under load. A seal then
	// covers as many records as came meanwhile, which may be more than Records.
	MinGap = 50 * time.Millisecond

	// maxLines bounds what one seal covers, and so the length of its line.
	maxLines = 16 << 10
	// maxSealLine is longer than any seal: maxLines times four bytes in base64.
	maxSealLine = maxLines*4/3*4 + 4096
)

// A Hash is a SHA-256.
type Hash [sha256.Size]byte

// String gives 64 hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short gives the first eight hex digits, for a person to write down.
func (h Hash) Short() string { return h.String()[:8] }

// MarshalText gives 64 hex digits.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// A PublicKey is an Ed25519 public key.
type PublicKey [ed25519.PublicKeySize]byte

// String gives 64 hex digits.
func (p PublicKey) String() string { return hex.EncodeToString(p[:]) }

// MarshalText gives 64 hex digits.
func (p PublicKey) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// A Kind says on what occasion a seal was made.
type Kind string

// The kinds of seal.
const (
	Interval Kind = "interval" // enough records, or enough time
	Idle     Kind = "idle"     // enough time, and nothing new
	Start    Kind = "start"    // the sealer has begun
	Stop     Kind = "stop"     // the sealer ends on purpose: silence follows
	Rotate   Kind = "rotate"   // the last seal of its segment
	Prune    Kind = "prune"    // a segment is about to be deleted on purpose
)

// String is the kind as it stands in a seal.
func (k Kind) String() string { return string(k) }

// IsKnown reports whether k is a kind of this version.
func (k Kind) IsKnown() bool {
	switch k {
	case Interval, Idle, Start, Stop, Rotate, Prune:
		return true
	}
	return false
}

// A Seal is one statement about the journal.
type Seal struct {
	K       uint64 // from 1, without gaps
	Kind    Kind
	Segment uint64
	From    int64 // the seal covers the segment's bytes From to To, not compressed
	To      int64
	N       uint64   // lines in them that are not empty
	Chain   Hash     // h after the last of these lines
	Bytes   Hash     // SHA-256 of the bytes From to To, line feeds included
	Lines   []uint32 // CRC-32C of each of the N lines: proves nothing, tells which line changed
	Prev    Hash     // ID of seal K-1; the genesis' ID in seal 1
	Time    time.Time
	BootID  string        // names one run of the machine; "" if unknown
	Boot    time.Duration // since the machine started
	Awake   time.Duration // the same without the time it was suspended
	Dropped uint64        // events the watcher had to drop since it started
	Flood   uint64        // events it counted but did not look at, being flooded
	Changed bool          // what had been read from these bytes is not what lay there when they were sealed

	Digest Hash  // Rotate: SHA-256 of the whole segment
	Size   int64 // Rotate: its bytes
	Held   bool  // Rotate: somebody could still write to it, for too long to wait

	Pruned       uint64 // Prune: the segment to be deleted
	PrunedDigest Hash   // Prune: the Digest of that segment's last seal

	NextPub   PublicKey // the key of seal K+1
	Signature [ed25519.SignatureSize]byte
}

// Line is the seal as it stands in seals.jsonl, without line feeds.
func (s Seal) Line() []byte { return s.appendTo(nil) }

// ID is the SHA-256 of the seal's line, without line feeds.
func (s Seal) ID() Hash { return sha256.Sum256(s.appendTo(nil)) }

const (
	timeLayout = "2006-01-02T15:04:05.000000000Z" // nine digits, always
	signDomain = "gander-seal-v1\n"
	sigKey     = `,"sig":"`
	sigTail    = len(sigKey) + 2*ed25519.SignatureSize + len(`"}`)
)

// appendTo adds the seal's line, without line feeds.
func (s *Seal) appendTo(b []byte) []byte {
	b = append(s.appendBody(b), sigKey...)
	return append(hex.AppendEncode(b, s.Signature[:]), `"}`...)
}

// appendBody adds the line up to the signature: what is signed.
func (s *Seal) appendBody(b []byte) []byte {
	b = appendUint(append(b, `{"v":1`...), "k", s.K)
	b = appendText(b, "kind", string(s.Kind))
	b = appendUint(b, "segment", s.Segment)
	b = appendUint(b, "from", uint64(s.From))
	b = appendUint(b, "to", uint64(s.To))
	b = appendUint(b, "n", s.N)
	b = appendHex(b, "h", s.Chain[:])
	b = appendHex(b, "bytes", s.Bytes[:])
	b = append(b, `,"crc":"`...)
	b = appendCRCs(b, s.Lines)
	b = append(b, '"')
	b = appendHex(b, "prev", s.Prev[:])
	b = appendText(b, "time", s.Time.UTC().Format(timeLayout))
	b = appendText(b, "boot", s.BootID)
	b = appendUint(b, "since", uint64(s.Boot))
	b = appendUint(b, "awake", uint64(s.Awake))
	b = appendUint(b, "dropped", s.Dropped)
	b = appendUint(b, "flood", s.Flood)
	if s.Changed {
		b = append(b, `,"changed":true`...)
	}
	switch s.Kind {
	case Rotate:
		b = appendUint(appendHex(b, "digest", s.Digest[:]), "size", uint64(s.Size))
		if s.Held {
			b = append(b, `,"held":true`...)
		}
	case Prune:
		b = appendHex(appendUint(b, "pruned", s.Pruned), "pruned_digest", s.PrunedDigest[:])
	}
	return appendHex(b, "next_pub", s.NextPub[:])
}

func appendKey(b []byte, key string) []byte {
	b = append(b, `,"`...)
	b = append(b, key...)
	return append(b, `":`...)
}

func appendUint(b []byte, key string, v uint64) []byte {
	return strconv.AppendUint(appendKey(b, key), v, 10)
}

func appendText(b []byte, key, v string) []byte {
	b = append(appendKey(b, key), '"')
	return append(append(b, v...), '"')
}

func appendHex(b []byte, key string, v []byte) []byte {
	b = append(appendKey(b, key), '"')
	return append(hex.AppendEncode(b, v), '"')
}

func appendCRCs(b []byte, crcs []uint32) []byte {
	raw := make([]byte, 0, 4*len(crcs))
	for _, c := range crcs {
		raw = binary.BigEndian.AppendUint32(raw, c)
	}
	return base64.StdEncoding.AppendEncode(b, raw)
}

// sign fills in the signature.
func (s *Seal) sign(key ed25519.PrivateKey) {
	copy(s.Signature[:], ed25519.Sign(key, s.appendBody([]byte(signDomain))))
}

// signedBy reports whether line, which is a seal's, bears sig under key.
func signedBy(key PublicKey, line []byte, sig []byte) bool {
	msg := make([]byte, 0, len(signDomain)+len(line))
	msg = append(append(msg, signDomain...), line[:len(line)-sigTail]...)
	return ed25519.Verify(key[:], msg, sig)
}

// ParseSeal reads a line without its line feeds. The line must be, byte for
// byte, what a sealer writes. Its signature is not looked at.
func ParseSeal(line []byte) (Seal, error) {
	if len(line) > maxSealLine {
		return Seal{}, fmt.Errorf("read seal: the line is longer than any seal")
	}
	c := &cursor{rest: line}
	s := c.seal()
	if c.bad || len(c.rest) > 0 || string(s.appendTo(nil)) != string(line) {
		return Seal{}, fmt.Errorf("read seal: not as a sealer writes it: %.40q", line)
	}
	return s, nil
}

func (c *cursor) seal() (s Seal) {
	c.want(`{"v":1`)
	s.K = c.uint("k")
	s.Kind = Kind(c.text("kind"))
	s.Segment = c.uint("segment")
	s.From = c.int("from")
	s.To = c.int("to")
	s.N = c.uint("n")
	c.hex("h", s.Chain[:])
	c.hex("bytes", s.Bytes[:])
	s.Lines = c.crcs("crc")
	c.hex("prev", s.Prev[:])
	s.Time = c.time("time", timeLayout)
	s.BootID = c.text("boot")
	s.Boot = time.Duration(c.int("since"))
	s.Awake = time.Duration(c.int("awake"))
	s.Dropped = c.uint("dropped")
	s.Flood = c.uint("flood")
	s.Changed = c.has(`,"changed":true`)
	switch s.Kind {
	case Rotate:
		c.hex("digest", s.Digest[:])
		s.Size = c.int("size")
		s.Held = c.has(`,"held":true`)
	case Prune:
		s.Pruned = c.uint("pruned")
		c.hex("pruned_digest", s.PrunedDigest[:])
	}
	c.hex("next_pub", s.NextPub[:])
	c.hex("sig", s.Signature[:])
	c.want("}")
	c.bad = c.bad || !s.isSound()
	return s
}

// isSound reports whether the numbers can be meant.
func (s *Seal) isSound() bool {
	return s.K > 0 && s.Segment > 0 && s.Kind.IsKnown() && s.From <= s.To && s.N == uint64(len(s.Lines)) && s.N <= uint64(s.To-s.From)
}
