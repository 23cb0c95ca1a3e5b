package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/seal"
)

// sealLines are the lines of seals.jsonl; seal k is at k-1.
func sealLines(b []byte) []string {
	return strings.Fields(string(b)) // a seal holds no blank
}

func joinSeals(lines []string) []byte {
	return []byte("\n" + strings.Join(lines, "\n\n") + "\n")
}

// stolen is the key an attacker finds in the key file.
func (l *lab) stolen() ed25519.PrivateKey {
	l.t.Helper()
	b, err := os.ReadFile(l.key)
	l.check(err)
	m := regexp.MustCompile(`"seed":"([0-9a-f]{64})"`).FindSubmatch(b)
	seed, err := hex.DecodeString(string(m[1]))
	l.check(err)
	return ed25519.NewKeyFromSeed(seed)
}

// resign signs a seal anew, as docs/format/seal.md says it is done.
func resign(line string, key ed25519.PrivateKey) string {
	body := line[:strings.LastIndex(line, `,"sig":"`)]
	return body + `,"sig":"` + hex.EncodeToString(ed25519.Sign(key, []byte("gander-seal-v1\n"+body))) + `"}`
}

// forge replaces a field of a seal.
func forge(line, field, value string) string {
	re := regexp.MustCompile(`"` + field + `":("[^"]*"|[0-9]+)`)
	return re.ReplaceAllString(line, `"`+field+`":`+value)
}

func TestForgedSealsAreFound(t *testing.T) {
	l := filled(t)
	whole := snap(t, l.dir)
	key := l.stolen()
	good := sealLines(whole[seal.SealsFile])
	last := len(good) - 1
	for _, tt := range []struct {
		name      string
		seals     func(s []string) []string
		want      string // offline
		k         uint64
		withState string // with the key state at hand, in addition
	}{
		{"a seal dropped", func(s []string) []string { return slices.Delete(s, 6, 7) }, "bad-seal", 7, ""},
		{"three seals dropped", func(s []string) []string { return slices.Delete(s, 4, 7) }, "bad-seal", 5, ""},
		{"the first seal dropped", func(s []string) []string { return s[1:] }, "bad-seal", 1, ""},
		{"a seal doubled", func(s []string) []string { return slices.Insert(s, 6, s[5]) }, "bad-seal", 6, ""},
		{"two seals swapped", func(s []string) []string { s[4], s[5] = s[5], s[4]; return s }, "bad-seal bad-seal", 5, ""},
		{"somebody's line among the seals", func(s []string) []string { return slices.Insert(s, 4, "hello") }, "bad-seal", 5, ""},
		{"a seal cut short", func(s []string) []string { s[4] = s[4][:90]; return s }, "bad-seal", 5, ""},
		{"a seal with a key more", func(s []string) []string { s[4] = strings.Replace(s[4], `,"sig"`, `,"x":1,"sig"`, 1); return s }, "bad-seal", 5, ""},
		{"a seal spelt otherwise", func(s []string) []string { s[4] = strings.Replace(s[4], `"k":5`, `"k":05`, 1); return s }, "bad-seal", 5, ""},
		{"a key twice", func(s []string) []string { s[4] = strings.Replace(s[4], `"k":5`, `"k":5,"k":5`, 1); return s }, "bad-seal", 5, ""},
		{"a time altered", func(s []string) []string { s[4] = forge(s[4], "dropped", "9"); return s }, "bad-seal", 5, ""},
		{"seal k under key k+1", func(s []string) []string { s[last] = resign(s[last], key); return s }, "bad-seal", uint64(last + 1), "replaced"},
		{"an old seal under the stolen key", func(s []string) []string { s[4] = resign(forge(s[4], "n", "4"), key); return s }, "bad-seal", 5, ""},
		{"an old seal signed with its next key", func(s []string) []string {
			mine := ed25519.NewKeyFromSeed(make([]byte, 32))
			s[4] = resign(forge(s[4], "next_pub", `"`+hex.EncodeToString(mine.Public().(ed25519.PublicKey))+`"`), mine)
			return s
		}, "bad-seal", 5, ""},
		{"a signature replaced by zeros", func(s []string) []string {
			s[4] = forge(s[4], "sig", `"`+strings.Repeat("0", 128)+`"`)
			return s
		}, "bad-seal", 5, ""},
		{"the last seals dropped", func(s []string) []string { return s[:last-2] }, "stale", 0, "rolled-back"},
		{"the last seal dropped, which ended the day", func(s []string) []string { return s[:last] }, "stale", 0, ""},
		{"an idle period emptied", func(s []string) []string { return slices.Delete(s, 3, 4) }, "bad-seal", 4, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			whole.restore(t, l.dir)
			l.put(seal.SealsFile, joinSeals(tt.seals(slices.Clone(good))))
			o := l.offline()
			o.Now = l.now.Add(time.Hour)
			rep := verify(t, o)
			if classes(rep) != tt.want || rep.OK {
				t.Errorf("want %q, found:%s", tt.want, lines(rep))
			}
			if tt.k > 0 && rep.Findings[0].K != tt.k {
				t.Errorf("want seal %d, found:%s", tt.k, lines(rep))
			}
			rep = l.verify()
			if tt.withState != "" && !has(rep, seal.Class(tt.withState)) {
				t.Errorf("with the key state: want %q, found:%s", tt.withState, lines(rep))
			}
		})
	}
}

