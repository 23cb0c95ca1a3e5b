package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gander/internal/app"
	"gander/internal/proc"
)

func TestStatusTellsAStoppedWatcherFromALivingOne(t *testing.T) {
	now := time.Now()
	start, err := proc.StartTime(os.Getpid())
	if err != nil {
		t.Skip("process facts:", err)
	}
	for _, tt := range []struct {
		name           string
		heart          app.Heart
		running, stale bool
		problem        string
	}{
		{"alive", app.Heart{PID: os.Getpid(), Start: start, Beat: now.Add(-time.Second)}, true, false, ""},
		{"stopped by a signal", app.Heart{PID: os.Getpid(), Start: start, Beat: now.Add(-time.Minute)}, true, true, "no sign of life for 1m0s"},
		{"its pid is another process now", app.Heart{PID: os.Getpid(), Start: start + 1, Beat: now}, false, false, "no watcher is running"},
		{"ended on purpose", app.Heart{PID: os.Getpid(), Start: start, Beat: now, Stopped: true}, false, false, "no watcher is running"},
		{"never started", app.Heart{}, false, false, "no watcher is running"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			b, err := json.Marshal(tt.heart)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "watch.json"), b, 0o600); err != nil {
				t.Fatal(err)
			}
			s := app.ReadStatus(app.Dirs{State: dir, Home: dir}, now)
			if s.Watcher.Running != tt.running || s.Watcher.Stale != tt.stale {
				t.Errorf("running %t, stale %t; want %t, %t", s.Watcher.Running, s.Watcher.Stale, tt.running, tt.stale)
			}
			if all := strings.Join(s.Problems, "\n"); !strings.Contains(all, tt.problem) {
				t.Errorf("problems %q, want %q", all, tt.problem)
			}
			if !s.Missing() {
				t.Error("hooks are missing, and status does not say so")
			}
		})
	}
}
