package keeper_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/seal"
	"gander/internal/keeper"
)

// A yard is a journal with a keeper that runs until the test, or stop, ends.
type yard struct {
	t      *testing.T
	dir    string
	o      keeper.Options
	stop   func()
	mu     sync.Mutex
	faults []string
}

func newYard(t *testing.T, change func(*keeper.Options)) *yard {
	t.Helper()
	base := t.TempDir()
	y := &yard{t: t, dir: filepath.Join(base, "journal")}
	if err := os.Mkdir(y.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	y.o = keeper.Options{
		Journal: y.dir, KeyFile: filepath.Join(base, "seal.key"), Policy: keeper.DefaultPolicy(),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Report: func(f string) {
			y.mu.Lock()
			defer y.mu.Unlock()
			y.faults = append(y.faults, f)
		},
	}
	if change != nil {
		change(&y.o)
	}
	y.start()
	return y
}

func (y *yard) start() {
	y.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- keeper.Run(ctx, y.o) }()
	y.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			y.t.Error(err)
		}
	})
	y.t.Cleanup(func() { y.stop() })
}

// write appends a record of about size bytes.
func (y *yard) write(n, size int) {
	y.t.Helper()
	payload := fmt.Sprintf(`{"n":%d,"fill":%q}`, n, strings.Repeat("all work and no play; ", size/22))
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	h := record.Header{Time: time.Now(), Agent: "claude-code", PID: n}
	if err := record.Append(journal.LivePath(y.dir), record.Frame(h, buf, len(payload)), nil); err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) verify() seal.Report {
	y.t.Helper()
	rep, err := seal.Verify(y.t.Context(), seal.VerifyOptions{Journal: y.dir, KeyFile: y.o.KeyFile, Now: time.Now()})
	if err != nil {
		y.t.Fatal(err)
	}
	return rep
}

func (y *yard) segments() []journal.Segment {
	y.t.Helper()
	segs, err := journal.Segments(y.dir)
	if err != nil {
		y.t.Fatal(err)
	}
	return segs
}

func (y *yard) waitFor(what string, ok func() bool) {
	y.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			y.t.Fatal("still waiting for ", what)
		}
	}
}

func (y *yard) wantFaults(codes ...string) {
	y.t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	var got []string
	for _, f := range y.faults {
		code, _, _ := strings.Cut(f, ":")
		got = append(got, code)
	}
	if fmt.Sprint(got) != fmt.Sprint(codes) {
		y.t.Errorf("faults %q, want %q", y.faults, codes)
	}
}

func TestEverythingIsSealedAtTheEnd(t *testing.T) {
	y := newYard(t, nil)
	for n := range 200 {
		y.write(n, 100)
	}
	y.stop()
	if rep := y.verify(); !rep.OK || rep.Records != 200 || rep.UnsealedBytes != 0 {
		t.Errorf("%+v", rep)
	}
	y.wantFaults()
}

func TestManyRecordsAreSealedSoon(t *testing.T) {
	y := newYard(t, nil)
	for n := range 200 {
		y.write(n, 100)
	}
	y.waitFor("a seal without a stop", func() bool { return y.verify().Records >= 64 })
}

func TestLargeSegmentsAreEndedSealedAndCompressed(t *testing.T) {
	y := newYard(t, func(o *keeper.Options) { o.Policy.MaxSize = 100 << 10 })
	for n := range 60 {
		y.write(n, 10<<10)
		if n%20 == 19 {
			want := n/20 + 2
			y.waitFor("a rotation", func() bool { return len(y.segments()) >= want })
		}
	}
	y.waitFor("the compressed segments", func() bool {
		s := y.segments()
		return len(s) >= 4 && s[0].Compressed && s[len(s)-2].Compressed
	})
	y.stop()
	if rep := y.verify(); !rep.OK || rep.Records != 60 {
		t.Errorf("%+v", rep)
	}
	y.wantFaults()
}