// Who has stolen the key can go on with the seals, and say anything of what is
// not sealed yet. What was sealed before stays as it was.
func TestReSealingWithTheStolenKeyHidesNothingSealedBefore(t *testing.T) {
	l := filled(t)
	whole := snap(t, l.dir)
	key := l.stolen()
	good := sealLines(whole[seal.SealsFile])
	mine := hex.EncodeToString(key.Public().(ed25519.PublicKey))
	const seg = "000002.jsonl"
	edited := bytes.Replace(whole[seg], []byte(`"pid":20`), []byte(`"pid":99`), 1)

	t.Run("an edit, and an honest seal after it", func(t *testing.T) {
		l.put(seg, edited)
		state, err := os.ReadFile(l.key)
		l.check(err)
		s, err := seal.Open(l.options())
		l.check(err)
		_, err = s.Seal(seal.Interval, seal.Counters{})
		l.check(err)
		if rep := l.verify(); classes(rep) != "edited" {
			t.Errorf("found:%s", lines(rep))
		}
		l.check(os.WriteFile(l.key, state, 0o600))
	})
	t.Run("an edit, and all later seals made again with the key", func(t *testing.T) {
		whole.restore(t, l.dir)
		l.put(seg, edited)
		forged := slices.Clone(good)
		for i := 4; i < len(forged); i++ {
			forged[i] = resign(forge(forged[i], "next_pub", `"`+mine+`"`), key)
		}
		l.put(seal.SealsFile, joinSeals(forged))
		rep := verify(t, l.offline())
		if !rep.Tampering || !has(rep, seal.BadSeal) || rep.Findings[0].K != 5 && rep.Findings[len(rep.Findings)-1].K != 5 {
			t.Errorf("found:%s", lines(rep))
		}
	})
	t.Run("a journal of one's own under the key that is current", func(t *testing.T) {
		whole.restore(t, l.dir)
		l.put(seal.GenesisFile, []byte(forge(string(whole[seal.GenesisFile]), "public", `"`+mine+`"`)))
		if rep := verify(t, l.offline()); !has(rep, seal.Replaced) || !rep.Tampering {
			t.Errorf("found:%s", lines(rep))
		}
	})
}

