package seal_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/seal"
)

func TestWhatIsSealedVerifies(t *testing.T) {
	l := filled(t)
	rep := l.verify()
	if !rep.OK || rep.Tampering || len(rep.Findings) > 0 {
		t.Errorf("findings:%s", lines(rep))
	}
	if rep.Segments != 4 || rep.Records != 3*(17+2)+12 || rep.UnsealedBytes != 0 || rep.Trust != seal.TrustKey {
		t.Errorf("report %+v", rep)
	}
	st := l.s.State()
	if st.K != rep.LastK || st.ID != rep.LastID || st.K != rep.Seals || st.Segment != 4 || st.Waiting != 0 {
		t.Errorf("state %+v, report %+v", st, rep)
	}
	if err := secondVerify(l.dir); err != nil {
		t.Errorf("second verifier: %v", err)
	}
	n := uint64(0)
	for s, err := range seal.Seals(l.dir) {
		n++
		if err != nil || s.K != n {
			t.Fatalf("seal %d: %+v, %v", n, s, err)
		}
	}
	if n != st.K {
		t.Errorf("%d seals, want %d", n, st.K)
	}
}

func TestRecordsAreSealedWhetherAddHasSeenThemOrNot(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(l *lab)
	}{
		{"all seen", func(l *lab) { l.append(5, 10); l.add() }},
		{"none seen", func(l *lab) { l.append(5, 10) }},
		{"some seen", func(l *lab) { l.append(2, 10); l.add(); l.append(3, 10) }},
		{"seen twice", func(l *lab) { l.append(5, 10); l.add(); l.read[1] = 0; l.add() }},
		{"seen before a restart", func(l *lab) { l.append(5, 10); l.add(); l.open() }},
		{"with blank lines between", func(l *lab) {
			l.append(2, 10)
			l.write([]byte("\n\n\n\n"))
			l.append(3, 10)
			l.add()
		}},
		{"with a gap: the tailer began later", func(l *lab) {
			l.append(3, 10)
			l.read[1] = int64(3 * len(frame(1, 10)))
			l.append(2, 10)
			l.add()
		}},
		{"an entry that overlaps what was seen", func(l *lab) {
			l.append(5, 10)
			e := journal.Entry{Offset: 0, End: int64(len(frame(1, 10))), Line: bytes.TrimSpace(frame(1, 10))}
			l.check(l.s.Add(1, &e))
			e.End = int64(3 * len(frame(1, 10)))
			l.check(l.s.Add(1, &e))
		}},
		{"a line too long for the tailer", func(l *lab) {
			l.append(4, 10)
			l.add()
			at := l.read[1]
			l.write(append(bytes.Repeat([]byte("x"), 3*seal.BufSize), '\n'))
			l.check(l.s.Add(1, &journal.Entry{Offset: at, End: at + 3*seal.BufSize + 1, Err: journal.ErrTooLong}))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			l.open()
			l.seal(seal.Start)
			tt.do(l)
			if s := l.seal(seal.Interval); s.N != 5 || s.Changed {
				t.Errorf("seal %+v", s)
			}
			if rep := l.verify(); !rep.OK || rep.Records != 5 {
				t.Errorf("%d records:%s", rep.Records, lines(rep))
			}
			if err := secondVerify(l.dir); err != nil {
				t.Errorf("second verifier: %v", err)
			}
		})
	}
}

func TestLinesOfEverySizeAroundTheBuffer(t *testing.T) {
	l := newLab(t)
	l.open()
	for _, size := range []int{1, seal.BufSize - 1, seal.BufSize, seal.BufSize + 1, 2*seal.BufSize - 1, 2 * seal.BufSize, 2*seal.BufSize + 1, 5*seal.BufSize + 3} {
		l.write(append(bytes.Repeat([]byte("y"), size), '\n'))
		l.append(1, 10)
		l.write([]byte("\n"))
	}
	l.seal(seal.Interval)
	l.write(bytes.Repeat([]byte("z"), 2*seal.BufSize)) // torn
	l.rotate()
	if rep := l.verify(); !rep.OK || rep.Records != 17 {
		t.Errorf("%d records:%s", rep.Records, lines(rep))
	}
	if err := secondVerify(l.dir); err != nil {
		t.Errorf("second verifier: %v", err)
	}
}

func TestMoreLinesThanASealCoversGoIntoSeveral(t *testing.T) {
	l := newLab(t)
	l.open()
	l.write(bytes.Repeat([]byte("x\n"), 2*seal.MaxLines+10))
	if s := l.seal(seal.Start); s.K != 3 || s.N != 10 || s.Kind != seal.Start {
		t.Errorf("seal %d of %d lines, %s", s.K, s.N, s.Kind)
	}
	l.write(bytes.Repeat([]byte("x\n"), seal.MaxLines+1))
	if s := l.rotate(); s.K != 5 || s.N != 1 || s.Kind != seal.Rotate {
		t.Errorf("seal %d of %d lines, %s", s.K, s.N, s.Kind)
	}
	if rep := l.verify(); !rep.OK || rep.Records != 3*seal.MaxLines+11 {
		t.Errorf("%d records:%s", rep.Records, lines(rep))
	}
}

func TestASealIsDueAfterEnoughRecordsOrEnoughTime(t *testing.T) {
	l := newLab(t)
	l.open()
	if !l.s.Due(l.now) {
		t.Error("the first seal is not due")
	}
	l.seal(seal.Start)
	for _, tt := range []struct {
		name    string
		records int
		after   time.Duration
		want    bool
	}{
		{"nothing", 0, time.Second, false},
		{"an idle minute", 0, time.Minute, true},
		{"63 records", 63, time.Second, false},
		{"64 records", 64, time.Second, true},
		{"64 records at once", 64, 49 * time.Millisecond, false},
		{"the clock was set back", 0, -time.Second, true},
	} {
		l.append(tt.records, 1)
		l.add()
		if got := l.s.Due(l.now.Add(tt.after)); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
		l.seal(seal.Interval)
	}
}

