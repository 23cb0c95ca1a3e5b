package anchor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
)

// A fake takes statements as its answer says.
type fake struct {
	name string

	mu     sync.Mutex
	answer func(ctx context.Context, st anchor.Statement) (anchor.Receipt, error)
	got    []uint64    // what was taken
	at     []time.Time // when each attempt began
}

func (f *fake) Name() string { return f.name }

func (f *fake) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	f.mu.Lock()
	f.at = append(f.at, time.Now())
	answer := f.answer
	f.mu.Unlock()
	var receipt anchor.Receipt
	var err error
	if answer != nil {
		receipt, err = answer(ctx, st)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.got = append(f.got, st.K)
	}
	return receipt, err
}

func (f *fake) set(answer func(context.Context, anchor.Statement) (anchor.Receipt, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fake) taken() []uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func (f *fake) attempts() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.at)
}

func down(context.Context, anchor.Statement) (anchor.Receipt, error) {
	return anchor.Receipt{}, errors.New("down")
}

func refuses(context.Context, anchor.Statement) (anchor.Receipt, error) {
	return anchor.Receipt{}, anchor.Refuse("no")
}

func entry(f *fake, interval time.Duration) anchor.Entry {
	return anchor.Entry{Anchor: f, Plan: anchor.Plan{Name: f.name, Kind: "fake", Interval: interval, Timeout: 30 * time.Second}}
}

func openQueue(t *testing.T, dir string, entries ...anchor.Entry) *anchor.Queue {
	t.Helper()
	q, err := anchor.OpenQueue(dir, 0, entries...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// start runs q; stop waits until it has ended.
func start(t *testing.T, q *anchor.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- q.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

func offer(t *testing.T, q *anchor.Queue, k uint64) {
	t.Helper()
	if err := q.Offer(anchortest.Statement(k)); err != nil {
		t.Errorf("offer %d: %v", k, err)
	}
	synctest.Wait()
}

func checkSum(t *testing.T, s anchor.Status) {
	t.Helper()
	if s.Offered != s.Sent+s.Skipped+s.Refused+uint64(s.Pending) {
		t.Errorf("the counters do not add up: %+v", s)
	}
}

func TestEverySealIsSentWhenThereIsNoInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f"}
		q := openQueue(t, t.TempDir(), entry(f, 0))
		stop := start(t, q)
		defer stop()
		var want []uint64
		for k := range uint64(50) {
			offer(t, q, k)
			want = append(want, k)
		}
		if got := f.taken(); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		checkSum(t, q.Status()[0])
	})
}

func TestAfterTheIntervalOnlyTheNewestIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f"}
		q := openQueue(t, t.TempDir(), entry(f, time.Minute))
		stop := start(t, q)
		defer stop()
		for k := uint64(1); k <= 90; k++ {
			offer(t, q, k)
			time.Sleep(999 * time.Millisecond) // never just when the minute ends
		}
		if got := f.taken(); !slices.Equal(got, []uint64{1, 61}) {
			t.Errorf("got %v", got)
		}
		time.Sleep(time.Minute)
		s := q.Status()[0]
		if got := f.taken(); !slices.Equal(got, []uint64{1, 61, 90}) || s.LastK != 90 || s.Pending != 0 || s.Alarm || s.Skipped != 87 {
			t.Errorf("got %v, %+v", got, s)
		}
		checkSum(t, s)
	})
}

func TestFailingAnchorIsTriedLaterEachTimeAndAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, well := &fake{name: "f", answer: down}, &fake{name: "well"}
		q := openQueue(t, t.TempDir(), entry(f, 0), entry(well, 0))
		stop := start(t, q)
		defer stop()
		began := time.Now()
		for k := range uint64(60) {
			offer(t, q, k)
			if s := q.Status()[0]; s.Alarm != (time.Since(began) >= anchor.FailAfter) || s.Error != "down" || !s.FailingSince.Equal(began) {
				t.Fatalf("after %v: %+v", time.Since(began), s)
			}
			time.Sleep(time.Minute)
		}
		checkBackoff(t, f.attempts())
		f.set(nil)
		time.Sleep(5 * time.Minute)
		s := q.Status()
		if got := f.taken(); !slices.Equal(got, []uint64{59}) || s[0].Alarm || !s[0].FailingSince.IsZero() || s[0].Error != "" {
			t.Errorf("got %v, %+v", got, s[0])
		}
		if got := well.taken(); len(got) != 60 || s[1].Failed != 0 {
			t.Errorf("the other anchor got %d statements, %+v", len(got), s[1])
		}
		checkSum(t, s[0])
	})
}

