package detect

import (
	"fmt"
	"strings"
	"time"

	"gander/internal/alert"
	"gander/internal/event"
	"gander/internal/shell"
)

// A scout counts how many ways a session looks its machine over.
type scout struct {
	acts  [maxActs]act
	next  int
	hunts time.Time                   // when secrets were looked for
	told  [alert.Medium + 1]time.Time // when that was said, by level
}

type act struct {
	what uint64
	at   time.Time
}

const (
	maxActs     = 16
	scoutWindow = 2 * time.Minute
	scoutActs   = 6 // different ones in a window that are more than a check of the surroundings
)

// discover states that a session looks its machine over, and more loudly so when
// it looks for secrets beside.
func (s *Sessions) discover(se *session, e *event.Event) {
	found := false
	for i := range s.facts.cmds {
		c := &s.facts.cmds[i]
		what := ""
		if i > 0 {
			cmd := &s.facts.line().Commands[i-1]
			what = looksAt(cmd, c.kind)
			if huntsSecrets(cmd) {
				se.scout.hunts = e.Time
			}
		}
		if what == "" && c.discovery {
			what = "rule"
			if i > 0 {
				what = s.facts.line().Commands[i-1].Name
			}
		}
		if what != "" {
			se.scout.add(s.hash(what), e.Time)
			found = true
		}
	}
	if found {
		s.scouted(se, e)
	}
}

func (s *Sessions) scouted(se *session, e *event.Event) {
	sc := &se.scout
	n := sc.count(e.Time)
	if n < scoutActs {
		return
	}
	level := alert.Low
	if !sc.hunts.IsZero() && e.Time.Sub(sc.hunts).Abs() <= sessionWindow || se.secret.recently(se, e, sessionCalls, sessionWindow) {
		level = alert.Medium
	}
	if e.Time.Sub(sc.told[level]).Abs() < sessionWindow {
		return
	}
	sc.told[level] = e.Time
	s.say(alert.Finding{
		Rule: alert.Rule{
			ID: "gander.discovery", Title: "A session looks the machine over",
			Tags: []string{"attack.discovery", "attack.t1082", "attack.t1087", "attack.t1083", "owasp.asi01"},
		},
		Level:  level,
		Why:    fmt.Sprintf("%d different commands within %s asked who and what is on this machine and around it", n, scoutWindow),
		Advice: "see whether the task needs to know; what follows in the session matters more",
		Key:    fmt.Sprint(e.Session, " ", level, " ", e.Time.Truncate(sessionWindow).UTC().Format(time.RFC3339)),
		Events: se.chain(se.secret.link, e),
	})
}

// add remembers an act.
func (sc *scout) add(what uint64, at time.Time) {
	for i := range sc.acts {
		if sc.acts[i].what == what {
			sc.acts[i].at = at
			return
		}
	}
	sc.acts[sc.next] = act{what, at}
	sc.next = (sc.next + 1) % maxActs
}

func (sc *scout) count(now time.Time) int {
	n := 0
	for i := range sc.acts {
		if a := &sc.acts[i]; a.what != 0 && now.Sub(a.at).Abs() <= scoutWindow {
			n++
		}
	}
	return n
}

// looksAt names what a command shows of the machine, or "".
func looksAt(c *shell.Command, kind programKind) string {
	switch {
	case kind&scouts != 0:
		return c.Name
	case c.Name == "sudo" || c.Name == "crontab":
		if hasWords(c.Argv, []string{"-l"}) {
			return c.Name
		}
		return ""
	case c.Name == "aws" && hasWords(c.Argv, []string{"get-caller-identity"}):
		return c.Name
	case !shows[c.Name]:
		return ""
	}
	for _, a := range c.Argv[1:] {
		if ofMachine[strings.TrimSuffix(a, "/")] || a == "/" {
			return c.Name + " " + a
		}
	}
	return ""
}

var (
	shows     = setOf("cat less more head tail grep ls find tree du")
	ofMachine = setOf("/etc /home /root /Users ~ /var /opt /srv /mnt /proc /etc/passwd /etc/group /etc/hosts /etc/os-release /etc/issue " +
		"/etc/resolv.conf /etc/crontab /etc/ssh/sshd_config /etc/sudoers /etc/fstab /proc/version /proc/cpuinfo /proc/1/cgroup /proc/net/tcp")
)

// huntsSecrets reports whether a command looks for secrets on the whole machine.
func huntsSecrets(c *shell.Command) bool {
	if !searches[c.Name] {
		return false
	}
	wide, hunts := c.Name == "locate" || c.Name == "mdfind", false
	for _, a := range c.Argv[1:] {
		wide = wide || ofMachine[strings.TrimSuffix(a, "/")] || a == "/" || strings.HasPrefix(a, "/home/") && strings.Count(a, "/") == 2
		for _, w := range hunted {
			hunts = hunts || strings.Contains(a, w)
		}
	}
	return wide && hunts
}

var (
	searches = setOf("find fd grep egrep rg ag locate mdfind")
	hunted   = []string{"id_rsa", "id_ed25519", "id_*", ".pem", ".key", ".env", "credential", "password", "passwd", "secret", "token", "PRIVATE KEY", "AKIA", "wallet", ".kdbx", "api_key", "apikey"}
)
