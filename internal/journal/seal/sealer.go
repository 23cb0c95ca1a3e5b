package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"gander/internal/journal"
)

// ErrNotFinal is returned for an entry of a segment while the one before it
// still waits for its last seal; see [Sealer.SealFinal].
var ErrNotFinal = errors.New("the segment before has not been sealed to its end")

// A ChangedError says that bytes were changed between the moment the sealer
// read them and the moment it sealed them. The seal was made all the same, of
// what lies there now, and says so.
type ChangedError struct {
	Segment uint64
	Offset  int64 // of the first line that differs, as far as can be told
	K       uint64
	Detail  string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("segment %d was changed at byte %d before it was sealed: %s (seal %d)", e.Segment, e.Offset, e.Detail, e.K)
}

// ErrReplaced is the warning when files of the journal are not those that the
// key state belongs to.
var ErrReplaced = errors.New("the journal's seals are not those that the key state belongs to")

// Options say what to seal. Journal and KeyFile are needed.
type Options struct {
	Journal string // the journal's directory
	KeyFile string // the key state, outside the journal; KeyFile+".new" is used too
	Now     func() time.Time
	// Boot gives the machine's own clock, which nobody sets: which run of the
	// machine this is, and how long it has been up, suspended or not.
	Boot func() (id string, since time.Duration)
	// Awake is how long the machine has been up, less the time it was
	// suspended: a lid that was closed is no gap. When Boot is given and Awake
	// is not, the machine never sleeps.
	Awake func() time.Duration

	disk disk
}

func (o *Options) fill() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Awake == nil && o.Boot != nil {
		o.Awake = func() time.Duration { _, d := o.Boot(); return d }
	}
	if o.Awake == nil {
		o.Awake = func() time.Duration { return readClocks().Awake }
	}
	if o.Boot == nil {
		o.Boot = func() (string, time.Duration) { c := readClocks(); return c.BootID, c.Boot }
	}
	if o.disk == nil {
		o.disk = realDisk{}
	}
}

// Counters are what a watcher has not looked at since it started.
type Counters struct {
	Dropped uint64
	Flood   uint64
}

// A State tells how far a journal is sealed.
type State struct {
	K       uint64    // the last seal; 0 when there is none
	ID      Hash      // its ID; the genesis' when there is none
	Time    time.Time // when it was made; when the journal began
	Segment uint64    // the segment being sealed,
	To      int64     // and its bytes that are
	Waiting uint64    // lines seen that are not sealed yet
	NextPub PublicKey // the key of the next seal
}

// A Sealer seals one journal.
type Sealer struct {
	o        Options
	key      *keyState
	segment  uint64  // being sealed
	pos      int64   // its bytes seen so far
	chunks   []chunk // what is seen and not sealed, oldest first; never empty
	sum      *sums
	sealedAt time.Time
	unsure   bool  // whether seals.jsonl holds the last seal
	size     int64 // of seals.jsonl, as we left it
	warnings []error
}

// A chunk is what one seal will cover.
type chunk struct {
	end  int64
	raw  hash.Hash
	crcs []uint32
}

func newChunk(at int64) chunk { return chunk{end: at, raw: sha256.New()} }

// Open goes on with a journal's seals, or begins them: then it makes
// genesis.json, and the key file in a directory that must exist. It reads what
// is not sealed yet, but seals nothing; [Start] is for that. When the journal
// has left segments behind that lack their last seal, State tells the first:
// the caller makes sure nobody writes to them any more and calls SealFinal for
// each, oldest first.
//
// The error wraps [ErrKeyMissing] when there is a genesis and no key. What
// looks wrong but can be gone on from is in Warnings.
func Open(o Options) (*Sealer, error) {
	o.fill()
	s := &Sealer{o: o, sum: newSums()}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open seals of %s: %w", o.Journal, err)
	}
	return s, nil
}

func (s *Sealer) open() error {
	key, err := loadKeyState(s.o.KeyFile)
	if errors.Is(err, os.ErrNotExist) {
		key, err = s.begin(err)
	}
	if err != nil {
		return err
	}
	s.key = key
	if err := s.checkGenesis(); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.resume(); err != nil {
		return err
	}
	if err := s.catchUp(s.path()); err != nil {
		s.warn(err)
	}
	return nil
}

// begin makes the first key, unless there was one: missing says so.
func (s *Sealer) begin(missing error) (*keyState, error) {
	for _, name := range []string{GenesisFile, SealsFile} {
		if _, err := os.Lstat(filepath.Join(s.o.Journal, name)); !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(missing, err)
		}
	}
	if err := os.MkdirAll(s.o.Journal, 0o700); err != nil {
		return nil, err
	}
	key := &keyState{k: 1}
	if err := newSeed(&key.seed); err != nil {
		return nil, err
	}
	if _, err := rand.Read(key.genesis.Journal[:]); err != nil {
		return nil, err
	}
	key.genesis.Public = key.public()
	key.genesis.Created = s.o.Now().UTC().Truncate(time.Second)
	return key, s.saveKey(key)
}