// Each pause is between a half and the whole of one that doubles up to five
// minutes.
func checkBackoff(t *testing.T, at []time.Time) {
	t.Helper()
	if len(at) < 15 || len(at) > 40 {
		t.Errorf("%d attempts in an hour", len(at))
	}
	pause := time.Second
	for i := 1; i < len(at); i++ {
		if got := at[i].Sub(at[i-1]); got < pause/2 || got > pause {
			t.Errorf("pause %d is %v, want %v to %v", i, got, pause/2, pause)
		}
		pause = min(2*pause, 5*time.Minute)
	}
}

func TestRefusedStatementIsNotSentAgainButTheNextIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", answer: refuses}
		q := openQueue(t, t.TempDir(), entry(f, 0))
		stop := start(t, q)
		defer stop()
		offer(t, q, 1)
		time.Sleep(time.Hour)
		s := q.Status()[0]
		if len(f.attempts()) != 1 || !s.Alarm || s.Refused != 1 || s.Pending != 0 || s.Error != "no" {
			t.Errorf("%d attempts, %+v", len(f.attempts()), s)
		}
		if _, ok := q.AckedK(anchortest.Journal); ok {
			t.Error("a refused seal counts as anchored")
		}
		f.set(nil)
		offer(t, q, 2)
		if s := q.Status()[0]; s.LastK != 2 || s.Alarm {
			t.Errorf("%+v", s)
		}
		checkSum(t, q.Status()[0])
	})
}

func TestOfferNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := &fake{name: "f", answer: func(context.Context, anchor.Statement) (anchor.Receipt, error) {
			<-release // deaf to its context
			return anchor.Receipt{}, nil
		}}
		q := openQueue(t, t.TempDir(), entry(f, 0))
		q.OnWrite(func(path string, data []byte, write func(string, []byte) error) error {
			time.Sleep(time.Hour) // a disk that hangs
			return write(path, data)
		})
		for k := range uint64(1000) { // before Run, too
			offer(t, q, k)
		}
		stop := start(t, q)
		began := time.Now()
		for k := range uint64(100_000) {
			if err := q.Offer(anchortest.Statement(1000 + k)); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("offering took %v", took)
		}
		time.Sleep(2 * time.Hour)
		s := q.Status()[0]
		if !s.Alarm || s.Error != "gives no answer" || s.FailingSince.IsZero() || s.NewestK != 100_999 || s.Pending < 1 {
			t.Errorf("an anchor that hangs: %+v", s)
		}
		checkSum(t, s)
		close(release)
		time.Sleep(24 * time.Hour)
		if s := q.Status()[0]; s.LastK != 100_999 || s.Alarm {
			t.Errorf("%+v", s)
		}
		stop()
	})
}

func TestSendIsBoundedByTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", answer: func(ctx context.Context, _ anchor.Statement) (anchor.Receipt, error) {
			<-ctx.Done()
			return anchor.Receipt{}, ctx.Err()
		}}
		q := openQueue(t, t.TempDir(), entry(f, 0))
		stop := start(t, q)
		offer(t, q, 1)
		time.Sleep(31 * time.Second)
		if s := q.Status()[0]; s.Failed != 1 || s.Error != "context deadline exceeded" {
			t.Errorf("%+v", s)
		}
		stop() // also while an attempt is under way
		if s := q.Status()[0]; s.Pending != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatWaitsIsSentAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, f := t.TempDir(), &fake{name: "f"}
		q := openQueue(t, dir, entry(f, time.Minute))
		stop := start(t, q)
		offer(t, q, 1)
		f.set(down)
		offer(t, q, 2)
		time.Sleep(2 * time.Minute)
		offer(t, q, 3)
		before := q.Status()[0]
		stop()
		time.Sleep(20 * time.Minute)
		q = openQueue(t, dir, entry(f, time.Minute))
		s := q.Status()[0]
		if s.LastK != 1 || s.NewestK != 3 || s.Pending != 1 || !s.Alarm || !s.FailingSince.Equal(before.FailingSince) {
			t.Errorf("after the restart %+v, before %+v", s, before)
		}
		f.set(nil)
		offer(t, q, 3) // as the keeper does
		stop = start(t, q)
		synctest.Wait()
		stop()
		if got := f.taken(); !slices.Equal(got, []uint64{1, 3}) || q.Status()[0].Offered != 1 {
			t.Errorf("got %v, %+v", got, q.Status()[0])
		}
	})
}

// The state directory is kept as it was before and after every write, and in
// the middle of each; a queue opened on any of these must not believe more
// than the anchor has, and must end with the newest.
func TestCrashAtAnyWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, snapshots := t.TempDir(), t.TempDir()
		f := &fake{name: "f"}
		calls := 0
		f.answer = func(context.Context, anchor.Statement) (anchor.Receipt, error) {
			if calls++; calls%3 == 0 {
				return anchor.Receipt{}, errors.New("down")
			}
			return anchor.Receipt{Token: []byte("token")}, nil
		}
		q := openQueue(t, dir, entry(f, 10*time.Second))
		var had [][]uint64 // what the anchor had at each snapshot
		snap := func() string {
			to := filepath.Join(snapshots, fmt.Sprint(len(had)))
			if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
				t.Error(err)
			}
			had = append(had, f.taken())
			return to
		}
		q.OnWrite(func(path string, data []byte, write func(string, []byte) error) error {
			snap()
			rel, _ := filepath.Rel(dir, path)
			torn := filepath.Join(snap(), rel+".tmp")
			_ = os.MkdirAll(filepath.Dir(torn), 0o700)
			_ = os.WriteFile(torn, data[:len(data)/2], 0o600)
			err := write(path, data)
			snap()
			return err
		})
		stop := start(t, q)
		for k := range uint64(12) {
			offer(t, q, k)
			time.Sleep(7 * time.Second)
		}
		stop()
		if len(had) < 60 {
			t.Fatalf("%d snapshots", len(had))
		}
		for i, had := range had {
			checkRestart(t, filepath.Join(snapshots, fmt.Sprint(i)), had)
		}
	})
}

func checkRestart(t *testing.T, dir string, had []uint64) {
	t.Helper()
	f := &fake{name: "f"}
	q := openQueue(t, dir, entry(f, 10*time.Second))
	s := q.Status()[0]
	if s.Error != "" && s.Error != "down" {
		t.Errorf("%s: %+v", dir, s)
	}
	if acked, ok := q.AckedK(anchortest.Journal); ok && !slices.Contains(had, acked) {
		t.Errorf("%s: believes in %d, the anchor has %v", dir, acked, had)
	}
	stop := start(t, q)
	offer(t, q, 12)
	time.Sleep(time.Minute)
	stop()
	got := f.taken()
	if !slices.IsSorted(got) || len(got) == 0 || got[len(got)-1] != 12 || q.Status()[0].LastK != 12 {
		t.Errorf("%s: sent %v", dir, got)
	}
}

