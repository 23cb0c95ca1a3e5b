package seal_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/seal"
)

// sealedJournal is a journal of so many segments of 32 MiB in records of 2 KB,
// sealed 64 at a time. Nothing is synced while it is made.
func sealedJournal(b *testing.B, segments int) (*lab, int64) {
	b.Helper()
	l := newLab(b)
	l.disk = &recorder{Disk: seal.RealDisk, t: b, mute: true}
	l.open()
	block := bytes.Repeat(frame(7, 1800), 64)
	var total int64
	for range segments {
		for size := 0; size < 32<<20; size += len(block) {
			l.write(block)
			l.pass(time.Second)
			_, err := l.s.Seal(seal.Interval, seal.Counters{})
			l.check(err)
			total += int64(len(block))
		}
		l.rotate()
	}
	return l, total
}

// BenchmarkVerify reads a sealed journal; the floor is hashing it twice on one
// core.
func BenchmarkVerify(b *testing.B) {
	l, total := sealedJournal(b, 4)
	b.Run("verify", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			if rep := verify(b, l.offline()); !rep.OK {
				b.Fatal(lines(rep))
			}
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			for n := range uint64(4) {
				data, err := os.ReadFile(journal.ClosedPath(l.dir, n+1))
				l.check(err)
				sha256.Sum256(data)
				sha256.Sum256(data)
			}
		}
	})
}

// BenchmarkAdd is what sealing costs the watcher for each record of 2 KB,
// without and with the seals themselves, one for 64 records.
func BenchmarkAdd(b *testing.B) {
	for _, tt := range []struct {
		name       string
		seal, sync bool
	}{{"add", false, true}, {"add and seal, not synced", true, false}, {"add and seal", true, true}} {
		b.Run(tt.name, func(b *testing.B) {
			l := newLab(b)
			if !tt.sync {
				l.disk = &recorder{Disk: seal.RealDisk, t: b, mute: true}
			}
			l.open()
			line := bytes.TrimSpace(frame(7, 1800))
			block := bytes.Repeat(frame(7, 1800), 64)
			var at int64
			b.SetBytes(int64(len(block) / 64))
			n := 0
			for b.Loop() {
				if n%64 == 0 {
					b.StopTimer()
					l.write(block)
					b.StartTimer()
				}
				n++
				e := journal.Entry{Offset: at + 1, End: at + 2 + int64(len(line)), Line: line}
				at = e.End
				l.check(l.s.Add(1, &e))
				if n%64 == 0 && tt.seal {
					_, err := l.s.Seal(seal.Interval, seal.Counters{})
					l.check(err)
				}
			}
		})
	}
}
