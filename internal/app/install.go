package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"gander/internal/agent"
	"gander/internal/agent/claudecode"
	"gander/internal/guard/fileflags"
	"gander/internal/hook"
	"gander/internal/safetext"
	"gander/internal/service"
)

// InstallOptions say what to set up. Only Dirs, Out and Program are needed.
type InstallOptions struct {
	Dirs    Dirs
	Out     io.Writer // what is done, a line each
	Program string    // this very program; gander-hook lies beside it

	DryRun         bool
	NoService      bool
	Lock           bool
	MessageDisplay bool
	OnFailure      string // "", "go-on" or "block"
}

// A step is one change to the machine. Steps are made first and taken
// afterwards, so that a dry run shows what a real one does.
type step struct {
	verb, path, note string
	do               func() error // nil: nothing to do
	show             agent.Plan   // what a dry run shows besides
}

// Install sets gander up for one user, without root: the binaries in their
// place, the hooks in the agent's settings, the watcher as a service. It can
// be repeated; what is in place is left alone.
func Install(ctx context.Context, o InstallOptions) error {
	if runtime.GOOS == "windows" {
		return errors.New("install: Windows is not supported yet: hooks and watcher run on Linux and macOS")
	}
	steps, err := o.installSteps(ctx)
	if err != nil {
		return err
	}
	return o.take(steps)
}

// Uninstall takes out what Install put in. Records, alerts and backups stay.
func Uninstall(ctx context.Context, o InstallOptions) error {
	steps, err := o.uninstallSteps(ctx)
	if err != nil {
		return err
	}
	if err := o.take(steps); err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "Your records and alerts stay in %s; remove that directory yourself if you want them gone.\n", o.Dirs.State)
	return nil
}

func (o InstallOptions) take(steps []step) error {
	done := 0
	for _, s := range steps {
		if s.do == nil {
			continue
		}
		done++
		fmt.Fprintf(o.Out, "  %-8s %s%s\n", s.verb, s.path, s.note)
		if o.DryRun {
			var diff bytes.Buffer
			s.show.WriteTo(&diff)
			fmt.Fprint(o.Out, safetext.Block(diff.String()))
			continue
		}
		if err := s.do(); err != nil {
			return fmt.Errorf("%s %s: %w", s.verb, s.path, err)
		}
	}
	switch {
	case done == 0:
		fmt.Fprintln(o.Out, "Everything is in place, nothing to do.")
	case o.DryRun:
		fmt.Fprintln(o.Out, "Nothing was changed: this was a dry run.")
	}
	return nil
}

func (o InstallOptions) installSteps(ctx context.Context) ([]step, error) {
	edit, err := o.settingsEdit(func(b []byte) ([]byte, bool, error) {
		return claudecode.Install(b, claudecode.HookOptions{
			Hook: o.Dirs.Hook(), Journal: o.Dirs.Journal(), OnFailure: policy(o.OnFailure), MessageDisplay: o.MessageDisplay,
		})
	})
	if err != nil {
		return nil, err
	}
	steps := o.dirSteps()
	for _, name := range []string{"gander-hook", "gander"} {
		s, err := o.copyStep(name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	steps = append(steps, edit)
	if !o.NoService {
		more, err := o.serviceSteps(ctx)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	if o.Lock {
		steps = append(steps, o.lockSteps()...)
	}
	return steps, nil
}

// policy is what the settings say: going on is the client's own default.
func policy(onFailure string) string {
	if onFailure == "block" {
		return "block"
	}
	return ""
}

func (o InstallOptions) uninstallSteps(ctx context.Context) ([]step, error) {
	edit, err := o.settingsEdit(claudecode.Uninstall)
	if err != nil {
		return nil, err
	}
	steps := append(o.unlockSteps(), edit)
	if !o.NoService {
		more, err := o.serviceRemoval(ctx)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	for _, path := range []string{o.Dirs.Hook(), o.Dirs.Gander()} {
		if _, err := os.Lstat(path); err == nil {
			steps = append(steps, step{verb: "remove", path: path, do: func() error { return os.Remove(path) }})
		}
	}
	return steps, nil
}

func (o InstallOptions) dirSteps() []step {
	var steps []step
	for _, dir := range []string{o.Dirs.State, o.Dirs.Journal(), hook.MarkDir(o.Dirs.Journal()), filepath.Dir(o.Dirs.Hook())} {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			steps = append(steps, step{verb: "create", path: dir + "/", do: func() error { return os.MkdirAll(dir, 0o700) }})
		}
	}
	return steps
}

// copyStep puts one of our binaries where it stays when the place it was
// built in goes away: a hook that is not there lets calls through unrecorded.
func (o InstallOptions) copyStep(name string) (step, error) {
	from := filepath.Join(filepath.Dir(o.Program), name)
	to := filepath.Join(filepath.Dir(o.Dirs.Hook()), name)
	data, err := os.ReadFile(from)
	if err != nil {
		return step{}, fmt.Errorf("%s must lie beside gander: %w", name, err)
	}
	if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, data) {
		return step{}, nil
	}
	return step{verb: "install", path: to, do: func() error {
		return o.change(to, func() error { return replaceFile(to, data, 0o755) })
	}}, nil
}

// replaceFile writes a new file in one step, also over a program that runs.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, mode); err != nil {
		return err
	}
	if err := os.Chmod(tmp, mode); err != nil { // whatever the umask was
		return err
	}
	return os.Rename(tmp, path)
}