func TestOldSegmentsAreDeletedUnlessSomebodyNeedsThem(t *testing.T) {
	for _, tt := range []struct {
		name      string
		protected map[uint64]bool
		left      int // closed segments, of three
	}{
		{"nobody needs them", nil, 1}, // the newest always stays
		{"an alert is open", map[uint64]bool{2: true}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			y := newYard(t, func(o *keeper.Options) { o.Protected = func() (map[uint64]bool, error) { return tt.protected, nil } })
			for n := range 3 {
				y.write(n, 10<<10)
				y.ask(keeper.Rotate)
			}
			y.stop()
			y.o.Policy.Keep = 1 // a nanosecond
			y.start()
			y.ask(keeper.Prune)
			y.stop()
			if got := len(y.segments()) - 1; got != tt.left {
				t.Errorf("%d closed segments left, want %d", got, tt.left)
			}
			if rep := y.verify(); !rep.OK || rep.Pruned != 3-tt.left {
				t.Errorf("a deletion on purpose is not sealed: %+v", rep)
			}
		})
	}
}

func (y *yard) ask(r keeper.Request) {
	y.t.Helper()
	file, err := keeper.Ask(y.dir, r)
	if err != nil {
		y.t.Fatal(err)
	}
	y.waitFor(string(r), func() bool { _, err := os.Stat(file); return os.IsNotExist(err) })
}

func TestChangeBeforeTheSealIsAFault(t *testing.T) {
	begun := make(chan struct{})
	once := sync.OnceFunc(func() { close(begun) })
	y := newYard(t, func(o *keeper.Options) { o.Progress = func(keeper.Progress) { once() } })
	<-begun
	y.write(1, 5<<10)
	ticks := 0 // it is seen within a tenth of a second, and sealed within a minute
	y.waitFor("the keeper to look", func() bool { ticks++; return ticks > 50 })
	f, err := os.OpenFile(journal.LivePath(y.dir), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("X"), 2000); err != nil {
		t.Fatal(err)
	}
	f.Close()
	y.stop()
	y.wantFaults("sealed-changed")
}

func TestLostKeyIsSaidAndNothingBreaks(t *testing.T) {
	y := newYard(t, nil)
	y.write(1, 100)
	y.stop()
	if err := os.Remove(y.o.KeyFile); err != nil {
		t.Fatal(err)
	}
	err := keeper.Run(t.Context(), y.o)
	if err == nil || !strings.Contains(err.Error(), "key") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutAWatcherARequestIsDoneHere(t *testing.T) {
	y := newYard(t, nil)
	y.write(1, 100)
	y.stop()
	if err := keeper.Do(t.Context(), y.o, keeper.Rotate); err != nil {
		t.Fatal(err)
	}
	if s := y.segments(); len(s) != 2 || !s[0].Compressed {
		t.Errorf("segments %+v", s)
	}
	if rep := y.verify(); !rep.OK || rep.Records != 1 {
		t.Errorf("%+v", rep)
	}
}

func TestPolicyIsReadStrictly(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"64MiB", "67108864"},
		{"1.5GB", "1500000000"},
		{"4096", "4096"},
		{"10 kB", "10000"},
		{"-1", "error"},
		{"big", "error"},
		{"1e300GB", "error"},
		{"", "error"},
	} {
		var s keeper.Size
		got := "error"
		if s.UnmarshalText([]byte(tt.text)) == nil {
			got = fmt.Sprint(int64(s))
		}
		if got != tt.want {
			t.Errorf("size %q: %s, want %s", tt.text, got, tt.want)
		}
	}
	for _, tt := range []struct{ text, want string }{
		{"90s", "1m30s"}, {"180d", "4320h0m0s"}, {"1h30m", "1h30m0s"}, {"-1h", "error"}, {"99999999d", "error"}, {"soon", "error"},
	} {
		var a keeper.Age
		got := "error"
		if a.UnmarshalText([]byte(tt.text)) == nil {
			got = a.Duration().String()
		}
		if got != tt.want {
			t.Errorf("age %q: %s, want %s", tt.text, got, tt.want)
		}
	}
}
