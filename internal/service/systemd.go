package service

import (
	"context"
	_ "embed" // for the unit
	"errors"
	"fmt"
	"path"
	"strings"
)

const unitName = "gander.service"

//go:embed gander.service
var unitText string

// A systemd is the user's own instance of it.
type systemd struct {
	ctl  tool
	unit string // path
}

func newSystemd(ctx context.Context, o Options, lookPath func(string) (string, error), run Runner) (*Manager, error) {
	if strings.ContainsAny(o.Program, `"'\`) {
		return nil, fmt.Errorf("systemd runs no program with quotes or backslashes in its path: move %q", o.Program)
	}
	systemctl, err := lookPath("systemctl")
	if err != nil {
		return nil, errors.New("systemctl is not installed")
	}
	s := systemd{ctl: tool{systemctl, run}, unit: path.Join(o.configHome(), "systemd/user", unitName)}
	// In a container, or after su, systemctl is there and has nobody to talk to.
	if _, err := s.ctl.call(ctx, probeTimeout, "--user", "show", "--property=Version"); err != nil {
		return nil, fmt.Errorf("this user's systemd does not answer: %w", err)
	}
	data := strings.ReplaceAll(unitText, "@COMMAND@", systemdCommand(o))
	return &Manager{
		Name: "systemd",
		Hint: "It runs while you are logged in. Its messages: journalctl --user -u " + unitName + "\n" +
			"On a machine nobody logs in to, such as a CI runner, let it run all the same: loginctl enable-linger",
		Files: []File{{Path: s.unit, Data: []byte(data), Mode: 0o644}},
		Start: s.start, Restart: s.restart, Stop: s.stop, Status: s.status,
	}, nil
}

func (o Options) configHome() string {
	if path.IsAbs(o.ConfigHome) {
		return o.ConfigHome
	}
	return path.Join(o.Home, ".config")
}

// systemdCommand writes the command as ExecStart= of systemd.service(5) takes
// it: % begins a specifier, and in an argument $ begins a variable.
func systemdCommand(o Options) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`)
	command := `"` + strings.ReplaceAll(o.Program, `%`, `%%`) + `"`
	for _, a := range o.Args {
		command += ` "` + escape.Replace(a) + `"`
	}
	return command
}

// start names the unit by its path: a systemd that was started without the
// caller's XDG_CONFIG_HOME would not find it by its name.
func (s systemd) start(ctx context.Context) error {
	return s.ctl.calls(ctx, []string{"--user", "daemon-reload"}, []string{"--user", "enable", "--now", s.unit})
}

func (s systemd) restart(ctx context.Context) error {
	return s.ctl.calls(ctx, []string{"--user", "daemon-reload"}, []string{"--user", "enable", s.unit},
		[]string{"--user", "restart", unitName})
}

// stop asks first: for a unit that is not there systemctl fails, and says why
// in the user's language.
func (s systemd) stop(ctx context.Context) error {
	unit, err := s.show(ctx)
	switch {
	case err != nil:
		return err
	case unit["LoadState"] != "not-found":
		return s.ctl.calls(ctx, []string{"--user", "disable", "--now", unitName})
	case unit["ActiveState"] != "inactive": // somebody deleted the file, and it runs on
		return s.ctl.calls(ctx, []string{"--user", "stop", unitName})
	}
	return nil
}

func (s systemd) status(ctx context.Context) (Status, error) {
	unit, err := s.show(ctx)
	if err != nil {
		return Status{}, err
	}
	detail := fmt.Sprintf("%s (%s)", unit["ActiveState"], unit["SubState"])
	if pid := unit["MainPID"]; pid != "0" {
		detail += ", pid " + pid
	}
	if n := unit["NRestarts"]; n != "0" {
		detail += ", restarts: " + n
	}
	if unit["UnitFileState"] != "enabled" {
		detail += ", does not start at login"
	}
	return Status{Running: unit["ActiveState"] == "active", Detail: detail}, nil
}

// show returns properties of the unit. One that is not there has them too.
func (s systemd) show(ctx context.Context) (map[string]string, error) {
	out, err := s.ctl.call(ctx, callTimeout, "--user", "show",
		"--property=LoadState,ActiveState,SubState,MainPID,NRestarts,UnitFileState", unitName)
	return properties(out, "="), err
}