// Whoever has the key can sign anything, but not make it fit.
func TestAThiefsSealsMustFit(t *testing.T) {
	l := filled(t)
	whole := snap(t, l.dir)
	good := sealLines(whole[seal.SealsFile])
	last := good[len(good)-1]
	s, err := seal.ParseSeal([]byte(last))
	l.check(err)
	prev := sha256.Sum256([]byte(last))
	none := sha256.Sum256(nil)
	s.K, s.Prev, s.Kind, s.From, s.N, s.Lines, s.Bytes = s.K+1, prev, seal.Idle, s.To, 0, nil, none
	fits := func(*seal.Seal) {}
	for _, tt := range []struct {
		name string
		lie  func(s *seal.Seal)
		want string
	}{
		{"an honest one", fits, ""},
		{"bytes left out", func(s *seal.Seal) { s.From, s.To = s.From+5, s.To+5 }, "gap"},
		{"sealed bytes sealed again", func(s *seal.Seal) { s.From, s.To = 0, 0 }, "gap"},
		{"a segment left out", func(s *seal.Seal) { s.Segment, s.From, s.To = 6, 0, 0 }, "deleted gap"},
		{"another chain", func(s *seal.Seal) { s.Chain[0]++ }, "bad-seal"},
		{"a segment that ends elsewhere", func(s *seal.Seal) { s.Kind, s.Size = seal.Rotate, s.To+1 }, "bad-seal"},
		{"a digest of something else", func(s *seal.Seal) { s.Kind, s.Size = seal.Rotate, s.To }, "bad-seal"},
		{"a segment pruned under a false digest", func(s *seal.Seal) { s.Kind, s.Pruned = seal.Prune, 1 }, "bad-seal"},
		{"a segment pruned that is none", func(s *seal.Seal) { s.Kind, s.Pruned = seal.Prune, 9 }, "bad-seal"},
		{"records that are not there", func(s *seal.Seal) { s.To += 10 }, "deleted"},
		{"a change confessed", func(s *seal.Seal) { s.Changed = true }, "edited"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := s
			tt.lie(&s)
			whole.restore(t, l.dir)
			if s.Kind == seal.Rotate {
				l.check(os.Rename(journal.LivePath(l.dir), journal.ClosedPath(l.dir, 4)))
			}
			l.put(seal.SealsFile, joinSeals(append(slices.Clone(good), resign(string(s.Line()), l.stolen()))))
			if rep := verify(t, l.offline()); classes(rep) != tt.want {
				t.Errorf("want %q, found:%s", tt.want, lines(rep))
			}
			if second := secondVerify(l.dir); (second == nil) != (tt.want == "") {
				t.Errorf("second verifier: %v", second)
			}
		})
	}
}

func TestSegmentsThatWereRotatedWithoutSealsAreMentioned(t *testing.T) {
	l := filled(t)
	l.check(os.Rename(journal.LivePath(l.dir), journal.ClosedPath(l.dir, 4)))
	l.append(3, 1)
	if rep := verify(t, l.offline()); !rep.OK {
		t.Errorf("one may wait for its last seal:%s", lines(rep))
	}
	l.check(os.Rename(journal.LivePath(l.dir), journal.ClosedPath(l.dir, 5)))
	if rep := verify(t, l.offline()); classes(rep) != "rolled-back" || rep.Tampering {
		t.Errorf("found:%s", lines(rep))
	}
}

