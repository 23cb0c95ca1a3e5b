package seal_test

import (
	"bytes"
	"context"
	"testing"

	"gander/internal/journal/seal"
)

func FuzzParseSeal(f *testing.F) {
	for _, line := range sealLines(snap(f, filled(f).dir)[seal.SealsFile]) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"v":1,"k":1,"kind":"idle"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := seal.ParseSeal(line)
		if err == nil && !bytes.Equal(s.Line(), line) {
			t.Error("a seal is written otherwise than it was read")
		}
	})
}

func FuzzParseGenesis(f *testing.F) {
	f.Add(snap(f, filled(f).dir)[seal.GenesisFile])
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := seal.ParseGenesis(b)
		if err == nil && !bytes.Equal(seal.AppendGenesis(g), b) {
			t.Error("a genesis is written otherwise than it was read")
		}
	})
}

func FuzzKeyState(f *testing.F) {
	l := newLab(f)
	l.open()
	f.Add(mustRead(f, l.key, nil))
	l.seal(seal.Start)
	f.Add(mustRead(f, l.key, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if ok, same := seal.DecodeKeyState(b); ok && !same {
			t.Error("a key state is written otherwise than it was read")
		}
	})
}

// Whatever is done to a sealed journal, Verify does not fall, and what differs
// from what was sealed is not OK. A second verifier agrees.
func FuzzVerify(f *testing.F) {
	l := filled(f)
	whole := snap(f, l.dir)
	names := []string{"000001.jsonl", "000002.jsonl", "000003.jsonl", "live.jsonl", seal.SealsFile, seal.GenesisFile}
	for i := range names {
		f.Add(uint8(i), uint16(100), uint16(3), []byte("xyz"))
		f.Add(uint8(i), uint16(300), uint16(0), []byte("\n\n"))
		f.Add(uint8(i), uint16(0), uint16(900), []byte(""))
	}
	f.Fuzz(func(t *testing.T, file uint8, at, gone uint16, put []byte) {
		name := names[int(file)%len(names)]
		was := whole[name]
		from := min(int(at), len(was))
		to := min(from+int(gone), len(was))
		is := bytes.Join([][]byte{was[:from], put, was[to:]}, nil)
		l := &lab{t: t, dir: t.TempDir()}
		whole.restore(t, l.dir)
		l.put(name, is)
		rep, err := seal.Verify(context.Background(), l.offline())
		if err != nil {
			t.Fatal(err)
		}
		same := bytes.Equal(was, is)
		appended := name == "live.jsonl" && bytes.HasPrefix(is, was)
		if name != seal.SealsFile && rep.OK != (same || appended) || same && !rep.OK {
			t.Errorf("%s, bytes %d to %d become %q: OK %t:%s", name, from, to, put, rep.OK, lines(rep))
		}
		if second := secondVerify(l.dir); rep.OK != (second == nil) {
			t.Errorf("%s, bytes %d to %d become %q: OK %t, but the second verifier says %v:%s", name, from, to, put, rep.OK, second, lines(rep))
		}
		if !rep.OK && len(rep.Findings) == 0 {
			t.Error("not OK, and no finding")
		}
	})
}
