package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// newFileMode is the mode of a settings file that did not exist: it may come to
// hold secrets.
const newFileMode = 0o600

// maxLinks is how many symbolic links are followed, as by Linux.
const maxLinks = 40

// WriteFile replaces the file at path with data, all or nothing: after a crash
// the file is the old or the new one, and after an error the old one, but for an
// error that says otherwise. A symbolic link stays and the file
// it points to is replaced, since people keep their settings in a repository.
// An existing file keeps its mode and owner, and a copy of it is put into
// backupDir first, named after its path and the time; a new one gets mode 0600.
// Missing directories are made. An empty backupDir means no backup.
func WriteFile(path string, data []byte, backupDir string, now time.Time) error {
	target, err := followLinks(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		info = nil
		err = os.MkdirAll(filepath.Dir(target), 0o700)
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("it is no regular file; move it away, then run this again")
	case err == nil && backupDir != "":
		err = backup(target, backupDir, now)
	}
	if err == nil {
		err = replace(target, data, info)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", target, err)
	}
	return nil
}

// followLinks returns the file that path stands for, whether that exists or not.
func followLinks(path string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link; what else is wrong shows when it is used
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", errors.New("too many symbolic links; point it to the file itself")
}

// replace renames a complete new file over target. Info is of the old file, or
// nil.
func replace(target string, data []byte, info fs.FileInfo) error {
	dir := filepath.Dir(target)
	f, err := os.CreateTemp(dir, "."+filepath.Base(target)+".*.tmp")
	if err != nil {
		return err
	}
	if err = fill(f, data, info); err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("it is written, but a power failure may undo that: %w", err)
	}
	return nil
}

// fill writes data to f, gives it mode and owner of the old file, and closes it.
func fill(f *os.File, data []byte, info fs.FileInfo) error {
	_, err := f.Write(data)
	if err == nil {
		err = likeOld(f, info)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func likeOld(f *os.File, info fs.FileInfo) error {
	if info == nil {
		return f.Chmod(newFileMode)
	}
	// The owner first: changing it clears the set-id bits.
	if err := keepOwner(f, info); err != nil {
		return fmt.Errorf("keep the owner; run this as the file's owner: %w", err)
	}
	return f.Chmod(info.Mode().Perm())
}

// backup copies the file into dir under a name that was not taken.
func backup(target, dir string, now time.Time) error {
	data, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the directory for backups: %w", err)
	}
	file := filepath.Join(dir, backupName(target, now))
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, newFileMode)
	if err != nil {
		return fmt.Errorf("back it up: %w", err)
	}
	if err := fill(f, data, nil); err != nil {
		return errors.Join(fmt.Errorf("back it up: %w", err), os.Remove(file))
	}
	return syncDir(dir)
}

// backupName makes "%home%u%.claude%settings.json.20261122T140219.000000000Z" of
// a path, so that a person sees where the copy belongs. Of a path too long for
// a name it keeps the end.
func backupName(path string, now time.Time) string {
	const maxName = 200
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	name := strings.NewReplacer("/", "%", `\`, "%", ":", "%").Replace(path)
	name = name[max(0, len(name)-maxName):]
	return name + now.UTC().Format(".20060102T150405.000000000Z")
}
