package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gander/internal/alert"
	"gander/internal/app"
	"gander/internal/config"
	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/hook"
	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/route"
)

// alarm finds every call whose command begins with "alarm".
type alarm struct{}

func (alarm) Detect(e *event.Event) []alert.Finding {
	if !strings.HasPrefix(e.Command, "alarm") {
		return nil
	}
	return []alert.Finding{{Rule: alert.Rule{ID: "alarm", Title: "Alarm"}, Level: alert.High, Why: e.Command[:min(len(e.Command), 40)]}}
}

// TestMain is also the watcher that tests start and kill.
func TestMain(m *testing.M) {
	dir := os.Getenv("GANDER_TEST_WATCH")
	if dir == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	debug.SetMemoryLimit(64 << 20) // as gander watch does
	err := app.Watch(ctx, options(dir))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func options(dir string) app.WatchOptions {
	return app.WatchOptions{
		Dirs:     app.Dirs{State: dir},
		Config:   config.Default(),
		Detector: detect.Set{new(detect.Integrity), new(detect.Flood), alarm{}},
		Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
		Deliver:  func(alert.Alert) {},
	}
}

// call appends the record of one Bash call.
func call(t *testing.T, dir string, n int, command string) {
	t.Helper()
	payload := fmt.Sprintf(`{"session_id":"7f3a91c2-0000","cwd":"/w","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":%q},"tool_use_id":"toolu_%d"}`, command, n)
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	h := record.Header{Time: time.Now(), Session: "7f3a91c2", Agent: "claude-code", Host: "h", PID: n}
	if err := record.Append(journal.LivePath(app.Dirs{State: dir}.Journal()), record.Frame(h, buf, len(payload)), nil); err != nil {
		t.Fatal(err)
	}
}

// raised counts how often each alert stands in the outbox, by its reason.
func raised(t *testing.T, dir string) map[string]int {
	t.Helper()
	got := make(map[string]int)
	if err := route.NewReader(app.Dirs{State: dir}.Outbox()).Read(func(a alert.Alert) bool { got[a.Why]++; return true }); err != nil {
		t.Fatal(err)
	}
	return got
}

// waitFor polls until ok, for at most a minute.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("still waiting for ", what)
		}
	}
}

// watching runs a watcher in this process until the test ends.
func watching(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o := options(dir)
	ready := make(chan struct{})
	o.Ready = func() { close(ready) }
	done := make(chan error, 1)
	go func() { done <- app.Watch(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
}

func TestWatcherKilledAtAnyMomentMissesNothingAndDoublesNothing(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 10
	}
	dir := t.TempDir()
	if err := os.MkdirAll(app.Dirs{State: dir}.Journal(), 0o700); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	written := make(chan int)
	go func() { // the agents: they do not wait for anybody
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-stop:
				written <- n
				return
			case <-tick.C:
				call(t, dir, n, fmt.Sprintf("alarm %d", n))
				call(t, dir, n, "ls")
			}
		}
	}()
	for range kills {
		w := startWatcher(t, dir)
		<-time.After(time.Duration(5+rand.IntN(60)) * time.Millisecond)
		_ = w.Process.Kill() // without warning
		_ = w.Wait()
	}
	close(stop)
	total := <-written
	w := startWatcher(t, dir)
	waitFor(t, "the last alert", func() bool { return raised(t, dir)[fmt.Sprintf("alarm %d", total-1)] > 0 })
	_ = w.Process.Signal(unix.SIGTERM)
	if err := w.Wait(); err != nil {
		t.Errorf("clean stop: %v", err)
	}
	got := raised(t, dir)
	for n := range total {
		if c := got[fmt.Sprintf("alarm %d", n)]; c != 1 {
			t.Errorf("alarm %d was raised %d times", n, c)
		}
	}
	for why := range got {
		if !strings.HasPrefix(why, "alarm ") && !strings.Contains(why, "recorded") { // a flood it is, too
			t.Errorf("raised %q", why)
		}
	}
	t.Logf("%d alerts over %d kills", total, kills)
}

func startWatcher(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	w := exec.Command(os.Args[0])
	w.Env = []string{"GANDER_TEST_WATCH=" + dir}
	var out bytes.Buffer
	w.Stderr = &out
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSecondWatcherRefusesToStart(t *testing.T) {
	dir := t.TempDir()
	watching(t, dir)
	err := app.Watch(t.Context(), options(dir))
	if err == nil || !strings.Contains(err.Error(), "already running") {
		t.Errorf("got %v", err)
	}
}

func TestWatcherReportsMarksOfHooksOnce(t *testing.T) {
	dir := t.TempDir()
	marks := hook.MarkDir(app.Dirs{State: dir}.Journal())
	if err := os.MkdirAll(marks, 0o700); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(marks, "20261122T140219.123456789Z_errno-28_7f3a91c2_5123")
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	watching(t, dir)
	waitFor(t, "the mark to be collected", func() bool { _, err := os.Stat(mark); return os.IsNotExist(err) })
	if got := raised(t, dir); len(got) != 1 {
		t.Errorf("raised %v, want one alert", got)
	}
}

func TestWatcherReportsDamageToTheJournal(t *testing.T) {
	dir := t.TempDir()
	watching(t, dir)
	live := journal.LivePath(app.Dirs{State: dir}.Journal())
	call(t, dir, 1, "ls")
	f, err := os.OpenFile(live, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("\nforged\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	waitFor(t, "the forged line", func() bool { return len(raised(t, dir)) == 1 })
	if err := os.Truncate(live, 5); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the cut", func() bool { return len(raised(t, dir)) >= 2 }) // the keeper may have something to say too
}

// The last seal is made when the watcher stops: what it shows must be raised
// all the same, and the heart must name it.
func TestWatcherRaisesWhatItsLastSealShows(t *testing.T) {
	dir := t.TempDir()
	d := app.Dirs{State: dir}
	w := startWatcher(t, dir)
	sealed := func() app.Status { return app.ReadStatus(d, time.Now()) }
	waitFor(t, "the first seal", func() bool { return sealed().Sealed.K > 0 })
	call(t, dir, 1, "ls")
	waitFor(t, "the call", func() bool { return sealed().Watcher.Counts.Entries == 1 })
	f, err := os.OpenFile(journal.LivePath(d.Journal()), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("X"), 200); err != nil {
		t.Fatal(err)
	}
	f.Close()
	before := sealed().Sealed.K
	_ = w.Process.Signal(unix.SIGTERM)
	if err := w.Wait(); err != nil {
		t.Fatal(err)
	}
	found := false
	for why := range raised(t, dir) {
		found = found || strings.Contains(why, "sealed")
	}
	if !found {
		t.Errorf("raised %v, want that a record was changed before it was sealed", raised(t, dir))
	}
	if k := sealed().Sealed.K; k <= before {
		t.Errorf("status names seal %d after the stop, and %d before", k, before)
	}
}