func TestAnOlderJournalIsFoundByWhoKnowsBetter(t *testing.T) {
	l := newLab(t)
	l.open()
	l.append(5, 10)
	l.seal(seal.Start)
	l.rotate()
	l.append(5, 10)
	l.seal(seal.Interval)
	old := snap(t, l.dir)
	oldKey, err := os.ReadFile(l.key)
	l.check(err)
	then := l.s.State()
	l.append(5, 10)
	l.seal(seal.Interval)
	l.append(5, 10)
	l.seal(seal.Interval)
	now := l.s.State()
	newKey, err := os.ReadFile(l.key)
	l.check(err)
	old.restore(t, l.dir)

	anchor := func(st seal.State, digits int) seal.AnchoredSeal {
		return seal.AnchoredSeal{K: st.K, Hash: st.ID.String()[:digits], Time: st.Time}
	}
	for _, tt := range []struct {
		name    string
		key     []byte // nil: not at hand
		anchors []seal.AnchoredSeal
		want    string
	}{
		{"nobody knows", nil, nil, ""},
		{"an anchor from before does not help", nil, []seal.AnchoredSeal{anchor(then, 64)}, ""},
		{"an anchor from after", nil, []seal.AnchoredSeal{anchor(then, 64), anchor(now, 64)}, "rolled-back"},
		{"eight digits on a piece of paper", nil, []seal.AnchoredSeal{anchor(now, 8)}, "rolled-back"},
		{"the key state", newKey, nil, "rolled-back"},
		{"the key state was put back too", oldKey, nil, ""},
		{"the key state was put back too, but not the anchor", oldKey, []seal.AnchoredSeal{anchor(now, 8)}, "rolled-back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := seal.VerifyOptions{Journal: l.dir, Anchors: tt.anchors}
			if tt.key != nil {
				l.check(os.WriteFile(l.key, tt.key, 0o600))
				o.KeyFile = l.key
			}
			rep := verify(t, o)
			if classes(rep) != tt.want || rep.Tampering != (tt.want != "") {
				t.Errorf("want %q, found:%s", tt.want, lines(rep))
			}
		})
	}
	t.Run("time tells when the sealer does not run", func(t *testing.T) {
		rep := verify(t, seal.VerifyOptions{Journal: l.dir, Now: l.now.Add(time.Hour)})
		if classes(rep) != "stale" || rep.Tampering || rep.OK {
			t.Errorf("found:%s", lines(rep))
		}
	})
	t.Run("the sealer says so when it starts", func(t *testing.T) {
		l.check(os.WriteFile(l.key, newKey, 0o600))
		s, err := seal.Open(l.options())
		l.check(err)
		if len(s.Warnings()) != 1 {
			t.Error("no warning")
		}
		var changed *seal.ChangedError // the segment is shorter, too
		if _, err = s.Seal(seal.Start, seal.Counters{}); !errors.As(err, &changed) {
			t.Errorf("error %v", err)
		}
		if rep := l.verify(); !rep.Tampering || !has(rep, seal.BadSeal) {
			t.Errorf("found:%s", lines(rep))
		}
	})
}

func TestAnotherJournalInItsPlaceIsFoundByWhoKnowsTheFirst(t *testing.T) {
	l, other := filled(t), filled(t)
	g, err := seal.ReadGenesis(l.dir)
	l.check(err)
	st := l.s.State()
	snap(t, other.dir).restore(t, l.dir)
	for _, tt := range []struct {
		name string
		o    seal.VerifyOptions
		want string
	}{
		{"nobody knows", seal.VerifyOptions{Journal: l.dir}, ""},
		{"the genesis' key", seal.VerifyOptions{Journal: l.dir, Genesis: g.Public.String()}, "replaced"},
		{"an anchored seal", seal.VerifyOptions{Journal: l.dir, Anchors: []seal.AnchoredSeal{{K: st.K, Hash: st.ID.Short()}}}, "replaced"},
		{"the anchored genesis", seal.VerifyOptions{Journal: l.dir, Anchors: []seal.AnchoredSeal{{K: 0, Hash: g.ID().String()}}}, "replaced"},
		{"the key state", seal.VerifyOptions{Journal: l.dir, KeyFile: l.key}, "*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rep := verify(t, tt.o)
			if got := classes(rep); got != tt.want && tt.want != "*" || tt.want == "*" && !has(rep, seal.Replaced) {
				t.Errorf("want %q, found:%s", tt.want, lines(rep))
			}
			if rep.Trust == seal.TrustJournal != (tt.o.Genesis == "" && tt.o.KeyFile == "") {
				t.Errorf("trust %q", rep.Trust)
			}
		})
	}
}

func TestAKeyStateThatWasPutBackIsFound(t *testing.T) {
	l := newLab(t)
	l.open()
	l.append(3, 1)
	l.seal(seal.Start)
	old, err := os.ReadFile(l.key)
	l.check(err)
	l.append(3, 1)
	l.seal(seal.Interval)
	l.append(3, 1)
	l.seal(seal.Interval)
	l.check(os.WriteFile(l.key, old, 0o600))
	if rep := l.verify(); classes(rep) != "rolled-back" || !rep.Tampering {
		t.Errorf("found:%s", lines(rep))
	}
}

