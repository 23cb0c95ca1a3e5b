package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gander/internal/journal"
)

// A second verifier, written from docs/format/seal.md alone and sharing nothing
// with the first. It covers rules 1 to 9 and 15 to 18, in their order, and stops
// at the first that is broken.

type secondSeal struct {
	V                     int
	K, Segment, N, Pruned uint64
	Kind, H, Bytes, Prev  string
	From, To, Size        int64
	Changed, Held         bool
	Digest                string
	PrunedDigest          string `json:"pruned_digest"`
	NextPub               string `json:"next_pub"`
	CRC, Time, Boot, Sig  string
	Since, Awake          int64
	Dropped, Flood        uint64
	before                string // h before its first line
}

func sum(parts ...[]byte) string {
	h := sha256.Sum256(bytes.Join(parts, nil))
	return hex.EncodeToString(h[:])
}

func unhex(s string) []byte {
	b, _ := hex.DecodeString(s)
	return b
}

func strict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func secondVerify(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "genesis.json"))
	if err != nil {
		return err
	}
	var g struct {
		V                        int
		Journal, Public, Created string
	}
	line := strings.TrimSuffix(string(b), "\n")
	if err := strict([]byte(line), &g); err != nil {
		return fmt.Errorf("rule 1: %w", err)
	}
	if canon := fmt.Sprintf(`{"v":1,"journal":"%s","public":"%s","created":"%s"}`, g.Journal, g.Public, g.Created); canon+"\n" != string(b) {
		return fmt.Errorf("rule 1: not canonical")
	}
	h := sum([]byte("gander-genesis-v1"), unhex(g.Journal), unhex(g.Public))
	seals, err := secondChain(dir, sum([]byte(line)), g.Public, h)
	if err != nil {
		return err
	}
	return secondSegments(dir, seals)
}

func secondChain(dir, prev, key, h string) ([]*secondSeal, error) {
	b, _ := os.ReadFile(filepath.Join(dir, "seals.jsonl"))
	var seals []*secondSeal
	digests := map[uint64]string{}
	var torn []string
	for line := range strings.SplitSeq(string(b), "\n") {
		if line == "" {
			continue
		}
		s := &secondSeal{}
		if strict([]byte(line), s) != nil {
			torn = append(torn, line)
			continue
		}
		for _, t := range torn {
			if !strings.HasPrefix(line, t) {
				return nil, fmt.Errorf("rule 2: %.40q", t)
			}
		}
		torn = nil
		body, _, _ := strings.Cut(line, `,"sig":`)
		last := &secondSeal{}
		if len(seals) > 0 {
			last = seals[len(seals)-1]
		}
		segment, from := last.Segment, last.To
		switch {
		case len(seals) == 0:
			segment, from = s.Segment, 0
		case last.Kind == "rotate":
			segment, from = last.Segment+1, 0
		}
		switch {
		case !canonical(line):
			return nil, fmt.Errorf("rule 2: %.40q", line)
		case s.K != last.K+1:
			return nil, fmt.Errorf("rule 3: seal %d after %d", s.K, last.K)
		case s.Prev != prev:
			return nil, fmt.Errorf("rule 4: seal %d", s.K)
		case !ed25519.Verify(unhex(key), []byte("gander-seal-v1\n"+body), unhex(s.Sig)):
			return nil, fmt.Errorf("rule 5: seal %d", s.K)
		case s.Segment != segment || s.From != from:
			return nil, fmt.Errorf("rule 6: seal %d", s.K)
		case s.Changed:
			return nil, fmt.Errorf("rule 7: seal %d", s.K)
		case s.N == 0 && s.H != h || s.Kind == "rotate" && s.Size != s.To:
			return nil, fmt.Errorf("rule 8: seal %d", s.K)
		case s.Kind == "prune" && digests[s.Pruned] != s.PrunedDigest:
			return nil, fmt.Errorf("rule 9: seal %d", s.K)
		}
		if s.Kind == "rotate" {
			digests[s.Segment] = s.Digest
		}
		s.before = h
		prev, key, h = sum([]byte(line)), s.NextPub, s.H
		seals = append(seals, s)
	}
	if len(torn) > 0 || len(seals) == 0 {
		return nil, fmt.Errorf("rule 2 or 19: %q", torn)
	}
	return seals, nil
}

// canonical reports whether the keys of a line stand in their order, and
// nothing is spelt otherwise: its tokens, written compactly, give it again.
func canonical(line string) bool {
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	var keys []string
	for i := 0; ; i++ {
		t, err := d.Token()
		if err != nil {
			break
		}
		if s, ok := t.(string); ok && i%2 == 1 {
			keys = append(keys, s)
		}
	}
	var m map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &m) != nil || len(m) != len(keys) {
		return false
	}
	var parts []string
	for _, k := range keys {
		parts = append(parts, `"`+k+`":`+string(m[k]))
	}
	order := "v k kind segment from to n h bytes crc prev time boot since awake dropped flood changed digest size held pruned pruned_digest next_pub sig"
	at := -1
	for _, k := range keys {
		i := strings.Index(" "+order+" ", " "+k+" ")
		if i <= at {
			return false
		}
		at = i
	}
	return "{"+strings.Join(parts, ",")+"}" == line && strings.ToLower(string(m["h"])) == string(m["h"]) && strings.ToLower(string(m["sig"])) == string(m["sig"])
}

func secondSegments(dir string, seals []*secondSeal) error {
	last := seals[len(seals)-1]
	current := last.Segment
	if last.Kind == "rotate" {
		current++
	}
	segs, err := journal.Segments(dir)
	if err != nil {
		return err
	}
	data := map[uint64][]byte{}
	for _, s := range segs {
		n := s.Number
		if s.Live {
			n = max(n, current)
		}
		f, err := journal.OpenSegment(s.Path)
		if err != nil {
			continue
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(f)
		f.Close()
		if err != nil {
			return err
		}
		data[n] = b.Bytes()
	}
	pruned, known := map[uint64]bool{}, map[uint64]bool{}
	for _, s := range seals {
		known[s.Segment] = true
		if s.Kind == "prune" {
			pruned[s.Pruned] = true
		}
	}
	for n := range data {
		if n < current && !known[n] {
			return fmt.Errorf("rule 18: segment %d", n)
		}
	}
	for _, s := range seals {
		b, ok := data[s.Segment]
		switch {
		case !ok && (pruned[s.Segment] || s.To == 0):
			continue
		case !ok:
			return fmt.Errorf("rule 17: segment %d", s.Segment)
		case s.To > int64(len(b)):
			return fmt.Errorf("rule 15: seal %d", s.K)
		case s.Kind == "rotate" && !s.Held && (s.Size != int64(len(b)) || s.Digest != sum(b)):
			return fmt.Errorf("rule 16: segment %d", s.Segment)
		}
		b = b[s.From:s.To]
		h, n := s.before, uint64(0)
		for _, line := range bytes.Split(b, []byte("\n")) {
			if len(line) > 0 {
				h = sum([]byte{1}, unhex(h), binary.BigEndian.AppendUint64(nil, uint64(len(line))), line)
				n++
			}
		}
		if h != s.H || n != s.N || sum(b) != s.Bytes {
			return fmt.Errorf("rule 15: seal %d", s.K)
		}
	}
	return nil
}
