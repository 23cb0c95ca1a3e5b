package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/route"
)

// Raised calls yield for every alert in the outbox, oldest first, and says
// whether a drill raised it. It returns how many lines no watcher wrote.
func Raised(d Dirs, yield func(a alert.Alert, drill bool) bool) (damaged int, err error) {
	drills := readDrills(d)
	r := route.NewReader(d.Outbox())
	err = r.Read(func(a alert.Alert) bool { return yield(a, drills[a.Session]) })
	return r.Damaged, err
}

// Follow calls yield for every alert stored from now on, until ctx ends.
func Follow(ctx context.Context, d Dirs, yield func(a alert.Alert, drill bool)) error {
	r := route.NewReader(d.Outbox())
	r.SkipToEnd()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := r.Read(func(a alert.Alert) bool {
			yield(a, IsDrill(d, a))
			return true
		})
		if err != nil {
			return err
		}
	}
}

const followEvery = 100 * time.Millisecond

// IsDrill reports whether a drill raised the alert.
func IsDrill(d Dirs, a alert.Alert) bool { return readDrills(d)[a.Session] }

// readDrills are the session ids of drills that were run.
func readDrills(d Dirs) map[string]bool {
	drills := make(map[string]bool)
	f, err := os.Open(d.drills())
	if err != nil {
		return drills
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		drills[s.Text()] = true
	}
	return drills
}

// addDrill notes a drill's session id before the drill is run.
func addDrill(d Dirs, session string) error {
	f, err := os.OpenFile(d.drills(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("note the drill: %w", err)
	}
	_, err = f.WriteString(session + "\n")
	return errors.Join(err, f.Close())
}

// MarkRead remembers that a person has seen every alert raised up to t.
func MarkRead(d Dirs, t time.Time) error {
	return os.WriteFile(d.read(), []byte(t.UTC().Format(time.RFC3339Nano)+"\n"), 0o600)
}

// lastRead is when a person last looked, or the zero time.
func lastRead(d Dirs) time.Time {
	b, err := os.ReadFile(d.read())
	if err != nil {
		return time.Time{}
	}
	t, _ := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(b))) // damaged: nothing was read
	return t
}
