package seal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/seal"
	"gander/internal/journal/zst"
)

func TestACompressedSegmentVerifiesAsItWas(t *testing.T) {
	l := filled(t)
	plain, err := os.ReadFile(journal.ClosedPath(l.dir, 2))
	l.check(err)
	var packed bytes.Buffer
	w := zst.NewWriter(&packed)
	_, err = w.Write(plain)
	l.check(errors.Join(err, w.Close()))
	l.check(os.Remove(journal.ClosedPath(l.dir, 2)))
	path := journal.CompressedPath(l.dir, 2)
	b := packed.Bytes()
	l.check(os.WriteFile(path, b, 0o600))
	if rep := l.verify(); !rep.OK {
		t.Fatalf("compressed:%s", lines(rep))
	}
	for at := 0; at < len(b); at += 7 {
		b[at] ^= 4
		l.check(os.WriteFile(path, b, 0o600))
		rep := l.verify()
		if rep.OK && !reads(path, plain) || !rep.OK && !rep.Tampering {
			t.Fatalf("byte %d: OK %t:%s", at, rep.OK, lines(rep))
		}
		b[at] ^= 4
	}
}

// reads reports whether the segment at path gives want.
func reads(path string, want []byte) bool {
	f, err := journal.OpenSegment(path)
	if err != nil {
		return false
	}
	defer f.Close()
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		k, err := f.Read(got[n:])
		if err != nil {
			return false
		}
		n += k
	}
	return bytes.Equal(got, want)
}

func TestVerifyingBesideASealerAtWorkAccusesNobody(t *testing.T) {
	l := newLab(t)
	l.disk = &recorder{Disk: seal.RealDisk, t: t, mute: true}
	l.open()
	l.seal(seal.Start)
	o := l.verifyOptions()
	o.Now = time.Time{}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			rep, err := seal.Verify(context.Background(), o)
			if err != nil || !rep.OK {
				t.Errorf("%v:%s", err, lines(rep))
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for range 20 {
		for range 5 {
			l.append(3, 10)
			l.seal(seal.Interval)
		}
		l.append(3, 10)
		l.rotate()
	}
	close(stop)
	wg.Wait()
}

// A journal sealed by every released version must still verify.
func TestGoldenJournalOfVersion1(t *testing.T) {
	const dir = "testdata/v1"
	key, err := os.ReadFile(dir + "/public")
	if err != nil {
		t.Fatal(err)
	}
	rep := verify(t, seal.VerifyOptions{Journal: dir, Genesis: strings.TrimSpace(string(key))})
	if !rep.OK || len(rep.Findings) > 0 || rep.Records != 7 || rep.LastK != 5 || rep.Segments != 2 {
		t.Errorf("%d records, seal %d:%s", rep.Records, rep.LastK, lines(rep))
	}
	if err := secondVerify(dir); err != nil {
		t.Errorf("second verifier: %v", err)
	}
}

func TestAReportIsReadableAsJSON(t *testing.T) {
	l := filled(t)
	l.check(os.Remove(journal.ClosedPath(l.dir, 2)))
	rep := l.verify()
	b, err := json.Marshal(rep)
	l.check(err)
	for _, want := range []string{
		`"schema_version":1,"ok":false,"tampering":true,"genesis":"` + rep.Genesis.String() + `","trust":"key"`,
		`"last_id":"` + rep.LastID.String() + `"`,
		`"findings":[{"class":"deleted","severity":"tampering","segment":2,"k":9,"detail":`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	for _, f := range rep.Findings {
		if !f.Class.IsKnown() || !f.Severity.IsKnown() {
			t.Errorf("finding %+v", f)
		}
	}
}

func TestTheMachinesOwnClocksAreSealed(t *testing.T) {
	l := newLab(t)
	s, err := seal.Open(seal.Options{Journal: l.dir, KeyFile: l.key})
	l.check(err)
	a, err := s.Seal(seal.Start, seal.Counters{})
	l.check(err)
	b, err := s.Seal(seal.Stop, seal.Counters{})
	l.check(errors.Join(err, s.Close()))
	if runtime.GOOS == "linux" && (a.BootID == "" || a.BootID != b.BootID || b.Boot <= a.Boot || b.Awake <= a.Awake || a.Boot < a.Awake-time.Second) {
		t.Errorf("%q %v %v, then %q %v %v", a.BootID, a.Boot, a.Awake, b.BootID, b.Boot, b.Awake)
	}
	if rep := verify(t, seal.VerifyOptions{Journal: l.dir, KeyFile: l.key, Now: time.Now()}); !rep.OK {
		t.Errorf("found:%s", lines(rep))
	}
}

func TestVerifyTellsItsProgressAndCanBeStopped(t *testing.T) {
	l := filled(t)
	o := l.offline()
	var last, whole int64
	o.Progress = func(done, total int64) { last, whole = done, total }
	if rep := verify(t, o); last != whole || last != rep.SealedBytes || last == 0 {
		t.Errorf("%d of %d bytes, %d sealed", last, whole, rep.SealedBytes)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := seal.Verify(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, bad := range []seal.VerifyOptions{
		{Journal: l.dir, Genesis: "abc"},
		{Journal: l.dir, Anchors: []seal.AnchoredSeal{{K: 1, Hash: "abc"}}},
		{Journal: l.dir, Anchors: []seal.AnchoredSeal{{K: 1, Hash: "not a hash"}}},
	} {
		if _, err := seal.Verify(context.Background(), bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// A line can be altered so that its checksum stays: then the range is named.
func TestARecordForgedToKeepItsChecksumIsFoundInItsRange(t *testing.T) {
	l := filled(t)
	const seg = "000002.jsonl"
	b := snap(t, l.dir)[seg]
	was := crc32.Checksum(b[200:300], crc32.MakeTable(crc32.Castagnoli))
	const polynomial = 0x11EDC6F41 // adding it anywhere leaves the remainder
	for i := range 33 {
		if polynomial>>(32-i)&1 == 1 {
			b[240+i/8] ^= 1 << (i % 8)
		}
	}
	if crc32.Checksum(b[200:300], crc32.MakeTable(crc32.Castagnoli)) != was {
		t.Fatal("the checksum has changed")
	}
	l.put(seg, b)
	rep := l.verify()
	if classes(rep) != "edited" || rep.Findings[0].Line != 1 || rep.Findings[0].K != 6 {
		t.Errorf("found:%s", lines(rep))
	}
}
