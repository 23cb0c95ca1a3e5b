package rotate_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/rotate"
)

// smallDisk mounts a file system of a few megabytes, which takes root.
func smallDisk(t *testing.T, kind string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	image := filepath.Join(t.TempDir(), "image")
	mount := func() error { return unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m") }
	if kind == "ext4" {
		if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 32<<20)); err != nil {
			t.Fatal(err)
		}
		mount = func() error {
			return errors.Join(exec.Command("mkfs.ext4", "-q", "-F", image).Run(), exec.Command("mount", "-o", "loop", image, dir).Run())
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	if err := mount(); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes until nothing more fits.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10, 512} {
		for b := make([]byte, size); err == nil; {
			_, err = f.Write(b)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = f.Sync()
	}
}

// countAppends appends records of 4 KiB at most until one fails.
func countAppends(t *testing.T, dir string) (n int, size int64) {
	t.Helper()
	line := frame(976)
	line = append(line[:len(line)-1], []byte(strings.Repeat(" ", 4096-len(line))+"\n")...)
	for {
		err := record.Append(journal.LivePath(dir), line, nil)
		if errors.Is(err, syscall.ENOSPC) {
			return n, size
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
		size += int64(len(line))
	}
}

func TestAFullDiskTakesRecordsUntilTheReserveIsUsedUp(t *testing.T) {
	const reserve = 4 << 20
	for _, kind := range []string{"tmpfs", "ext4"} {
		t.Run(kind, func(t *testing.T) {
			dir := smallDisk(t, kind)
			appendTo(t, dir, 1)
			if err := rotate.Reserve(dir, reserve); err != nil {
				t.Fatal(err)
			}
			if st, err := os.Stat(journal.LivePath(dir)); err != nil || st.Size() > 4096 {
				t.Fatalf("%d bytes: %v", st.Size(), err)
			}
			fill(t, dir)
			n, size := countAppends(t, dir)
			t.Logf("%d records, %d of %d bytes", n, size, reserve)
			if size < reserve-64<<10 {
				t.Errorf("only %d bytes of %d were there", size, reserve)
			}
			if err := rotate.Reserve(dir, reserve); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("reserving on a full disk: %v", err)
			}
			before := names(t, dir)
			if _, err := rotate.Rotate(context.Background(), dir, quick); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("rotating on a full disk: %v", err)
			}
			if got := names(t, dir); got != before {
				t.Errorf("files %s, before %s", got, before)
			}
		})
	}
}

func TestWithoutAReserveAFullDiskTakesNothing(t *testing.T) {
	dir := smallDisk(t, "tmpfs")
	appendTo(t, dir, 1)
	fill(t, dir)
	if _, size := countAppends(t, dir); size > 4096 {
		t.Errorf("%d bytes", size)
	}
}

func TestANewLiveSegmentHasItsReserve(t *testing.T) {
	const reserve = 1 << 20
	dir := t.TempDir()
	blocks := func() int64 {
		var st unix.Stat_t
		if err := unix.Stat(journal.LivePath(dir), &st); err != nil {
			t.Fatal(err)
		}
		return st.Blocks * 512
	}
	if err := rotate.Reserve(dir, reserve); err != nil {
		t.Errorf("without a live segment: %v", err)
	}
	appendTo(t, dir, 1)
	if _, err := rotate.Rotate(context.Background(), dir, rotate.Options{Reserve: reserve}); err != nil {
		t.Fatal(err)
	}
	if n := blocks(); n < reserve {
		t.Errorf("%d bytes are allocated", n)
	}
	for range 200 { // more than half of it
		if err := record.Append(journal.LivePath(dir), make([]byte, 4096), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := rotate.Reserve(dir, reserve); err != nil {
		t.Fatal(err)
	}
	if n := blocks(); n < 200*4096+reserve {
		t.Errorf("%d bytes are allocated after the reserve was renewed", n)
	}
}
