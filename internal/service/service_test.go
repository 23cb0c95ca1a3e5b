package service_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gander/internal/service"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var options = service.Options{
	Home:    "/home/ada",
	Program: "/usr/local/bin/gander",
	Args:    []string{"--state", "/home/ada/.local/state/gander", "watch"},
	LogPath: "/home/ada/.local/state/gander/watch.log",
	UID:     501,
}

// A machine is a service manager for tests. It notes the calls it gets.
type machine struct {
	calls []string
	fail  map[string]string // what a failing call prints, by the start of the call
	say   map[string]string // what a call prints
	hang  bool              // calls end with their context only
}

// An exitError is what a program that ran and failed leaves.
type exitError int

func (exitError) Error() string   { return "exit status" }
func (e exitError) ExitCode() int { return int(e) }

func (m *machine) run(ctx context.Context, argv []string) ([]byte, error) {
	call := strings.Join(argv, " ")
	m.calls = append(m.calls, call)
	if m.hang {
		<-ctx.Done()
		return nil, exitError(-1)
	}
	for start, text := range m.fail {
		if strings.HasPrefix(call, start) {
			return []byte(text), exitError(1)
		}
	}
	for start, text := range m.say {
		if strings.HasPrefix(call, start) {
			return []byte(text), nil
		}
	}
	return nil, nil
}

func installed(name string) (string, error) { return "/bin/" + name, nil }

// detect returns the manager, and forgets the calls that took.
func (m *machine) detect(t *testing.T, goos string, o service.Options) *service.Manager {
	t.Helper()
	found, err := service.Detect(t.Context(), goos, o, installed, m.run)
	if err != nil {
		t.Fatal(err)
	}
	m.calls = nil
	return found
}

