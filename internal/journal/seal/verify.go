package seal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// clockSlack is how far the wall clock may stray from the machine's own between
// two seals before it is mentioned. A clock that is being disciplined drifts
// half a millisecond a second at most.
const clockSlack = 2 * time.Second

// VerifyOptions say what to verify. Only Journal is needed.
type VerifyOptions struct {
	Journal string // the journal's directory
	// Genesis is the public key of the journal's genesis, 64 hex digits. When
	// it is empty, the key state's is used, or else the journal's own.
	Genesis string
	KeyFile string // the sealer's key state; "" when it is not at hand
	Anchors []AnchoredSeal
	Now     time.Time // zero: whether the sealer still runs does not matter
	// Progress is told now and then how many sealed bytes have been read, from
	// one goroutine at a time. It may be nil.
	Progress func(done, total int64)
}

// An AnchoredSeal is what was kept of a seal where nobody could change it.
type AnchoredSeal struct {
	K    uint64    // 0 is the genesis
	Hash string    // its ID in hex, or at least the first eight digits
	Time time.Time // when it was kept; may be zero
}

// Verify checks a journal against its seals. It changes nothing and may run
// while the journal is written, sealed and rotated. The memory it needs grows
// with the number of seals (about 150 bytes each), not with the journal. What is
// wrong with the journal is in the report; the error is for what kept Verify
// from looking, and for a Genesis or Anchors that make no sense. Should a
// segment be deleted on purpose meanwhile, Verify begins again.
func Verify(ctx context.Context, o VerifyOptions) (Report, error) {
	const tries = 3
	for n := 1; ; n++ {
		v, err := newVerifier(o)
		if err != nil {
			return Report{}, fmt.Errorf("verify: %w", err)
		}
		if err := v.run(ctx); err != nil {
			return Report{}, fmt.Errorf("verify %s: %w", o.Journal, err)
		}
		if n == tries || !v.outrun() {
			v.sort()
			return *v.rep, nil
		}
	}
}

// outrun reports whether a segment is missing and there are new seals, one of
// which may say why.
func (v *verifier) outrun() bool {
	st, err := os.Lstat(filepath.Join(v.o.Journal, SealsFile))
	return v.missed && err == nil && st.Size() > v.chain.size
}

// A verifier holds what one verification has learnt.
type verifier struct {
	collector
	o        VerifyOptions
	given    *PublicKey
	genesis  *Genesis // nil when there is none to go by
	before   *keyState
	chain    chain
	keyFault bool     // and reported
	pending  []uint32 // checksums of the seals that are in the key state only
	closed   uint64   // the newest closed segment, before the seals were read
	missed   bool     // a segment was not there
}

func newVerifier(o VerifyOptions) (*verifier, error) {
	v := &verifier{o: o, collector: collector{rep: &Report{SchemaVersion: 1, OK: true, Findings: []Finding{}}}}
	if o.Genesis != "" {
		p, err := parsePublic(o.Genesis)
		if err != nil {
			return nil, err
		}
		v.given = &p
	}
	for _, a := range o.Anchors {
		if _, err := hex.DecodeString(a.Hash[:len(a.Hash)&^1]); err != nil || len(a.Hash) < 8 || len(a.Hash) > 64 {
			return nil, fmt.Errorf("anchor of seal %d: %.80q is not 8 to 64 hex digits", a.K, a.Hash)
		}
	}
	return v, nil
}

func (v *verifier) run(ctx context.Context) error {
	// The key state is read before the seals and after them, so that a sealer
	// at work is not taken for a journal that was rolled back.
	v.before = v.readKey()
	if fault := v.readGenesis(); v.genesis == nil {
		return v.unverifiable(fault)
	}
	v.chain = chain{
		v: v, genesis: *v.genesis, lastID: v.genesis.ID(), vouched: true,
		segments: map[uint64]*segmentSeals{}, wanted: v.wanted(), times: map[uint64]time.Time{},
	}
	if err := v.findClosed(); err != nil {
		return err
	}
	if err := v.chain.read(ctx); err != nil {
		return err
	}
	v.checkKey(v.readKey())
	v.chain.end()
	v.checkAnchors()
	v.checkSilence()
	v.summarize()
	return v.checkSegments(ctx)
}

// unverifiable is the end when there is no genesis to go by.
func (v *verifier) unverifiable(fault error) error {
	v.chain = chain{v: v}
	_, err := os.Lstat(filepath.Join(v.o.Journal, SealsFile))
	switch {
	case !errors.Is(fault, os.ErrNotExist):
		v.add(Finding{Class: Replaced, Severity: Tampering, Detail: GenesisFile + " is not as a sealer writes it: nothing can be checked without it"})
	case !errors.Is(err, os.ErrNotExist):
		v.add(Finding{Class: Replaced, Severity: Tampering, Detail: "there are seals, but no " + GenesisFile + ": nothing can be checked without it"})
	default:
		v.add(Finding{Class: Unsealed, Severity: Damage, Detail: "there is no " + GenesisFile + ": nothing here was ever sealed, or all seals were removed"})
	}
	return v.countUnsealed()
}

// readKey reads the key state and gives up the key in it at once.
func (v *verifier) readKey() *keyState {
	if v.o.KeyFile == "" {
		return nil
	}
	s, err := loadKeyState(v.o.KeyFile)
	if err != nil {
		if !v.keyFault {
			v.add(Finding{Class: KeyMissing, Severity: Damage, Detail: "the key state cannot be used: " + plain(err)})
		}
		v.keyFault = true
		return nil
	}
	clear(s.seed[:])
	return s
}

