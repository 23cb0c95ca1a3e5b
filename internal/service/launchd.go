package service

import (
	"context"
	_ "embed" // for the property list
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

const label = "gander.watch"

//go:embed gander.watch.plist
var plistText string

// A launchd is the one of the user's session at the screen.
type launchd struct {
	ctl                    tool
	domain, service, plist string // "gui/501", "gui/501/gander.watch", path
}

func newLaunchd(ctx context.Context, o Options, lookPath func(string) (string, error), run Runner) (*Manager, error) {
	launchctl, err := lookPath("launchctl")
	if err != nil {
		return nil, errors.New("launchctl is not installed")
	}
	domain := "gui/" + strconv.Itoa(o.UID)
	l := launchd{
		ctl:    tool{launchctl, run},
		domain: domain, service: domain + "/" + label,
		plist: path.Join(o.Home, "Library/LaunchAgents", label+".plist"),
	}
	if _, err := l.ctl.call(ctx, probeTimeout, "print", domain); err != nil {
		return nil, fmt.Errorf("this user is not logged in at the screen: %w", err)
	}
	data := strings.NewReplacer(
		"@ARGUMENTS@", xmlStrings(append([]string{o.Program}, o.Args...)...),
		"@LOG@", xmlStrings(o.LogPath),
	).Replace(plistText)
	return &Manager{
		Name:  "launchd",
		Hint:  "It runs while you are logged in. Its messages: " + o.LogPath,
		Files: []File{{Path: l.plist, Data: []byte(data), Mode: 0o644}},
		Start: l.start, Restart: l.restart, Stop: l.stop, Status: l.status,
	}, nil
}

func xmlStrings(list ...string) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString("<string>")
		_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
		b.WriteString("</string>")
	}
	return strings.ReplaceAll(b.String(), "</string><", "</string>\n\t\t<")
}

// start leaves a service that is loaded alone: by KeepAlive it runs.
func (l launchd) start(ctx context.Context) error {
	if err := l.ctl.calls(ctx, []string{"enable", l.service}); err != nil {
		return err
	}
	if _, loaded, err := l.print(ctx); loaded || err != nil {
		return err
	}
	return l.ctl.calls(ctx, []string{"bootstrap", l.domain, l.plist})
}

// restart loads the service anew: only then does launchd read its file.
func (l launchd) restart(ctx context.Context) error {
	if err := l.unload(ctx); err != nil {
		return err
	}
	return l.start(ctx)
}

func (l launchd) stop(ctx context.Context) error {
	if err := l.ctl.calls(ctx, []string{"disable", l.service}); err != nil {
		return err
	}
	return l.unload(ctx)
}

// unload waits until the service is gone. bootout returns before that, at times
// with an error that says so, and bootstrap fails until then.
func (l launchd) unload(ctx context.Context) error {
	if _, loaded, err := l.print(ctx); !loaded || err != nil {
		return err
	}
	bootout := l.ctl.calls(ctx, []string{"bootout", l.service})
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, loaded, err := l.print(ctx); !loaded || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s is still loaded: %w", l.service, ctx.Err()), bootout)
		}
	}
}

func (l launchd) status(ctx context.Context) (Status, error) {
	facts, loaded, err := l.print(ctx)
	if err != nil {
		return Status{}, err
	}
	if !loaded {
		return Status{Detail: "not loaded"}, nil
	}
	detail := facts["state"]
	for _, name := range []string{"pid", "last exit code"} {
		if facts[name] != "" {
			detail += ", " + name + " " + facts[name]
		}
	}
	return Status{Running: facts["state"] == "running", Detail: detail}, nil
}

// print returns what launchd knows of the service, and whether it is loaded.
// launchctl fails for one that is not.
func (l launchd) print(ctx context.Context) (facts map[string]string, loaded bool, err error) {
	out, err := l.ctl.call(ctx, callTimeout, "print", l.service)
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return nil, false, nil
	}
	return properties(out, " = "), err == nil, err
}