func TestNothingNewIsAnIdleSeal(t *testing.T) {
	l := newLab(t)
	l.open()
	l.append(1, 1)
	if s := l.seal(seal.Interval); s.Kind != seal.Interval {
		t.Errorf("kind %s", s.Kind)
	}
	s, err := l.s.Seal(seal.Interval, seal.Counters{Dropped: 3, Flood: 4})
	if err != nil || s.Kind != seal.Idle || s.N != 0 || s.From != s.To || s.Dropped != 3 || s.Flood != 4 {
		t.Errorf("seal %+v, %v", s, err)
	}
	for _, k := range []seal.Kind{seal.Rotate, seal.Prune, "x"} {
		if _, err := l.s.Seal(k, seal.Counters{}); err == nil {
			t.Errorf("kind %q was sealed", k)
		}
	}
}

func TestWhatChangesBeforeItIsSealedIsReportedAndSealedAsItIs(t *testing.T) {
	size := int64(len(frame(11, 10)))
	for _, tt := range []struct {
		name   string
		do     func(l *lab, live string, b []byte)
		offset int64
		want   string
	}{
		{"a byte of the third record", func(l *lab, live string, b []byte) { b[2*size+100] ^= 1; l.check(os.WriteFile(live, b, 0o600)) }, 2*size + 1, "edited"},
		{"a line feed more", func(l *lab, live string, b []byte) {
			l.check(os.WriteFile(live, append([]byte("\n"), b[:len(b)-1]...), 0o600))
		}, 2 * size, "edited"},
		{"the end cut off", func(l *lab, live string, _ []byte) { l.check(os.Truncate(live, 3*size)) }, 3 * size, "edited"},
		{"everything cut off", func(l *lab, live string, _ []byte) { l.check(os.Truncate(live, 0)) }, 0, "edited"},
		{"the file replaced by a shorter one", func(l *lab, live string, _ []byte) { l.check(os.WriteFile(live, frame(99, 1), 0o600)) }, int64(len(frame(99, 1))), "edited"},
		{"the file removed", func(l *lab, live string, _ []byte) { l.check(os.Remove(live)) }, 0, "edited"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			l.n = 10
			l.open()
			l.append(2, 10)
			l.seal(seal.Start)
			l.append(3, 10)
			l.add()
			live := journal.LivePath(l.dir)
			b, err := os.ReadFile(live)
			l.check(err)
			tt.do(l, live, b)
			s, err := l.s.Seal(seal.Interval, seal.Counters{})
			var changed *seal.ChangedError
			if !errors.As(err, &changed) || changed.Offset != tt.offset || changed.K != s.K || !s.Changed {
				t.Errorf("error %v (%+v), want offset %d", err, changed, tt.offset)
			}
			// The sealer goes on from there, also after a restart.
			l.append(2, 10)
			l.open()
			if s := l.seal(seal.Interval); s.Changed || s.N != 2 {
				t.Errorf("next seal %+v", s)
			}
			rep := l.verify()
			for _, c := range strings.Fields(tt.want) {
				if !has(rep, seal.Class(c)) || !rep.Tampering {
					t.Errorf("want %s, found:%s", c, lines(rep))
				}
			}
		})
	}
}

func TestASegmentIsSealedToItsEndBeforeTheNext(t *testing.T) {
	l := newLab(t)
	l.open()
	l.append(2, 1)
	l.add()
	e := journal.Entry{Offset: 1, End: 5, Line: []byte("abc")}
	if err := l.s.Add(2, &e); !errors.Is(err, seal.ErrNotFinal) {
		t.Errorf("error %v", err)
	}
	path := journal.ClosedPath(l.dir, 1)
	if _, err := l.s.SealFinal(journal.Segment{Number: 2, Path: path}, seal.Counters{}); err == nil {
		t.Error("segment 2 was sealed before segment 1")
	}
	first := l.rotate()
	again, err := l.s.SealFinal(journal.Segment{Number: 1, Path: path}, seal.Counters{})
	if err != nil || again.K != first.K {
		t.Errorf("asked twice: seal %d and %d, %v", first.K, again.K, err)
	}
	l.append(1, 1)
	l.check(l.s.Add(1, &e)) // late news of what is sealed
	if s := l.seal(seal.Interval); s.Segment != 2 || s.N != 1 || s.From != 0 {
		t.Errorf("seal %+v", s)
	}
}

func TestAJournalThatIsOlderThanItsSealsIsSealedFromItsOldestSegment(t *testing.T) {
	l := newLab(t)
	l.append(3, 1)
	l.check(os.Rename(journal.LivePath(l.dir), journal.ClosedPath(l.dir, 7)))
	l.append(2, 1)
	l.open()
	_, err := l.s.SealFinal(journal.Segment{Number: 7, Path: journal.ClosedPath(l.dir, 7)}, seal.Counters{})
	l.check(err)
	if s := l.seal(seal.Start); s.Segment != 8 || s.N != 2 {
		t.Errorf("seal %+v", s)
	}
	if rep := l.verify(); !rep.OK || rep.Records != 5 {
		t.Errorf("%d records:%s", rep.Records, lines(rep))
	}
	l.check(os.WriteFile(journal.ClosedPath(l.dir, 3), frame(1, 1), 0o600))
	if rep := l.verify(); classes(rep) != "inserted" {
		t.Errorf("a segment slipped in:%s", lines(rep))
	}
}