func TestGoldenFiles(t *testing.T) {
	odd := options
	odd.Program = "/opt/my tools/50%/gander"
	odd.Args = []string{"", "a b", `"`, `'`, `\`, "%h", "$HOME", ";", "<&>", "日本語"}
	odd.LogPath = "/tmp/<&>.log"
	for _, tt := range []struct {
		goos, name, path string
		o                service.Options
	}{
		{"linux", "gander.service", "/home/ada/.config/systemd/user/gander.service", options},
		{"linux", "odd.service", "/home/ada/.config/systemd/user/gander.service", odd},
		{"darwin", "gander.watch.plist", "/home/ada/Library/LaunchAgents/gander.watch.plist", options},
		{"darwin", "odd.plist", "/home/ada/Library/LaunchAgents/gander.watch.plist", odd},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := new(machine).detect(t, tt.goos, tt.o).Files
			if len(files) != 1 || files[0].Path != tt.path || files[0].Mode != 0o644 {
				t.Fatalf("files %+v, want one at %s", files, tt.path)
			}
			golden := filepath.Join("testdata", tt.name)
			if *update {
				if err := os.WriteFile(golden, files[0].Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(files[0].Data)); diff != "" {
				t.Errorf("run with -update if this is meant (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheUnitLiesInXDGConfigHome(t *testing.T) {
	for configHome, want := range map[string]string{
		"/data/config": "/data/config/systemd/user/gander.service",
		"relative":     "/home/ada/.config/systemd/user/gander.service",
	} {
		o := options
		o.ConfigHome = configHome
		if got := new(machine).detect(t, "linux", o).Files[0].Path; got != want {
			t.Errorf("ConfigHome %q: unit at %s, want %s", configHome, got, want)
		}
	}
}

func TestSystemdItselfAcceptsTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze")
	}
	o := options
	if o.Program, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	o.Args = []string{"", "a b", `"`, `'`, `\`, "%h", "$HOME", ";", "<&>", "日本語"}
	f := new(machine).detect(t, "linux", o).Files[0]
	f.Path = filepath.Join(t.TempDir(), "gander.service")
	if _, err := f.Write(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(analyze, "--user", "verify", f.Path)
	cmd.Env = []string{"HOME=" + t.TempDir(), "XDG_RUNTIME_DIR=" + t.TempDir()}
	// It looks at other units too, which may have troubles of their own.
	if out, err := cmd.CombinedOutput(); bytes.Contains(out, []byte("gander.service")) || err != nil && len(out) == 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func TestDetect(t *testing.T) {
	missing := func(string) (string, error) { return "", exec.ErrNotFound }
	quoted := options
	quoted.Program = "/home/ada/it's/gander"
	for _, tt := range []struct {
		name, goos string
		o          service.Options
		lookPath   func(string) (string, error)
		fail       map[string]string
		want       string
		reason     string
		probe      []string
	}{
		{"systemd answers", "linux", options, installed, nil, "systemd", "", []string{"/bin/systemctl --user show --property=Version"}},
		{"systemctl is missing", "linux", options, missing, nil, "none", "systemctl is not installed", nil},
		{
			"systemctl has nobody to talk to", "linux", options, installed,
			map[string]string{"/bin/systemctl": "Failed to connect to bus: No medium\x1b found\nmore\n"},
			"none",
			`this user's systemd does not answer: /bin/systemctl --user show --property=Version: exit status: Failed to connect to bus: No medium\x1b found`,
			[]string{"/bin/systemctl --user show --property=Version"},
		},
		{"systemd would refuse the program", "linux", quoted, installed, nil, "none", `systemd runs no program with quotes or backslashes in its path: move "/home/ada/it's/gander"`, nil},
		{"launchd answers", "darwin", options, installed, nil, "launchd", "", []string{"/bin/launchctl print gui/501"}},
		{"launchctl is missing", "darwin", options, missing, nil, "none", "launchctl is not installed", nil},
		{
			"nobody is logged in on a Mac", "darwin", options, installed,
			map[string]string{"/bin/launchctl": "Bad request.\n"},
			"none",
			`this user is not logged in at the screen: /bin/launchctl print gui/501: exit status: Bad request.`,
			[]string{"/bin/launchctl print gui/501"},
		},
		{"windows", "windows", options, installed, nil, "none", "services are not supported on windows", nil},
		{"freebsd", "freebsd", options, installed, nil, "none", "services are not supported on freebsd", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := machine{fail: tt.fail}
			got, err := service.Detect(t.Context(), tt.goos, tt.o, tt.lookPath, m.run)
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != tt.want || got.Reason != tt.reason {
				t.Errorf("found %s, reason %s\nwant  %s, reason %s", got.Name, got.Reason, tt.want, tt.reason)
			}
			if diff := cmp.Diff(tt.probe, m.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAManagerThatHangsDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		m := (&machine{hang: true}).detect(t, "linux", options)
		if m.Name != "none" || !strings.Contains(m.Reason, "deadline exceeded") {
			t.Errorf("found %s, reason %s", m.Name, m.Reason)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestOptionsThatNoFileCouldHoldAreRefused(t *testing.T) {
	for name, change := range map[string]func(*service.Options){
		"a line feed in an argument":          func(o *service.Options) { o.Args = []string{"a\nExecStartPre=/bin/evil"} },
		"NUL in an argument":                  func(o *service.Options) { o.Args = []string{"a\x00"} },
		"an escape in the program":            func(o *service.Options) { o.Program = "/bin/\x1b[2J" },
		"invalid UTF-8 in the home directory": func(o *service.Options) { o.Home = "/home/\xff" },
		"a noncharacter in the log path":      func(o *service.Options) { o.LogPath = "/\uffff" },
		"a carriage return in ConfigHome":     func(o *service.Options) { o.ConfigHome = "/\r" },
		"a relative program":                  func(o *service.Options) { o.Program = "gander" },
		"a relative log path":                 func(o *service.Options) { o.LogPath = "log" },
		"no home directory":                   func(o *service.Options) { o.Home = "" },
	} {
		o := options
		change(&o)
		for _, goos := range []string{"linux", "darwin", "freebsd"} {
			if _, err := service.Detect(t.Context(), goos, o, installed, new(machine).run); err == nil {
				t.Errorf("%s goes through on %s", name, goos)
			}
		}
	}
}

func TestWithoutAManagerThereIsAHint(t *testing.T) {
	o := options
	o.Args = []string{"--state", "/home/ada/it's here", "watch"}
	m := (&machine{fail: map[string]string{"": ""}}).detect(t, "linux", o)
	const command = `/usr/local/bin/gander --state '/home/ada/it'\''s here' watch`
	if want := "Run it by hand, and keep it running: " + command; m.Hint != want {
		t.Errorf("hint %s\nwant %s", m.Hint, want)
	}
	m = (&machine{fail: map[string]string{"": ""}}).detect(t, "linux", options)
	if want := "\nFrom every boot on, a line for crontab -e: @reboot /usr/local/bin/gander --state /home/ada/.local/state/gander watch"; !strings.HasSuffix(m.Hint, want) {
		t.Errorf("hint %s\nwant at its end %s", m.Hint, want)
	}

	for name, verb := range map[string]func(context.Context) error{"Start": m.Start, "Restart": m.Restart} {
		err := verb(t.Context())
		if !errors.Is(err, service.ErrNoManager) || !strings.Contains(err.Error(), m.Reason) || !strings.Contains(err.Error(), m.Hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := m.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
	if st, err := m.Status(t.Context()); st.Running || st.Detail != m.Reason || err != nil {
		t.Errorf("Status = %+v, %v", st, err)
	}

	o = service.Options{Program: `C:\Program Files\gander.exe`, Args: []string{"watch"}}
	m = new(machine).detect(t, "windows", o)
	if want := `Run it by hand, and keep it running: "C:\Program Files\gander.exe" "watch"`; m.Hint != want {
		t.Errorf("hint %s\nwant %s", m.Hint, want)
	}
}

func TestHintsNameTheLogAndLingering(t *testing.T) {
	if hint := new(machine).detect(t, "linux", options).Hint; !strings.Contains(hint, "journalctl --user -u gander.service") || !strings.Contains(hint, "loginctl enable-linger") {
		t.Error(hint)
	}
	if hint := new(machine).detect(t, "darwin", options).Hint; !strings.Contains(hint, options.LogPath) {
		t.Error(hint)
	}
}

func TestWrite(t *testing.T) {
	f := service.File{Path: filepath.Join(t.TempDir(), "a/b/gander.service"), Data: []byte("unit"), Mode: 0o644}
	write := func(step string, want bool) {
		t.Helper()
		if changed, err := f.Write(); err != nil || changed != want {
			t.Errorf("%s: Write = %v, %v, want %v", step, changed, err, want)
		}
		info, err := os.Lstat(f.Path)
		if err != nil || info.Mode() != f.Mode {
			t.Errorf("%s: file is %v, %v", step, info, err)
		}
		if data, err := os.ReadFile(f.Path); err != nil || !bytes.Equal(data, f.Data) {
			t.Errorf("%s: file holds %q, %v", step, data, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write("a new file", true)
	write("the same file", false)
	f.Data = []byte("tinu")
	write("other data of the same size", true)
	must(os.Chmod(f.Path, 0o666))
	write("a file others can write", true)

	other := filepath.Join(t.TempDir(), "other")
	must(os.WriteFile(other, f.Data, 0o644))
	must(os.Remove(f.Path))
	must(os.Symlink(other, f.Path))
	write("a symbolic link to the same data", true)

	entries, err := os.ReadDir(filepath.Dir(f.Path))
	if err != nil || len(entries) != 1 {
		t.Errorf("directory holds %v, %v", entries, err)
	}
	f.Path = filepath.Join(f.Path, "below")
	if _, err := f.Write(); err == nil || !strings.HasPrefix(err.Error(), "write service file: ") {
		t.Errorf("Write below a file: %v", err)
	}
}

func TestExec(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := service.Exec(t.Context(), []string{self, "-test.run=^$"})
	if err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("printed %q, %v", out, err)
	}
	out, err = service.Exec(t.Context(), []string{self, "-test.unknown"})
	var exit interface{ ExitCode() int }
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || len(out) == 0 {
		t.Errorf("printed %q, %v", out, err)
	}
	if _, err := service.Exec(t.Context(), []string{filepath.Join(t.TempDir(), "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
