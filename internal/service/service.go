// Package service keeps the watcher running from login on, with what the
// machine has for that: a systemd user unit on Linux, a launchd agent on macOS.
// Where there is neither, it says why and how to run the watcher by hand.
// Nothing here needs root. Both end the watcher when the user logs out; systemd
// does not for a user who lingers (see [Manager].Hint).
//
// To install, [File.Write] each file of the [Manager], then call Start, or
// Restart when a file changed. To uninstall, call Stop, then remove the files.
// Every step may be repeated.
//
// The package reads no environment and runs no shell: paths come from the
// caller, and programs are run as lists of arguments.
package service

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrNoManager is wrapped by Start and Restart where there is no service
// manager to talk to.
var ErrNoManager = errors.New("no service manager")

// Options say what to run and for whom. Paths are absolute. No string may hold
// a control character or invalid UTF-8.
type Options struct {
	Home       string   // the user's home directory
	ConfigHome string   // XDG_CONFIG_HOME; Home/.config if that is not an absolute path
	Program    string   // the gander binary
	Args       []string // what makes it watch
	LogPath    string   // macOS: takes its standard error; the directory must exist
	UID        int
}

// A Status is the state of the service.
type Status struct {
	Running bool
	Detail  string // a few words: "active (running), pid 4711"
}

// A Manager is the service manager of a machine, or the lack of one.
type Manager struct {
	Name   string // "systemd", "launchd" or "none"
	Reason string // why there is none
	Hint   string // one or two lines for a person: what to know, or how to do without
	Files  []File // what the service consists of

	// Start makes the service run now and from every login on. The files must
	// be in place. A service that runs is left alone.
	Start func(context.Context) error
	// Restart does the same by what the files say now.
	Restart func(context.Context) error
	// Stop ends the service, and its start at login. One that is not there is
	// stopped already.
	Stop func(context.Context) error
	// Status asks for the state of the service.
	Status func(context.Context) (Status, error)
}

// Detect finds the service manager of this machine, whose system is goos. One
// that is installed but does not answer within two seconds, as in a container,
// does not count. lookPath is [os/exec.LookPath] and run is [Exec], but in
// tests. All errors are about o.
func Detect(ctx context.Context, goos string, o Options, lookPath func(string) (string, error), run Runner) (*Manager, error) {
	if err := o.check(goos); err != nil {
		return nil, fmt.Errorf("set up the service: %w", err)
	}
	var m *Manager
	var missing error
	switch goos {
	case "linux":
		m, missing = newSystemd(ctx, o, lookPath, run)
	case "darwin":
		m, missing = newLaunchd(ctx, o, lookPath, run)
	default:
		missing = fmt.Errorf("services are not supported on %s", goos)
	}
	if missing != nil {
		return none(goos, o, missing.Error()), nil
	}
	return m, nil
}

// none is the manager of a machine without one.
func none(goos string, o Options, reason string) *Manager {
	quote := shellWord
	if goos == "windows" {
		quote = func(s string) string { return `"` + s + `"` }
	}
	command := quote(o.Program)
	for _, a := range o.Args {
		command += " " + quote(a)
	}
	hint := "Run it by hand, and keep it running: " + command
	if goos != "windows" && !strings.ContainsAny(command, `%\`) { // cron has its own way with these
		hint += "\nFrom every boot on, a line for crontab -e: @reboot " + command
	}
	fail := func(context.Context) error { return fmt.Errorf("%w: %s\n%s", ErrNoManager, reason, hint) }
	return &Manager{
		Name: "none", Reason: reason, Hint: hint,
		Start: fail, Restart: fail,
		Stop:   func(context.Context) error { return nil },
		Status: func(context.Context) (Status, error) { return Status{Detail: reason}, nil },
	}
}

// shellWord quotes s for a POSIX shell.
func shellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// check refuses what a unit, a plist or a command line cannot hold.
func (o Options) check(goos string) error {
	for _, s := range append([]string{o.Home, o.ConfigHome, o.Program, o.LogPath}, o.Args...) {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, isUnfit) {
			return fmt.Errorf("%q holds control characters or invalid UTF-8: use another name", s)
		}
	}
	for _, p := range []string{o.Home, o.Program, o.LogPath} {
		if !path.IsAbs(p) && goos != "windows" {
			return fmt.Errorf("path %q is not absolute", p)
		}
	}
	return nil
}

func isUnfit(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}
