package seal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gander/internal/journal"
	"gander/internal/journal/seal"
)

func TestALostKeyIsSaidSoAndAResetBeginsAnew(t *testing.T) {
	for name, spoil := range map[string]func(l *lab){
		"removed": func(l *lab) { l.check(os.Remove(l.key)) },
		"emptied": func(l *lab) { l.check(os.Truncate(l.key, 0)) },
		"altered": func(l *lab) {
			b, err := os.ReadFile(l.key)
			l.check(err)
			l.check(os.WriteFile(l.key, bytes.Replace(b, []byte(`"seed":"`), []byte(`"seed":"0`), 1), 0o600))
		},
		"genesis removed too": func(l *lab) {
			l.check(os.Remove(l.key))
			l.check(os.Remove(filepath.Join(l.dir, seal.GenesisFile)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := filled(t)
			old := snap(t, l.dir)[seal.SealsFile]
			spoil(l)
			if rep := l.verify(); !has(rep, seal.KeyMissing) || rep.OK {
				t.Errorf("found:%s", lines(rep))
			}
			if _, err := seal.Open(l.options()); !errors.Is(err, seal.ErrKeyMissing) {
				t.Fatalf("error %v", err)
			}
			l.check(seal.Reset(l.options()))
			l.open()
			for n := range uint64(3) {
				_, err := l.s.SealFinal(journal.Segment{Number: n + 1, Path: journal.ClosedPath(l.dir, n+1)}, seal.Counters{})
				l.check(err)
			}
			l.seal(seal.Start)
			if rep := l.verify(); !rep.OK || rep.Records != 3*(17+2)+12 {
				t.Errorf("after the reset, %d records:%s", rep.Records, lines(rep))
			}
			kept := false
			for file, b := range snap(t, l.dir) {
				kept = kept || strings.HasPrefix(file, seal.SealsFile+".") && bytes.Equal(b, old)
			}
			if !kept {
				t.Error("the old seals are gone")
			}
		})
	}
}

func TestAResetNeverOverwritesWhatAnEarlierOneKept(t *testing.T) {
	l := filled(t)
	for range 3 {
		l.check(os.Remove(l.key))
		l.put(seal.GenesisFile, []byte("damaged")) // so that the names are the same
		l.check(seal.Reset(l.options()))
		l.open()
		l.s.SealFinal(journal.Segment{Number: 1, Path: journal.ClosedPath(l.dir, 1)}, seal.Counters{})
	}
	old, err := filepath.Glob(filepath.Join(l.dir, seal.SealsFile+".*"))
	if err != nil || len(old) != 3 {
		t.Errorf("kept %v", old)
	}
}

// A key that has signed is not to be found any more: neither under the file's
// name nor in the file that lay there before.
func TestAKeyIsErasedOnceItHasSigned(t *testing.T) {
	l := newLab(t)
	l.open()
	seed := func(path string) string {
		b, err := os.ReadFile(path)
		l.check(err)
		_, after, _ := strings.Cut(string(b), `"seed":"`)
		return after[:min(64, len(after))]
	}
	before := seed(l.key)
	held, err := os.Open(l.key)
	l.check(err)
	defer held.Close()
	l.seal(seal.Start)
	if seed(l.key) == before {
		t.Error("the key is still in use")
	}
	b := make([]byte, 1<<16)
	n, _ := held.ReadAt(b, 0)
	if n == 0 || len(bytes.Trim(b[:n], "\x00")) > 0 {
		t.Errorf("the old file still holds %.40q", b[:n])
	}
	st, err := os.Stat(l.key)
	l.check(err)
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
}

func TestSealsThatSomebodyTouchedAreWarnedOf(t *testing.T) {
	path := func(l *lab) string { return filepath.Join(l.dir, seal.SealsFile) }
	for name, touch := range map[string]func(l *lab){
		"seals removed":  func(l *lab) { l.check(os.Remove(path(l))) },
		"seals cut":      func(l *lab) { l.check(os.Truncate(path(l), 100)) },
		"seals appended": func(l *lab) { l.put(seal.SealsFile, append(snap(l.t, l.dir)[seal.SealsFile], "\nhello\n"...)) },
	} {
		for _, restart := range []bool{false, true} {
			l := filled(t)
			touch(l)
			if restart {
				s, err := seal.Open(l.options())
				l.check(err)
				l.s = s
			}
			l.seal(seal.Interval)
			w := l.s.Warnings()
			if len(w) != 1 || !errors.Is(w[0], seal.ErrReplaced) {
				t.Errorf("%s, restart %t: warnings %v", name, restart, w)
			}
			if rep := l.verify(); !has(rep, seal.BadSeal) {
				t.Errorf("%s, restart %t:%s", name, restart, lines(rep))
			}
		}
	}
	for _, file := range []string{seal.GenesisFile} {
		l := filled(t)
		l.put(file, snap(t, filled(t).dir)[file])
		s, err := seal.Open(l.options())
		l.check(err)
		if w := s.Warnings(); len(w) != 1 || !errors.Is(w[0], seal.ErrReplaced) {
			t.Errorf("%s: warnings %v", file, w)
		}
	}
}

// A fullDisk fails its next steps; a write leaves a part behind.
type fullDisk struct {
	seal.Disk
	after int // steps that still go well
}

var errFull = errors.New("no space left")

func (d *fullDisk) ok() bool { d.after--; return d.after >= 0 }

func (d *fullDisk) Create(path string, b []byte) error {
	if d.ok() {
		return d.Disk.Create(path, b)
	}
	return errors.Join(errFull, d.Disk.Create(path, b[:len(b)/2]))
}

func (d *fullDisk) Append(path string, b []byte) error {
	if d.ok() {
		return d.Disk.Append(path, b)
	}
	return errors.Join(errFull, d.Disk.Append(path, b[:len(b)/2]))
}

func (d *fullDisk) Sync(path string) error {
	if d.ok() {
		return d.Disk.Sync(path)
	}
	return errFull
}

func (d *fullDisk) SyncDir(path string) error {
	if d.ok() {
		return d.Disk.SyncDir(path)
	}
	return errFull
}

func TestAFullDiskDelaysSealsAndSpoilsNone(t *testing.T) {
	for steps := range 48 {
		after, again := steps/4, steps%4
		for _, restart := range []bool{false, true} {
			l := newLab(t)
			disk := &fullDisk{Disk: seal.RealDisk, after: 1000}
			l.disk = disk
			l.open()
			l.append(3, 10)
			l.seal(seal.Start)
			l.append(2, 10)
			l.add()
			disk.after = after
			_, err := l.s.Seal(seal.Interval, seal.Counters{})
			failed := errors.Is(err, errFull)
			disk.after = again
			_, err2 := l.s.Seal(seal.Interval, seal.Counters{})
			err = errors.Join(err, err2)
			disk.after = 1000
			if restart {
				l.open()
			}
			l.append(1, 10)
			l.rotate()
			l.append(1, 10)
			l.seal(seal.Stop)
			if rep := l.verify(); !rep.OK || rep.Records != 7 || len(l.s.Warnings()) > 0 {
				t.Errorf("after %d steps (failed %t, restart %t): %d records, %v:%s", after, failed, restart, rep.Records, err, lines(rep))
			}
		}
	}
}
