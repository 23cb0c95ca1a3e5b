package seal

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Class says what kind of thing a verifier found.
type Class string

// The classes. Those of records name the segment; those of seals name the seal.
const (
	Edited     Class = "edited"      // a sealed record, or what stands between records, is another
	Deleted    Class = "deleted"     // a sealed record, or a whole segment, is gone
	Inserted   Class = "inserted"    // something stands where nothing was when it was sealed
	Swapped    Class = "swapped"     // sealed records stand in another place
	Truncated  Class = "truncated"   // a segment ends before its last seal does
	Gap        Class = "gap"         // the seals do not cover every byte
	BadSeal    Class = "bad-seal"    // a seal is altered, missing, out of order or under another key
	RolledBack Class = "rolled-back" // the key state or an anchor knows of later seals
	Replaced   Class = "replaced"    // the genesis, the key state or an anchor is of other seals
	Stale      Class = "stale"       // no seals for over two periods, and no clean stop before
	KeyMissing Class = "key-missing" // the key state cannot be read
	Torn       Class = "torn"        // a crash left part of a seal
	Unsealed   Class = "unsealed"    // records that no seal covers yet
	Clock      Class = "clock"       // the wall clock and the machine's own clock disagree
)

// String is the class as it stands in a report.
func (c Class) String() string { return string(c) }

// IsKnown reports whether c is a class of this version.
func (c Class) IsKnown() bool {
	switch c {
	case Edited, Deleted, Inserted, Swapped, Truncated, Gap, BadSeal, RolledBack, Replaced, Stale, KeyMissing, Torn, Unsealed, Clock:
		return true
	}
	return false
}

// A Severity says what a finding means for the journal.
type Severity string

// The severities.
const (
	// Tampering: somebody other than gander changed what was sealed.
	Tampering Severity = "tampering"
	// Damage: something is missing that a crash or somebody can have taken.
	Damage Severity = "damage"
	// Notice: worth knowing; every sealed byte is as it was.
	Notice Severity = "notice"
)

// String is the severity as it stands in a report.
func (s Severity) String() string { return string(s) }

// IsKnown reports whether s is a severity of this version.
func (s Severity) IsKnown() bool { return s == Tampering || s == Damage || s == Notice }

// A Finding is one thing a verifier has to say.
type Finding struct {
	Class    Class    `json:"class"`
	Severity Severity `json:"severity"`
	Segment  uint64   `json:"segment,omitempty"` // 0: not about a segment
	Offset   int64    `json:"offset,omitempty"`  // in the segment as it is now, not compressed
	Line     uint64   `json:"line,omitempty"`    // record of the segment as it was sealed, from 1; or line of seals.jsonl
	K        uint64   `json:"k,omitempty"`       // the seal concerned
	Detail   string   `json:"detail"`            // for a person; holds nothing an agent wrote
}

// A Trust says where the genesis key came from.
type Trust string

// The origins of the genesis key.
const (
	TrustGiven   Trust = "given"   // the caller knew it
	TrustKey     Trust = "key"     // from the key state
	TrustJournal Trust = "journal" // from the journal itself: another journal in its place would pass
)

// A Report is what a verifier found.
type Report struct {
	SchemaVersion int  `json:"schema_version"` // 1
	OK            bool `json:"ok"`             // nothing but notices
	Tampering     bool `json:"tampering"`      // at least one finding says so

	Genesis PublicKey `json:"genesis"` // the key all seals were checked under
	Trust   Trust     `json:"trust"`
	LastK   uint64    `json:"last_k"`    // the last seal; 0 when there is none
	LastID  Hash      `json:"last_id"`   // its ID
	LastAt  time.Time `json:"last_time"` // when it was made

	Segments      int    `json:"segments"` // that hold sealed bytes
	Pruned        int    `json:"pruned"`   // of these, deleted on purpose
	Seals         uint64 `json:"seals"`
	Records       uint64 `json:"records"`        // sealed lines found as they were
	SealedBytes   int64  `json:"sealed_bytes"`   // sealed bytes found as they were
	UnsealedBytes int64  `json:"unsealed_bytes"` // that no seal covers

	Findings []Finding `json:"findings"`
	More     int       `json:"more,omitempty"` // findings left out of the list
}

// maxFindings bounds the list: who can write garbage could make it endless.
const maxFindings = 1000

// A collector gathers findings from several goroutines.
type collector struct {
	mu  sync.Mutex
	rep *Report
}

func (c *collector) add(f Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rep.Tampering = c.rep.Tampering || f.Severity == Tampering
	c.rep.OK = c.rep.OK && f.Severity == Notice
	if len(c.rep.Findings) == maxFindings {
		c.rep.More++
		return
	}
	c.rep.Findings = append(c.rep.Findings, f)
}

// intact counts what was found as it was sealed.
func (c *collector) intact(lines uint64, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rep.Records += lines
	c.rep.SealedBytes += bytes
}

// sort puts the findings in an order that does not depend on the machine.
func (c *collector) sort() {
	slices.SortStableFunc(c.rep.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.K, b.K), cmp.Compare(a.Class, b.Class))
	})
}
