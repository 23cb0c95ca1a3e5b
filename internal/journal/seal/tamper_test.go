package seal_test

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gander/internal/journal/seal"
)

// A snapshot is the content of a directory.
type snapshot map[string][]byte

func snap(t testing.TB, dir string) snapshot {
	t.Helper()
	s := snapshot{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		s[e.Name()], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// restore makes dir hold s and nothing else.
func (s snapshot) restore(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := s[e.Name()]; !ok {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	for name, b := range s {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// put replaces one file of the journal.
func (l *lab) put(name string, b []byte) {
	l.t.Helper()
	l.check(os.WriteFile(filepath.Join(l.dir, name), b, 0o600))
}

// offline is how somebody verifies who has nothing but the journal.
func (l *lab) offline() seal.VerifyOptions { return seal.VerifyOptions{Journal: l.dir} }

func TestEveryFlippedBitOfASealedByteIsFound(t *testing.T) {
	l := filled(t)
	whole := snap(t, l.dir)
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, b := range whole {
		step := max(1, len(b)/200)
		for at := 0; at < len(b); at += 1 + rnd.IntN(step) {
			bit := byte(1) << rnd.IntN(8)
			b[at] ^= bit
			l.put(name, b)
			rep := verify(t, l.offline())
			if rep.OK || !rep.Tampering && (name != seal.SealsFile || !has(rep, seal.Torn)) {
				t.Fatalf("%s, byte %d, bit %#x (now %q): report %+v", name, at, bit, b[at], rep)
			}
			want := "edited"
			switch name {
			case seal.GenesisFile:
				want = "replaced"
			case seal.SealsFile:
				want = "bad-seal"
			}
			if !strings.Contains(classes(rep), want) && !acceptable(name, b, at, bit, rep) {
				t.Fatalf("%s, byte %d, bit %#x (now %q): want %s, found:%s", name, at, bit, b[at], want, lines(rep))
			}
			b[at] ^= bit
		}
		l.put(name, b)
	}
	if rep := l.verify(); !rep.OK {
		t.Errorf("restored:%s", lines(rep))
	}
}

// acceptable lists flips that are rightly called something else: a line feed
// that comes or goes joins or splits lines; the first seal's prev and the
// genesis accuse each other.
func acceptable(name string, b []byte, at int, bit byte, rep seal.Report) bool {
	feed := b[at] == '\n' || b[at]^bit == '\n'
	switch name {
	case seal.SealsFile:
		return has(rep, seal.Replaced) && at < 1000 || feed && has(rep, seal.Torn)
	}
	return feed && (has(rep, seal.Inserted) || has(rep, seal.Deleted)) || has(rep, seal.Truncated) && at == len(b)-1
}

// splitLines cuts a segment into its lines with their frames.
func splitLines(b []byte) [][]byte {
	var out [][]byte
	for len(b) > 0 {
		i := bytes.IndexByte(b[1:], '\n')
		if i < 0 {
			return append(out, b)
		}
		out = append(out, b[:i+2])
		b = b[i+2:]
	}
	return out
}

func TestTamperingIsFoundAndNamed(t *testing.T) {
	const seg = "000002.jsonl"
	l := filled(t)
	whole := snap(t, l.dir)
	ls := splitLines(whole[seg])
	join := func(ls ...[]byte) []byte { return bytes.Join(ls, nil) }
	pick := func(order ...int) []byte {
		var out []byte
		for _, i := range order {
			out = append(out, ls[i]...)
		}
		return out
	}
	upTo := func(n int) (o []int) {
		for i := range n {
			o = append(o, i)
		}
		return o
	}
	all := upTo(len(ls))
	without := func(i int) []byte { return pick(append(upTo(i), all[i+1:]...)...) }
	edited := join(ls[3][:len(ls[3])-20], []byte("forged"), ls[3][len(ls[3])-14:])
	for _, tt := range []struct {
		name string
		file string
		now  []byte // nil: removed
		want string
		line uint64
	}{
		{"a record edited", seg, join(pick(0, 1, 2), edited, pick(all[4:]...)), "edited", 4},
		{"a record made longer", seg, join(pick(0, 1, 2), ls[3][:40], []byte("xx"), ls[3][40:], pick(all[4:]...)), "edited", 4},
		{"a record deleted", seg, without(1), "deleted", 2},
		{"the first record deleted", seg, without(0), "deleted", 1},
		{"three records deleted", seg, pick(append(upTo(8), all[11:]...)...), "deleted", 8},
		{"a record doubled", seg, join(pick(upTo(4)...), ls[3], pick(all[4:]...)), "inserted", 5},
		{"a record inserted", seg, join(pick(upTo(4)...), frame(999, 9), pick(all[4:]...)), "inserted", 5},
		{"two neighbours swapped", seg, pick(append([]int{0, 2, 1}, all[3:]...)...), "swapped", 2},
		{"a record moved away", seg, join(pick(0, 2, 3, 4, 5), ls[1], pick(all[6:]...)), "swapped swapped", 2},
		{"first and second last swapped", seg, join(ls[len(ls)-3], pick(all[1:len(ls)-3]...), ls[0], pick(all[len(ls)-2:]...)), "swapped swapped", 1},
		{"a line feed inserted", seg, join(pick(upTo(4)...), []byte("\n"), pick(all[4:]...)), "inserted", 1},
		{"a line feed removed", seg, join(pick(upTo(4)...), ls[4][1:], pick(all[5:]...)), "deleted", 1},
		{"the segment cut within a record", seg, whole[seg][:len(whole[seg])/2], "truncated", 6},
		{"the segment cut after a record", seg, pick(upTo(len(ls) - 4)...), "truncated", 0},
		{"the segment emptied", seg, []byte{}, "truncated", 1},
		{"something added to a closed segment", seg, join(whole[seg], frame(999, 9)), "inserted", 0},
		{"a closed segment removed", seg, nil, "deleted", 0},
		{"the last closed segment removed", "000003.jsonl", nil, "deleted", 0},
		{"another segment in its place", seg, whole["000003.jsonl"], "*", 0},
		{"the live segment removed", "live.jsonl", nil, "deleted", 0},
		{"the live segment cut", "live.jsonl", whole["live.jsonl"][:len(whole["live.jsonl"])-10], "truncated", 12},
		{"the live segment cut after a record", "live.jsonl", join(splitLines(whole["live.jsonl"])[:11]...), "truncated", 0},
		{"seals removed", seal.SealsFile, nil, "unsealed", 0},
		{"genesis removed", seal.GenesisFile, nil, "replaced", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			whole.restore(t, l.dir)
			if tt.now == nil {
				os.Remove(filepath.Join(l.dir, tt.file))
			} else {
				l.put(tt.file, tt.now)
			}
			rep := verify(t, l.offline())
			if rep.OK != (tt.want == "") || classes(rep) != tt.want && tt.want != "*" {
				t.Errorf("want %q, found:%s", tt.want, lines(rep))
			}
			if tt.line > 0 && (len(rep.Findings) == 0 || rep.Findings[0].Line != tt.line) {
				t.Errorf("want line %d, found:%s", tt.line, lines(rep))
			}
		})
	}
}