func TestStateThatCannotBeReadIsStartedOver(t *testing.T) {
	for _, tt := range []struct{ name, state string }{
		{"torn", `{"v":1,"last_k":`},
		{"empty", ``},
		{"another version", `{"v":2,"journal":"x","last_k":9}`},
		{"a waiting statement that is none", `{"v":1,"last_k":9,"pending":"x"}`},
		{"not JSON", "\x00\x1b[2J"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir, f := t.TempDir(), &fake{name: "f"}
				if err := os.MkdirAll(filepath.Join(dir, "f"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, "f", "state.json"), []byte(tt.state), 0o600); err != nil {
					t.Fatal(err)
				}
				q := openQueue(t, dir, entry(f, 0))
				if s := q.Status()[0]; !strings.Contains(s.Error, "started over") || s.LastK != 0 || strings.Contains(s.Error, "\x1b") {
					t.Errorf("%+v", s)
				}
				stop := start(t, q)
				offer(t, q, 3)
				stop()
				if s := openQueue(t, dir, entry(f, 0)).Status()[0]; s.LastK != 3 || s.Error != "" {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestStateThatCannotBeWrittenIsShownAndStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f"}
		q := openQueue(t, t.TempDir(), entry(f, 0))
		var full atomic.Bool
		full.Store(true)
		q.OnWrite(func(path string, data []byte, write func(string, []byte) error) error {
			if full.Load() {
				return errors.New("no space left on device")
			}
			return write(path, data)
		})
		stop := start(t, q)
		defer stop()
		offer(t, q, 1)
		if s := q.Status()[0]; s.LastK != 1 || !strings.Contains(s.Error, "no space left") {
			t.Errorf("%+v", s)
		}
		full.Store(false)
		offer(t, q, 2)
		if s := q.Status()[0]; s.LastK != 2 || s.Error != "" {
			t.Errorf("%+v", s)
		}
	})
}

func TestTokensAreKeptBesideTheirSeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		f := &fake{name: "f", answer: func(_ context.Context, st anchor.Statement) (anchor.Receipt, error) {
			return anchor.Receipt{Text: "commit\x1b[2J", Token: fmt.Appendf(nil, "token %d", st.K)}, nil
		}}
		q := openQueue(t, dir, entry(f, 0))
		stop := start(t, q)
		offer(t, q, 7)
		stop()
		st := anchortest.Statement(7)
		name := filepath.Join(dir, "f", "receipts", anchor.TokenName(st.Journal, 7))
		token, tokenErr := os.ReadFile(name + anchor.TokenExt)
		seal, sealErr := os.ReadFile(name + anchor.SealExt)
		if string(token) != "token 7" || string(seal) != string(st.Line) {
			t.Errorf("token %q (%v), seal %q (%v)", token, tokenErr, seal, sealErr)
		}
		if s := q.Status()[0]; s.Receipt != `commit\x1b[2J` {
			t.Errorf("%+v", s)
		}
	})
}

func TestTokenThatCannotBeKeptIsFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", answer: func(context.Context, anchor.Statement) (anchor.Receipt, error) {
			return anchor.Receipt{Token: []byte("token")}, nil
		}}
		q := openQueue(t, t.TempDir(), entry(f, 0))
		var full atomic.Bool
		full.Store(true)
		q.OnWrite(func(path string, data []byte, write func(string, []byte) error) error {
			if full.Load() && strings.HasSuffix(path, anchor.TokenExt) {
				return errors.New("no space left on device")
			}
			return write(path, data)
		})
		stop := start(t, q)
		defer stop()
		offer(t, q, 1)
		if _, ok := q.AckedK(anchortest.Journal); ok {
			t.Error("a seal without its token counts as anchored")
		}
		full.Store(false)
		time.Sleep(time.Minute)
		if k, ok := q.AckedK(anchortest.Journal); !ok || k != 1 {
			t.Errorf("acknowledged %d, %v", k, ok)
		}
	})
}

