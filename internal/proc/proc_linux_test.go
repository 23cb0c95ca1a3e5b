package proc_test

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"gander/internal/proc"
)

func waitForZombie(t *testing.T, pid int) {
	t.Helper()
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatalf("wait for process %d: %v", pid, err)
		}
		return
	}
}

const rest = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21"

func TestParseStat(t *testing.T) {
	for _, tt := range []struct {
		name, stat string
		comm       string
		dead, bad  bool
	}{
		{name: "a plain name", stat: "12 (sh) S" + rest, comm: "sh"},
		{name: "a name with brackets", stat: "12 (a) Z 1 (b) S" + rest, comm: "a) Z 1 (b"},
		{name: "a name with line feeds", stat: "12 (a\n)\n(b) R" + rest + "\n", comm: "a\n)\n(b"},
		{name: "an empty name", stat: "12 () R" + rest, comm: ""},
		{name: "a zombie", stat: "12 (sh) Z" + rest, comm: "sh", dead: true},
		{name: "a dead process", stat: "12 (sh) X" + rest, comm: "sh", dead: true},
		{name: "nothing", stat: "", bad: true},
		{name: "no name", stat: "12 S" + rest, bad: true},
		{name: "brackets in the wrong order", stat: "12 )sh( S" + rest, bad: true},
		{name: "too few fields", stat: "12 (sh) S 1 2 3", bad: true},
		{name: "nothing after the name", stat: "12 (sh)", bad: true},
		{name: "a start time that is no number", stat: "12 (sh) S" + strings.Replace(rest, "4711", "-4711", 1), bad: true},
		{name: "a start time over 64 bits", stat: "12 (sh) S" + strings.Replace(rest, "4711", "99999999999999999999", 1), bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start, comm, dead, err := proc.ParseStat([]byte(tt.stat))
			if tt.bad {
				if err == nil {
					t.Fatalf("ParseStat(%q) = %d, %q, want an error", tt.stat, start, comm)
				}
				return
			}
			if err != nil || start != 4711 || comm != tt.comm || dead != tt.dead {
				t.Errorf("ParseStat(%q) = %d, %q, %v, %v", tt.stat, start, comm, dead, err)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (sh) S" + rest))
	f.Add([]byte("12 (a) S" + rest + " (b) Z" + rest))
	f.Add([]byte("12 ()"))
	f.Fuzz(func(t *testing.T, name []byte) {
		proc.ParseStat(name)
		// Whatever a process calls itself, the fields after it are found.
		stat := "12 (" + string(name) + ") S" + rest + "\n"
		start, comm, dead, err := proc.ParseStat([]byte(stat))
		if err != nil || start != 4711 || comm != string(name) || dead {
			t.Errorf("ParseStat(%q) = %d, %q, %v, %v", stat, start, comm, dead, err)
		}
	})
}
