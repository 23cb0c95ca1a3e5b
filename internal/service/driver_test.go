package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gander/internal/service"
)

const (
	unitPath  = "/home/ada/.config/systemd/user/gander.service"
	plistPath = "/home/ada/Library/LaunchAgents/gander.watch.plist"
	target    = "gui/501/gander.watch"

	show = "/bin/systemctl --user show --property=LoadState,ActiveState,SubState,MainPID,NRestarts,UnitFileState gander.service"
)

const (
	running = "MainPID=4711\nNRestarts=0\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
	absent  = "MainPID=0\nNRestarts=0\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n"
)

func TestSystemdCalls(t *testing.T) {
	for _, tt := range []struct {
		name string
		verb func(*service.Manager) func(context.Context) error
		show string
		want []string
	}{
		{"start", start, running, []string{
			"/bin/systemctl --user daemon-reload",
			"/bin/systemctl --user enable --now " + unitPath,
		}},
		{"restart", restart, running, []string{
			"/bin/systemctl --user daemon-reload",
			"/bin/systemctl --user enable " + unitPath,
			"/bin/systemctl --user restart gander.service",
		}},
		{"stop", stop, running, []string{show, "/bin/systemctl --user disable --now gander.service"}},
		{"stop what is not there", stop, absent, []string{show}},
		{"stop what runs without its file", stop, strings.Replace(absent, "inactive", "active", 1), []string{show, "/bin/systemctl --user stop gander.service"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := machine{say: map[string]string{show: tt.show}}
			if err := tt.verb(m.detect(t, "linux", options))(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, m.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func start(m *service.Manager) func(context.Context) error   { return m.Start }
func restart(m *service.Manager) func(context.Context) error { return m.Restart }
func stop(m *service.Manager) func(context.Context) error    { return m.Stop }

func TestAFailingCallIsTheLast(t *testing.T) {
	m := machine{say: map[string]string{show: running}}
	found := m.detect(t, "linux", options)
	m.fail = map[string]string{"/bin/systemctl --user daemon-reload": "Access denied\n", "/bin/systemctl --user disable": ""}
	for name, verb := range map[string]func(context.Context) error{"Start": found.Start, "Restart": found.Restart} {
		m.calls = nil
		err := verb(t.Context())
		if want := `/bin/systemctl --user daemon-reload: exit status: Access denied`; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
		if len(m.calls) != 1 {
			t.Errorf("%s: calls %q", name, m.calls)
		}
	}
	if err := found.Stop(t.Context()); err == nil {
		t.Error("Stop: no error")
	}
	m.fail = map[string]string{show: ""}
	if err := found.Stop(t.Context()); err == nil {
		t.Error("Stop without an answer: no error")
	}
	if _, err := found.Status(t.Context()); err == nil {
		t.Error("Status without an answer: no error")
	}
}

func TestSystemdStatus(t *testing.T) {
	for _, tt := range []struct {
		name, show string
		want       service.Status
	}{
		{"running", running, service.Status{Running: true, Detail: "active (running), pid 4711"}},
		{"absent", absent, service.Status{Detail: "inactive (dead), does not start at login"}},
		{
			"ending again and again",
			"MainPID=0\nNRestarts=12\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\nUnitFileState=enabled\n",
			service.Status{Detail: "activating (auto-restart), restarts: 12"},
		},
		{
			"started by hand", strings.Replace(running, "=enabled", "=disabled", 1),
			service.Status{Running: true, Detail: "active (running), pid 4711, does not start at login"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := machine{say: map[string]string{show: tt.show}}
			got, err := m.detect(t, "linux", options).Status(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("Status = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// A mac is a launchd that knows our service, or does not. A bootout takes
// effect after some more looks at it.
type mac struct {
	machine
	loaded  bool
	leaving int // looks until it is gone; negative: never
}

func (m *mac) run(ctx context.Context, argv []string) ([]byte, error) {
	if _, err := m.machine.run(ctx, argv); err != nil {
		return nil, err
	}
	switch argv[1] + " " + argv[len(argv)-1] {
	case "bootstrap " + plistPath:
		m.loaded = true
	case "bootout " + target:
		if m.leaving != 0 {
			return []byte("Boot-out failed: 36: Operation now in progress\n"), exitError(36)
		}
		m.loaded = false
	case "print " + target:
		return m.print()
	}
	return nil, nil
}

func (m *mac) print() ([]byte, error) {
	if !m.loaded {
		return []byte("Could not find service\n"), exitError(113)
	}
	for _, call := range m.calls {
		if strings.HasPrefix(call, "/bin/launchctl bootout") && m.leaving > 0 {
			m.leaving--
			m.loaded = m.leaving > 0
			break
		}
	}
	return []byte(printed), nil
}

const printed = target + ` = {
	active count = 1
	state = running

	environment = {
		state = forged
	}
	pid = 623
	last exit code = 1
}
`

func TestLaunchdCalls(t *testing.T) {
	const (
		enable    = "/bin/launchctl enable " + target
		disable   = "/bin/launchctl disable " + target
		look      = "/bin/launchctl print " + target
		bootstrap = "/bin/launchctl bootstrap gui/501 " + plistPath
		bootout   = "/bin/launchctl bootout " + target
	)
	for _, tt := range []struct {
		name    string
		verb    func(*service.Manager) func(context.Context) error
		loaded  bool
		leaving int
		want    []string
	}{
		{"start", start, false, 0, []string{enable, look, bootstrap}},
		{"start what runs", start, true, 0, []string{enable, look}},
		{"restart", restart, true, 0, []string{look, bootout, look, enable, look, bootstrap}},
		{"restart what does not run", restart, false, 0, []string{look, enable, look, bootstrap}},
		{"restart waits for the end", restart, true, 2, []string{look, bootout, look, look, look, enable, look, bootstrap}},
		{"stop", stop, true, 0, []string{disable, look, bootout, look}},
		{"stop what is not there", stop, false, 0, []string{disable, look}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := mac{loaded: tt.loaded, leaving: tt.leaving}
				found, err := service.Detect(t.Context(), "darwin", options, installed, m.run)
				if err != nil {
					t.Fatal(err)
				}
				m.calls = nil
				if err := tt.verb(found)(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, m.calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAServiceThatStaysLoadedIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mac{loaded: true, leaving: -1}
		found, err := service.Detect(t.Context(), "darwin", options, installed, m.run)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = found.Restart(t.Context())
		if err == nil || !strings.Contains(err.Error(), "gui/501/gander.watch is still loaded") || !strings.Contains(err.Error(), "Operation now in progress") {
			t.Error(err)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestALaunchctlThatHangsIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m machine
		found := m.detect(t, "darwin", options)
		m.hang = true
		for name, verb := range map[string]func(context.Context) error{"Start": found.Start, "Restart": found.Restart, "Stop": found.Stop} {
			if err := verb(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := found.Status(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Status: %v", err)
		}
	})
}

func TestLaunchdStatus(t *testing.T) {
	for _, tt := range []struct {
		name   string
		loaded bool
		want   service.Status
	}{
		{"running", true, service.Status{Running: true, Detail: "running, pid 623, last exit code 1"}},
		{"not loaded", false, service.Status{Detail: "not loaded"}},
	} {
		m := mac{loaded: tt.loaded}
		found, err := service.Detect(t.Context(), "darwin", options, installed, m.run)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := found.Status(t.Context()); err != nil || got != tt.want {
			t.Errorf("%s: Status = %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
	}
}
