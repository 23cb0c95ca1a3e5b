//go:build linux || darwin

package fileflags

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func set(path string) error {
	f, info, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 {
		return fmt.Errorf("has %d hard links: remove the others first (find them with find -samefile)", st.Nlink)
	}
	if err := change(f, true); err != nil {
		return err
	}
	// Between open and now the agent could have moved another file there. From
	// here on it cannot.
	now, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(info, now) {
		return errors.New("was replaced by another file meanwhile: find out by whom, then try again")
	}
	return nil
}

func clearFlag(path string) error {
	f, _, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return change(f, false)
}

func get(path string) (bool, error) {
	f, _, err := open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	flags, err := getFlags(f)
	return flags&immutable != 0, explain(f, err)
}

// open opens a regular file. It follows no link and waits for no pipe.
func open(path string) (*os.File, os.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, nil, errors.New("is a symbolic link: name the file it points to")
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// change sets or clears the one flag and leaves the others as they are.
func change(f *os.File, on bool) error {
	before, err := getFlags(f)
	if err != nil {
		return explain(f, err)
	}
	want := before &^ immutable
	if on {
		want |= immutable
	}
	if want == before {
		return nil
	}
	if err := setFlags(f, want); err != nil {
		return explain(f, err)
	}
	after, err := getFlags(f)
	if err != nil {
		return explain(f, err)
	}
	if after&immutable != want&immutable {
		return fmt.Errorf("%w: file system %s took the change and did not keep it", ErrUnsupported, fsName(f))
	}
	return nil
}

// explain adds to an error of a flag call what a person can do about it.
func explain(f *os.File, err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %s", err, permissionAdvice)
	case errors.Is(err, unix.ENOTTY), errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("%w: file system %s has none: %s", ErrUnsupported, fsName(f), placeAdvice)
	}
	return err
}