func TestJournalThatGoesBackIsNoticedAndAnchored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, f := t.TempDir(), &fake{name: "f"}
		q := openQueue(t, dir, entry(f, 0))
		stop := start(t, q)
		offer(t, q, 10)
		stop()
		q = openQueue(t, dir, entry(f, 0))
		stop = start(t, q)
		defer stop()
		offer(t, q, 10) // the same again is not
		fork := anchor.NewStatement(anchortest.Journal, 10, []byte(`{"forged":1}`), time.Now())
		other := anchortest.Statement(11)
		other.Journal = "another"
		for _, st := range []anchor.Statement{fork, anchortest.Statement(4), other} {
			if err := q.Offer(st); !errors.Is(err, anchor.ErrBehind) {
				t.Errorf("%s %d: error is %v", st.Journal, st.K, err)
			}
			synctest.Wait()
		}
		if got := f.taken(); !slices.Equal(got, []uint64{10, 10, 4, 11}) {
			t.Errorf("got %v", got)
		}
		if err := q.Offer(anchor.Statement{}); !errors.Is(err, anchor.ErrPermanent) {
			t.Errorf("an empty statement: %v", err)
		}
	})
}

func TestAckedKIsTheLeastOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast, slow := &fake{name: "fast"}, &fake{name: "slow"}
		q := openQueue(t, t.TempDir(), entry(fast, 0), entry(slow, time.Hour))
		if _, ok := q.AckedK(anchortest.Journal); ok {
			t.Error("nothing has been sent")
		}
		stop := start(t, q)
		defer stop()
		offer(t, q, 3)
		offer(t, q, 9)
		if k, ok := q.AckedK(anchortest.Journal); !ok || k != 3 {
			t.Errorf("acknowledged %d, %v", k, ok)
		}
		if _, ok := q.AckedK("another"); ok {
			t.Error("another journal counts")
		}
		if _, ok := openQueue(t, t.TempDir()).AckedK(anchortest.Journal); ok {
			t.Error("no anchors acknowledge")
		}
	})
}

func TestFlushSendsTheLastSealNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := &fake{name: "f"}, &fake{name: "g", answer: down}
		q := openQueue(t, t.TempDir(), entry(f, time.Hour), entry(g, 0))
		stop := start(t, q)
		defer stop()
		offer(t, q, 1)
		offer(t, q, 2)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := q.Flush(ctx)
		if got := f.taken(); !slices.Equal(got, []uint64{1, 2}) {
			t.Errorf("got %v", got)
		}
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "anchor g ") || strings.Contains(err.Error(), "anchor f ") {
			t.Errorf("error is %v", err)
		}
	})
}

func TestFlushDoesNotStopAtTheOneThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", answer: func(context.Context, anchor.Statement) (anchor.Receipt, error) {
			time.Sleep(time.Second)
			return anchor.Receipt{}, nil
		}}
		q := openQueue(t, t.TempDir(), entry(f, time.Hour))
		stop := start(t, q)
		defer stop()
		offer(t, q, 1)
		offer(t, q, 2)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := q.Flush(ctx); err != nil || !slices.Equal(f.taken(), []uint64{1, 2}) {
			t.Errorf("got %v, %v", f.taken(), err)
		}
		offer(t, q, 3)
		time.Sleep(59 * time.Minute)
		if got := f.taken(); len(got) != 2 {
			t.Errorf("after the flush the interval does not count: %v", got)
		}
	})
}

func TestPlansAreChecked(t *testing.T) {
	plan := anchor.Plan{Name: "a", Timeout: time.Second}
	for _, tt := range []struct {
		name   string
		change func(*anchor.Plan)
	}{
		{"no name", func(p *anchor.Plan) { p.Name = "" }},
		{"a path", func(p *anchor.Plan) { p.Name = "../a" }},
		{"a digit first", func(p *anchor.Plan) { p.Name = "1" }},
		{"too long a name", func(p *anchor.Plan) { p.Name = strings.Repeat("a", 33) }},
		{"a negative interval", func(p *anchor.Plan) { p.Interval = -1 }},
		{"no timeout", func(p *anchor.Plan) { p.Timeout = 0 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := plan
			tt.change(&p)
			if _, err := anchor.OpenQueue(t.TempDir(), 0, anchor.Entry{Plan: p}); err == nil {
				t.Error("passes")
			}
		})
	}
	if _, err := anchor.OpenQueue(t.TempDir(), 0, anchor.Entry{Plan: plan}, anchor.Entry{Plan: plan}); err == nil {
		t.Error("the same name twice passes")
	}
}
