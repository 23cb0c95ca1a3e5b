package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"gander/internal/journal"
	"gander/internal/journal/record"
)

func TestHookIsNeverHeldUpByWhatLiesAtTheJournal(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lay    func(t *testing.T, path string)
		reason string
	}{
		{"a FIFO without a reader", fifo, "no such device or address"},
		{"a FIFO with a reader", fifoWithReader, "not-regular"},
		{"a symbolic link", func(t *testing.T, p string) { check(t, os.Symlink("/dev/null", p)) }, "too many levels of symbolic links"},
		{"a dangling link", func(t *testing.T, p string) { check(t, os.Symlink("nowhere", p)) }, "too many levels of symbolic links"},
		{"a directory", func(t *testing.T, p string) { check(t, os.Mkdir(p, 0o700)) }, "is a directory"},
		{"a device", device, "not-regular"},
		{"a second link", func(t *testing.T, p string) { check(t, os.WriteFile(p+"2", nil, 0o600)); check(t, os.Link(p+"2", p)) }, "links"},
		{"somebody else's file", foreign, "owner"},
		{"a leased file", leased, "resource temporarily unavailable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "journal")
			check(t, os.Mkdir(dir, 0o700))
			tt.lay(t, journal.LivePath(dir))
			refuses(t, dir, tt.reason)
		})
	}
}

// refuses runs the hook with both policies at a journal it cannot use.
func refuses(t *testing.T, dir, reason string) {
	t.Helper()
	begin := time.Now()
	code, out := run(t, payload(1, 100), "--journal", dir, "claude-code")
	if took := time.Since(begin); took > 5*time.Second { // 200 ms on a quiet machine; a lease would hold it 45 s
		t.Errorf("took %s", took)
	}
	if code != 0 || out != "" {
		t.Errorf("exit %d, output %q; want 0 and nothing", code, out)
	}
	code, out = run(t, payload(1, 100), "--journal", dir, "--on-failure", "block", "claude-code")
	if code != 2 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "gander status") {
		t.Errorf("exit %d, output %q; want 2 and one line that says what to do", code, out)
	}
	m := marks(t, dir)
	if len(m) != 2 || m[0].Reason() != reason || m[0].Session != "7f3a91c2" {
		t.Errorf("marks %+v, want two with reason %q", m, reason)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fifo(t *testing.T, path string) { check(t, unix.Mkfifo(path, 0o600)) }

func fifoWithReader(t *testing.T, path string) {
	fifo(t, path)
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	check(t, err)
	t.Cleanup(func() { f.Close() })
}

func device(t *testing.T, path string) {
	if err := unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))); err != nil {
		t.Skip("making a device file needs root:", err)
	}
}

func foreign(t *testing.T, path string) {
	check(t, os.WriteFile(path, nil, 0o666))
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Skip("giving a file away needs root:", err)
	}
}

func leased(t *testing.T, path string) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	check(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	check(t, err)
}

func TestHookWithoutPermissionToWriteLeavesAMark(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.WriteFile(journal.LivePath(dir), nil, 0o600))
	limited(t, dir, "ulimit -f 0")
	m := marks(t, dir)
	if len(m) != 1 || m[0].Reason() != "file too large" {
		t.Errorf("marks %+v, want one that says the file is too large", m)
	}
}

// limited runs the hook under a shell's limit, with the blocking policy.
func limited(t *testing.T, dir, limit string) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", limit+`; exec "$@"`, "sh", binary, "--journal", dir, "--on-failure", "block", "claude-code")
	cmd.Stdin = bytes.NewReader(payload(1, 100))
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 || strings.Count(string(out), "\n") != 1 {
		t.Errorf("exit %d, output %q; want 2 and one line", code, out)
	}
}

func TestHookOnAFullDiskLeavesAMark(t *testing.T) {
	code, marks, live := onSmallDisk(t, "cat /dev/zero")
	if code != "2" || !strings.Contains(marks, "_errno-28_7f3a91c2_") || live != "" {
		t.Errorf("exit %s, marks %q, journal %q; want exit 2, a mark for errno 28, and nothing", code, marks, live)
	}
}

func TestHookOnANearlyFullDiskRecordsADigest(t *testing.T) {
	code, marks, live := onSmallDisk(t, "head -c 50000 /dev/zero")
	r, err := record.Parse([]byte(strings.TrimSpace(live)))
	if code != "0" || marks != "" || err != nil || r.Cut == nil || len(live) > record.MaxDigest {
		t.Fatalf("exit %s, marks %q, %v, journal %q; want exit 0 and a digest", code, marks, err, live)
	}
	if want := int64(len(payload(1, 30000))); r.Cut.Len != want || r.Session != "7f3a91c2" {
		t.Errorf("%+v, %+v; want a payload of %d bytes", r.Cut, r.Header, want)
	}
}

// onSmallDisk runs the hook with the blocking policy on a disk of 64 KiB that
// fill has been written to. The disk is a tmpfs in a mount namespace of its
// own: only the processes in it see it, and it is gone with the last of them.
func onSmallDisk(t *testing.T, fill string) (code, marks, live string) {
	t.Helper()
	dir := t.TempDir()
	script := `mount -t tmpfs -o size=64k,nr_inodes=64 none "$1" && mkdir "$1/journal" "$1/journal.marks" || exit 9
` + fill + ` >"$1/fill" 2>/dev/null
shift; "$@" <&3 2>/dev/null; echo "$?,$(ls ` + dir + `/journal.marks),$(cat ` + dir + `/journal/live.jsonl)"`
	cmd := exec.Command("unshare", "-m", "sh", "-c", script, "sh", dir, binary, "--journal", dir+"/journal", "--on-failure", "block", "claude-code")
	if unix.Geteuid() != 0 {
		cmd.Args = append([]string{"unshare", "-U", "-r"}, cmd.Args[1:]...)
	}
	name := filepath.Join(t.TempDir(), "payload")
	check(t, os.WriteFile(name, payload(1, 30000), 0o600))
	in, err := os.Open(name)
	check(t, err)
	defer in.Close()
	cmd.ExtraFiles = []*os.File{in}
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code == 9 || strings.HasPrefix(string(out), "unshare:") {
		t.Skipf("needs a private mount namespace: %s", out)
	}
	f := strings.SplitN(string(out), ",", 3)
	if err != nil || len(f) != 3 {
		t.Fatalf("%v: %s", err, out)
	}
	return f[0], strings.TrimSpace(f[1]), strings.TrimSpace(f[2])
}

func TestHookAtAReadOnlyFileLeavesAMark(t *testing.T) {
	if unix.Geteuid() != 0 {
		t.Skip("needs root, to become a user whom modes bind")
	}
	base := t.TempDir()
	dir := filepath.Join(base, "journal")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.WriteFile(journal.LivePath(dir), nil, 0o400))
	for _, p := range []string{base, dir, journal.LivePath(dir)} {
		check(t, os.Chown(p, 12345, 12345))
	}
	check(t, os.Chmod(filepath.Dir(base), 0o755))
	check(t, os.Chmod(filepath.Dir(binary), 0o755))
	cmd := exec.Command(binary, "--journal", dir, "claude-code")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
	cmd.Stdin = bytes.NewReader(payload(1, 100))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v, output %q; want exit 0 and nothing", err, out)
	}
	if m := marks(t, dir); len(m) != 1 || m[0].Reason() != "permission denied" {
		t.Errorf("marks %+v, want one: permission denied", m)
	}
}