// settingsEdit makes the step that changes the agent's settings.
func (o InstallOptions) settingsEdit(change func([]byte) ([]byte, bool, error)) (step, error) {
	path := claudecode.SettingsPath(o.Dirs.Home, o.Dirs.ClaudeConfig)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return step{}, fmt.Errorf("read the agent's settings: %w", err)
	}
	after, changed, err := change(before)
	if err != nil {
		return step{}, fmt.Errorf("%s: %w", path, err)
	}
	if !changed {
		return step{}, nil
	}
	s := step{verb: "create", path: path}
	if before != nil {
		s.verb, s.note = "change", fmt.Sprintf(" (hooks only; the file as it was goes to %s)", o.Dirs.Backups())
	}
	plan := agent.Plan{{Path: path, Before: before, After: after}}
	s.do = func() error {
		return o.change(path, func() error { return plan.Apply(o.Dirs.Backups(), time.Now()) })
	}
	s.show = plan
	return s, nil
}

// change runs do on a file that may be locked by us. Only someone who locks
// again afterwards may unlock on the way.
func (o InstallOptions) change(path string, do func() error) error {
	locked, err := fileflags.Get(path)
	if err != nil || !locked {
		return do() // also where there are no flags
	}
	if !o.Lock {
		return fmt.Errorf("%s is locked: add --lock, which unlocks it for the change and locks it again", path)
	}
	if err := fileflags.Clear(path); err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, fileflags.Set(path))
	}
	return fileflags.Set(path)
}

// lockables are the files that make the hook run.
func (o InstallOptions) lockables() []string {
	return []string{o.Dirs.Hook(), claudecode.SettingsPath(o.Dirs.Home, o.Dirs.ClaudeConfig)}
}

func (o InstallOptions) lockSteps() []step {
	var steps []step
	for _, path := range o.lockables() {
		if locked, err := fileflags.Get(path); err != nil || !locked {
			steps = append(steps, step{verb: "lock", path: path, note: " (immutable)", do: func() error { return fileflags.Set(path) }})
		}
	}
	return steps
}

func (o InstallOptions) unlockSteps() []step {
	var steps []step
	for _, path := range o.lockables() {
		if locked, err := fileflags.Get(path); err == nil && locked {
			steps = append(steps, step{verb: "unlock", path: path, do: func() error { return fileflags.Clear(path) }})
		}
	}
	return steps
}

func (o InstallOptions) manager(ctx context.Context) (*service.Manager, error) {
	return service.Detect(ctx, runtime.GOOS, service.Options{
		Home:       o.Dirs.Home,
		ConfigHome: o.Dirs.ConfigHome,
		Program:    o.Dirs.Gander(),
		Args:       []string{"watch", "--state", o.Dirs.State},
		LogPath:    filepath.Join(o.Dirs.State, "watch.log"),
		UID:        os.Getuid(),
	}, exec.LookPath, service.Exec)
}

func (o InstallOptions) serviceSteps(ctx context.Context) ([]step, error) {
	m, err := o.manager(ctx)
	if err != nil {
		return nil, err
	}
	if m.Name == "none" {
		hint := strings.ReplaceAll(safetext.Block(m.Hint), "\n", "\n  ")
		fmt.Fprintf(o.Out, "  no service: %s\n  %s\n", safetext.Line(m.Reason), hint)
		return nil, nil
	}
	var steps []step
	for _, f := range m.Files {
		if old, err := os.ReadFile(f.Path); err == nil && bytes.Equal(old, f.Data) {
			continue
		}
		steps = append(steps, step{verb: "write", path: f.Path, do: func() error {
			_, err := f.Write()
			return err
		}})
	}
	if st, err := m.Status(ctx); len(steps) == 0 && err == nil && st.Running {
		return nil, nil
	}
	start := step{verb: "start", path: "the watcher", note: " (" + m.Name + ", now and at every login)"}
	start.do = func() error { return m.Restart(ctx) }
	return append(steps, start), nil
}

func (o InstallOptions) serviceRemoval(ctx context.Context) ([]step, error) {
	m, err := o.manager(ctx)
	if err != nil || m.Name == "none" {
		return nil, err
	}
	steps := []step{{verb: "stop", path: "the watcher", do: func() error { return m.Stop(ctx) }}}
	for _, f := range m.Files {
		if _, err := os.Lstat(f.Path); err == nil {
			steps = append(steps, step{verb: "remove", path: f.Path, do: func() error { return os.Remove(f.Path) }})
		}
	}
	return steps, nil
}
