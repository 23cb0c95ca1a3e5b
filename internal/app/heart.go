package app

import (
	"encoding/json"
	"os"
	"time"

	"gander/internal/keeper"
	"gander/internal/proc"
	"gander/internal/route"
)

// A Heart is what a watcher says of itself every two seconds, for gander
// status and for its own next start.
type Heart struct {
	PID     int        `json:"pid"`
	Start   uint64     `json:"start"` // of the process; see package proc
	Since   time.Time  `json:"since"`
	Beat    time.Time  `json:"beat"`
	Stopped bool       `json:"stopped"` // ended on purpose
	Mark    route.Mark `json:"mark"`
	Counts  Counts     `json:"counts"`

	Sealed keeper.Progress `json:"sealed"`
}

func newHeart(now time.Time) Heart {
	pid := os.Getpid()
	start, _ := proc.StartTime(pid) // 0 where it cannot be known
	return Heart{PID: pid, Start: start, Since: now.UTC()}
}

// readHeart reads a heart file. A missing or torn one is as good as none: the
// outbox alone tells where to go on.
func readHeart(path string) Heart {
	var h Heart
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &h) != nil {
		return Heart{}
	}
	return h
}

func (h Heart) write(path string) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// alive reports whether the watcher that wrote h still exists.
func (h Heart) alive() bool { return h.PID != 0 && !h.Stopped && proc.Alive(h.PID, h.Start) }
