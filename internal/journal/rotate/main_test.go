package rotate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gander/internal/journal"
	"gander/internal/journal/record"
	"gander/internal/journal/rotate"
)

// The test binary plays the other processes too: ROLE says which.
func TestMain(m *testing.M) {
	switch os.Getenv("ROLE") {
	case "writer":
		play(writer)
	case "late":
		play(lateWriter)
	case "rotator":
		play(rotator)
	case "compressor":
		play(compressor)
	}
	os.Exit(m.Run())
}

func play(role func(dir string, first, count int) error) {
	first, _ := strconv.Atoi(os.Args[2])
	count, _ := strconv.Atoi(os.Args[3])
	if err := role(os.Args[1], first, count); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// frame is record number n: a record's pid tells it from all others.
func frame(n int) []byte {
	payload := fmt.Sprintf(`{"n":%d,"fill":"%s"}`, n, strings.Repeat("x", n%977))
	buf := make([]byte, record.Headroom+len(payload)+record.Tailroom)
	copy(buf[record.Headroom:], payload)
	h := record.Header{Time: time.Now(), Agent: "claude-code", Host: "h", PID: n}
	return bytes.Clone(record.Frame(h, buf, len(payload)))
}

func pause(most time.Duration) { <-time.After(rand.N(most)) }

// writer appends like a hook, and prints how often it met a lease.
func writer(dir string, first, count int) error {
	met := 0
	for n := first; n < first+count; {
		err := record.Append(journal.LivePath(dir), frame(n), nil)
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK):
			met++
			continue
		case err != nil:
			return err
		}
		n++
		pause(2 * time.Millisecond)
	}
	fmt.Println(met)
	return nil
}

// lateWriter is slow between opening the journal and writing to it.
func lateWriter(dir string, first, count int) error {
	for n := first; n < first+count; {
		f, err := os.OpenFile(journal.LivePath(dir), os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return err
		}
		for range 1 + rand.IntN(3) {
			pause(60 * time.Millisecond)
			if n == first+count {
				break
			}
			if _, err := f.Write(frame(n)); err != nil {
				return err
			}
			n++
		}
		f.Close()
	}
	return nil
}

// quick are options for tests in which many rotations follow each other.
var quick = rotate.Options{Reserve: 64 << 10, Wait: 20 * time.Millisecond, Settle: 5 * time.Millisecond, Linger: 200 * time.Millisecond}

// rotator rotates until it is killed.
func rotator(dir string, _, _ int) error {
	ctx := context.Background()
	if _, err := rotate.Recover(ctx, dir, quick); err != nil {
		return err
	}
	for {
		_, err := rotate.Rotate(ctx, dir, quick)
		if err != nil && !errors.Is(err, rotate.ErrEmpty) {
			return err
		}
		if _, err := rotate.Recover(ctx, dir, quick); err != nil {
			return err
		}
	}
}

// compressor compresses what is closed until it is killed.
func compressor(dir string, _, _ int) error {
	for {
		segs, err := journal.Segments(dir)
		if err != nil {
			return err
		}
		for _, s := range segs {
			if !s.Closed() {
				continue
			}
			if _, err := rotate.Compress(context.Background(), s); err != nil {
				return err
			}
		}
	}
}