func TestSilenceIsFoundUnlessItWasAnnounced(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(l *lab)
		want string
	}{
		{"two minutes", func(l *lab) { l.pass(2*time.Minute - time.Second) }, ""},
		{"three minutes", func(l *lab) { l.pass(3 * time.Minute) }, "stale"},
		{"a clean stop, a week", func(l *lab) { l.seal(seal.Stop); l.pass(7 * 24 * time.Hour) }, ""},
		{"a closed lid", func(l *lab) { a := l.awake; l.pass(8 * time.Hour); l.awake = a + time.Second }, ""},
		{"a crash, and a quick boot", func(l *lab) { l.pass(time.Minute); l.bootID, l.boot, l.awake = "b002", 0, 0 }, ""},
		{"a crash, and a boot next day", func(l *lab) { l.pass(24 * time.Hour); l.bootID, l.boot, l.awake = "b002", 0, 0 }, "stale"},
		{"no boot id: the wall clock counts", func(l *lab) { l.bootID = ""; l.seal(seal.Interval); l.pass(time.Hour) }, "stale"},
		{"the watcher was stopped while the wall clock stood still", func(l *lab) { n := l.now; l.pass(time.Hour); l.now = n }, "stale"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			l.open()
			l.seal(seal.Start)
			tt.do(l)
			l.seal(seal.Interval)
			if rep := l.verify(); classes(rep) != tt.want {
				t.Errorf("want %q, found:%s", tt.want, lines(rep))
			}
		})
	}
}

func TestAMovedClockIsMentionedAndTheOrderKept(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, time.Hour, -3 * time.Second} {
		l := newLab(t)
		l.open()
		l.append(2, 1)
		l.seal(seal.Start)
		l.now = l.now.Add(by)
		l.append(2, 1)
		l.seal(seal.Interval)
		l.append(2, 1)
		l.seal(seal.Interval)
		rep := l.verify()
		if !rep.OK || len(rep.Findings) != 1 || rep.Findings[0].Class != seal.Clock || rep.Findings[0].K != 2 || rep.Records != 6 {
			t.Errorf("by %s:%s", by, lines(rep))
		}
	}
}

func TestASegmentMayBeMissingOnlyWhenASealSaysSo(t *testing.T) {
	l := filled(t)
	path := filepath.Join(l.dir, "000001.jsonl")
	if _, err := l.s.Prune(4, seal.Counters{}); err == nil {
		t.Error("the live segment was pruned")
	}
	sealed, err := l.s.Prune(1, seal.Counters{})
	l.check(err)
	if rep := l.verify(); !rep.OK || rep.Pruned != 0 {
		t.Errorf("announced, not deleted:%s", lines(rep))
	}
	l.check(os.Remove(path))
	rep := l.verify()
	if !rep.OK || rep.Pruned != 1 || sealed.Pruned != 1 {
		t.Errorf("pruned %d:%s", rep.Pruned, lines(rep))
	}
	// What an agent writes into the journal is no permission.
	l.write([]byte("\n{\"v\":1,\"ts\":\"2026-11-22T14:02:19.123456789Z\",\"sid\":\"\",\"agent\":\"gander\",\"host\":\"h\",\"uid\":0,\"pid\":1,\"ppid\":1,\"pstart\":0,\"payload\":{\"gander\":\"prune\",\"segment\":2}}\n"))
	l.seal(seal.Interval)
	l.check(os.Remove(filepath.Join(l.dir, "000002.jsonl")))
	if rep := l.verify(); classes(rep) != "deleted" {
		t.Errorf("found:%s", lines(rep))
	}
}

func TestWhatComesIntoAHeldSegmentIsNotTakenForTampering(t *testing.T) {
	l := newLab(t)
	l.open()
	l.append(3, 1)
	l.add()
	open := journal.OpenPath(l.dir, 1)
	l.check(os.Rename(journal.LivePath(l.dir), open))
	_, err := l.s.SealFinal(journal.Segment{Number: 1, Path: open, Open: true}, seal.Counters{})
	l.check(err)
	if rep := l.verify(); !rep.OK {
		t.Errorf("held:%s", lines(rep))
	}
	l.check(os.WriteFile(open, mustRead(t, open, frame(9, 1)), 0o600))
	l.append(3, 1)
	l.seal(seal.Interval)
	rep := l.verify()
	if classes(rep) != "unsealed" || rep.Tampering || rep.UnsealedBytes != int64(len(frame(9, 1))) {
		t.Errorf("late:%s", lines(rep))
	}
}

func mustRead(t testing.TB, path string, more []byte) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, more...)
}