func newSeed(seed *[ed25519.SeedSize]byte) error {
	_, err := rand.Read(seed[:])
	return err
}

func (s *Sealer) saveKey(key *keyState) error {
	b := key.encode()
	defer clear(b)
	if err := replace(s.o.disk, s.o.KeyFile, b); err != nil {
		return fmt.Errorf("store key state: %w", err)
	}
	return nil
}

// checkGenesis writes genesis.json where it is missing: the key state is stored
// first, so that a crash in between loses nothing.
func (s *Sealer) checkGenesis() error {
	path := filepath.Join(s.o.Journal, GenesisFile)
	want := string(s.key.genesis.appendTo(nil)) + "\n"
	have, err := readSmall(path, 4096)
	switch {
	case err == nil && string(have) == want:
		return nil
	case err == nil:
		s.warn(fmt.Errorf("%s: %w", GenesisFile, ErrReplaced))
		return nil
	case !errors.Is(err, os.ErrNotExist):
		return err
	case s.key.last != nil:
		s.warn(fmt.Errorf("%s is missing: %w", GenesisFile, ErrReplaced))
	}
	if err := replace(s.o.disk, path, []byte(want)); err != nil {
		return fmt.Errorf("store genesis: %w", err)
	}
	return nil
}

// resume sets the place where sealing goes on.
func (s *Sealer) resume() error {
	s.segment, s.pos = s.sealed()
	if s.key.last == nil {
		segs, err := journal.Segments(s.o.Journal)
		if err != nil {
			return err
		}
		s.segment = segs[0].Number
	} else {
		s.sealedAt = s.key.last.Time
	}
	s.chunks = []chunk{newChunk(s.pos)}
	return nil
}

// sealed is the place up to which everything is sealed.
func (s *Sealer) sealed() (segment uint64, to int64) {
	last := s.key.last
	switch {
	case last == nil:
		return s.segment, 0
	case last.Kind == Rotate:
		return last.Segment + 1, 0
	}
	return last.Segment, last.To
}

// path is where the segment being sealed lies. It is asked for at every seal, so
// it does not look at all the other segments.
func (s *Sealer) path() string {
	open := journal.OpenPath(s.o.Journal, s.segment)
	for _, path := range []string{open, journal.ClosedPath(s.o.Journal, s.segment), journal.CompressedPath(s.o.Journal, s.segment)} {
		st, err := os.Lstat(path)
		if err == nil && (path != open || st.Size() > 0) { // an empty one has yet to become live
			return path
		}
	}
	return journal.LivePath(s.o.Journal)
}

// catchUp sees the lines that lie on disk and were not added yet.
func (s *Sealer) catchUp(path string) error {
	f, size, err := openSegment(path)
	if err != nil {
		return fmt.Errorf("read what is not sealed: %w", err)
	}
	defer f.Close()
	if size <= s.pos {
		return nil
	}
	if _, err := f.Seek(s.pos, io.SeekStart); err != nil {
		return fmt.Errorf("read what is not sealed: %w", err)
	}
	for r := journal.NewReader(f, s.pos); ; {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what is not sealed: %w", err)
		}
		s.take(path, &e)
	}
}

// Add sees an entry of the journal, as a tailer gives them, in order. Entries
// that are sealed or were seen before are passed over. The entry is not kept.
// The error is [ErrNotFinal] for an entry of a later segment than the one being
// sealed: it is read from disk once SealFinal has been called.
func (s *Sealer) Add(segment uint64, e *journal.Entry) error {
	switch {
	case segment > s.segment:
		return fmt.Errorf("seal segment %d: segment %d: %w", segment, s.segment, ErrNotFinal)
	case segment < s.segment || e.End <= s.pos:
		return nil
	}
	path := ""
	if !s.follows(e) {
		path = s.path()
	}
	s.take(path, e)
	return nil
}

// follows reports whether e alone tells all bytes since the entry before: its
// line is whole, and at most one line feed stands before it.
func (s *Sealer) follows(e *journal.Entry) bool {
	gap := e.Offset - s.pos
	return gap >= 0 && gap <= 1 && e.End-e.Offset-int64(len(e.Line)) <= 1
}