// plain is an error without what a file held.
func plain(err error) string {
	var p *os.PathError
	switch {
	case errors.As(err, &p):
		return p.Err.Error()
	case errors.Is(err, ErrKeyMissing):
		return "it is not as a sealer writes it"
	}
	return err.Error()
}

// readGenesis decides which genesis the seals are checked under. It returns why
// the journal's own cannot be used, if so.
func (v *verifier) readGenesis() error {
	g, err := ReadGenesis(v.o.Journal)
	found := err == nil
	v.rep.Trust = TrustJournal
	if found {
		v.genesis = &g
	}
	if v.before != nil {
		v.rep.Trust = TrustKey
		known := v.before.genesis
		v.genesis = &known
		begun := v.before.last != nil || !errors.Is(err, os.ErrNotExist) // or the first Open was cut short
		v.foreignGenesis(!begun || found && g == known, found, "the one that the key state belongs to")
	}
	if v.given != nil {
		v.rep.Trust = TrustGiven
		v.foreignGenesis(v.genesis != nil && v.genesis.Public == *v.given, found, "the one whose key was given")
	}
	return err
}

func (v *verifier) foreignGenesis(same, found bool, want string) {
	switch {
	case same:
	case found:
		v.add(Finding{Class: Replaced, Severity: Tampering, Detail: GenesisFile + " is not " + want})
	default:
		v.add(Finding{Class: Replaced, Severity: Tampering, Detail: GenesisFile + " is missing or damaged; " + want + " was expected"})
	}
}

// wanted are the seals whose IDs must be remembered.
func (v *verifier) wanted() map[uint64]Hash {
	w := map[uint64]Hash{}
	for _, a := range v.o.Anchors {
		w[a.K] = Hash{}
	}
	if v.before != nil && v.before.last != nil {
		w[v.before.last.K] = Hash{}
	}
	return w
}

// checkKey compares the seals with the key state as it was before they were
// read, and as it was after.
func (v *verifier) checkKey(after *keyState) {
	if v.before == nil || after == nil {
		return
	}
	c := &v.chain
	for _, s := range []*keyState{v.before, after} {
		if s.k == c.lastK()+2 && s.last.Prev == c.lastID {
			v.takePending(s.last)
		}
	}
	switch last := c.lastK(); {
	case v.before.k > last+1:
		v.add(Finding{Class: RolledBack, Severity: Tampering, K: last, Detail: fmt.Sprintf("%s ends with seal %d, the key state has made seal %d: seals were removed, or an older journal was put in place", SealsFile, last, v.before.k-1)})
	case after.k < last+1:
		v.add(Finding{Class: RolledBack, Severity: Tampering, K: last, Detail: fmt.Sprintf("the key state is that of seal %d, older than the seals: it was put back as it once was", after.k-1)})
	case v.before.last != nil && c.wanted[v.before.last.K] != v.before.last.ID():
		v.add(Finding{Class: Replaced, Severity: Tampering, K: v.before.last.K, Detail: "this is not the seal that the key state has made"})
	}
}

// takePending takes a seal that is not in the file as if it were.
func (v *verifier) takePending(last *Seal) {
	v.add(Finding{Class: Torn, Severity: Notice, K: last.K, Detail: "this seal is in the key state only: the sealer is at work, or was interrupted"})
	v.pending = append(v.pending, last.Lines...)
	v.chain.line(item{seal: *last, text: last.appendTo(nil), offset: -1})
}

func (v *verifier) checkAnchors() {
	c := &v.chain
	c.wanted[0] = c.genesis.ID()
	for _, a := range v.o.Anchors {
		id := c.wanted[a.K]
		switch {
		case a.K > c.lastK():
			v.add(Finding{Class: RolledBack, Severity: Tampering, K: a.K, Detail: fmt.Sprintf("the seals end with %d, this later one was anchored", c.lastK())})
		case id == Hash{}: // missing: that was found already
		case !strings.HasPrefix(id.String(), strings.ToLower(a.Hash)):
			v.add(Finding{Class: Replaced, Severity: Tampering, K: a.K, Detail: "this is not the seal that was anchored"})
		case a.Time.IsZero() || a.K == 0:
		case c.times[a.K].Sub(a.Time) > clockSlack:
			v.add(Finding{Class: Clock, Severity: Notice, K: a.K, Detail: "the seal was anchored before the time it bears"})
		}
	}
}

// checkSilence looks for a sealer that should be running and is not.
func (v *verifier) checkSilence() {
	last := v.chain.last
	switch {
	case last == nil && v.before == nil: // the key state would know of seals
		v.add(Finding{Class: Unsealed, Severity: Damage, Detail: "there is no seal: nothing was ever sealed, or all seals were removed"})
	case v.o.Now.IsZero() || last == nil || last.Kind == Stop:
	case v.o.Now.Sub(last.Time) > 2*Period:
		v.add(Finding{Class: Stale, Severity: Damage, K: last.K, Detail: fmt.Sprintf("the last seal is %s old and was no clean stop: nobody seals this journal", v.o.Now.Sub(last.Time).Round(time.Second))})
	}
}

func (v *verifier) summarize() {
	v.rep.Genesis = v.genesis.Public
	v.rep.LastID = v.genesis.ID()
	if last := v.chain.last; last != nil {
		v.rep.LastK, v.rep.LastID, v.rep.LastAt = last.K, v.chain.lastID, last.Time
	}
}