// take sees the bytes up to the end of e. What e does not tell is read from
// the file.
func (s *Sealer) take(path string, e *journal.Entry) {
	c := s.room()
	if !s.follows(e) {
		s.takeFile(path, c, e.End)
	} else {
		feed := []byte("\n")
		c.raw.Write(feed[:e.Offset-s.pos])
		c.raw.Write(e.Line)
		c.raw.Write(feed[:e.End-e.Offset-int64(len(e.Line))])
		c.crcs = append(c.crcs, crc32.Checksum(e.Line, castagnoli))
	}
	c.end, s.pos = e.End, e.End
}

// takeFile sees bytes that lie on disk. Should they be gone already, the
// comparison at the next seal shows it.
func (s *Sealer) takeFile(path string, c *chunk, end int64) {
	f, _, err := openSegment(path)
	if err != nil {
		return
	}
	defer f.Close()
	s.sum.reset(Hash{})
	s.sum.raw, s.sum.lines = c.raw, &c.crcs
	_ = s.sum.read(f, s.pos, end)
}

// room is the chunk the next line belongs to.
func (s *Sealer) room() *chunk {
	if c := &s.chunks[len(s.chunks)-1]; len(c.crcs) < maxLines {
		return c
	}
	s.chunks = append(s.chunks, newChunk(s.pos))
	return &s.chunks[len(s.chunks)-1]
}

// Due reports whether it is time for a seal: [Records] lines or more wait, or
// the last seal is [Period] old. Under load there is one per [MinGap] at most.
func (s *Sealer) Due(now time.Time) bool {
	since := now.Sub(s.sealedAt)
	if since < 0 || since >= Period { // the clock was set back, or it is time
		return true
	}
	return since >= MinGap && s.waiting() >= Records
}

func (s *Sealer) waiting() uint64 {
	n := 0
	for _, c := range s.chunks {
		n += len(c.crcs)
	}
	return uint64(n)
}

// State tells how far the journal is sealed.
func (s *Sealer) State() State {
	st := State{ID: s.key.prev(), Time: s.key.genesis.Created, Waiting: s.waiting(), NextPub: s.key.public()}
	st.Segment, st.To = s.sealed()
	if s.key.last != nil {
		st.K, st.Time = s.key.last.K, s.key.last.Time
	}
	return st
}

// Genesis names the journal.
func (s *Sealer) Genesis() Genesis { return s.key.genesis }

// Warnings are what looked wrong since the last call and was gone on from. They
// wrap [ErrReplaced] where the genesis or the seals were changed by somebody
// else.
func (s *Sealer) Warnings() []error {
	w := s.warnings
	s.warnings = nil
	return w
}

func (s *Sealer) warn(err error) { s.warnings = append(s.warnings, err) }

// Close wipes the key from memory, as far as Go lets it: copies the run-time
// or the cryptographic library made, and pages the system swapped out, may
// remain. The sealer cannot be used any more. It seals nothing: [Stop] does.
func (s *Sealer) Close() error {
	clear(s.key.seed[:])
	return nil
}

// Reset gives up a journal's seals, when their key is lost, and lets Open begin
// new ones, which cover all segments that are there now, from the oldest on, as
// they are now. The old seals stay beside the new ones, in genesis.json.ID and
// seals.jsonl.ID, where ID is the first eight hex digits of their journal's id:
// they can no longer be gone on from, but still show what changed. Nothing
// links the new seals to the old. The caller verifies first, and tells the
// person: whoever could remove the key could also have changed what was not
// sealed or anchored yet.
func Reset(o Options) error {
	o.fill()
	id := "unknown"
	if g, err := ReadGenesis(o.Journal); err == nil {
		id = fmt.Sprintf("%x", g.Journal[:4])
	}
	for _, path := range []string{o.KeyFile, o.KeyFile + ".new"} {
		if err := o.disk.Remove(path); err != nil {
			return fmt.Errorf("reset seals: %w", err)
		}
	}
	for _, name := range []string{SealsFile, GenesisFile} {
		if err := setAside(filepath.Join(o.Journal, name), id); err != nil {
			return fmt.Errorf("reset seals: %w", err)
		}
	}
	return o.disk.SyncDir(o.Journal)
}

// setAside renames path, never onto a file that is there.
func setAside(path, id string) error {
	for n := 0; ; n++ {
		to := path + "." + id
		if n > 0 {
			to = fmt.Sprintf("%s-%d", to, n)
		}
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		err := os.Rename(path, to)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
}

// lastLine is the last line of b that is not empty, and whether a line feed
// ends it.
func lastLine(b []byte) (line []byte, whole bool) {
	whole = bytes.HasSuffix(b, []byte("\n"))
	b = bytes.TrimRight(b, "\n")
	return b[bytes.LastIndexByte(b, '\n')+1:], whole
}
