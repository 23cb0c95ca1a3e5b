package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"gander/internal/journal/seal"
)

// A Request is something a person asks of a journal's keeper.
type Request string

// The requests.
const (
	Rotate Request = "rotate" // end the live segment now
	Prune  Request = "prune"  // delete what the policy does not keep, now
)

// requestFile is where a request waits for a keeper that runs.
func requestFile(journal string) string { return journal + ".request" }

// Ask leaves a request for the keeper that runs. It looks for one ten times a
// second; the file is gone when the request has been dealt with.
func Ask(journal string, r Request) (file string, err error) {
	file = requestFile(journal)
	if err := os.WriteFile(file, []byte(r), 0o600); err != nil {
		return "", fmt.Errorf("ask the watcher to %s: %w", r, err)
	}
	return file, nil
}

// Do does one thing to a journal that no keeper runs for; the caller holds the
// watcher's lock.
func Do(ctx context.Context, o Options, r Request) error {
	k, err := start(o)
	if err != nil {
		return err
	}
	defer k.sealer.Close()
	k.recover(ctx)
	k.seal(seal.Start)
	k.fulfil(ctx, r)
	k.seal(seal.Stop)
	k.close()
	close(k.pack)
	k.packer(ctx)
	return errors.Join(k.failed...)
}

// requests does what somebody has asked for.
func (k *Keeper) requests(ctx context.Context) {
	file := requestFile(k.o.Journal)
	b, err := os.ReadFile(file)
	if err != nil {
		return // nobody has asked
	}
	k.fulfil(ctx, Request(strings.TrimSpace(string(b))))
	if err := os.Remove(file); err != nil {
		k.o.Log.Warn("cannot remove a request", "error", err)
	}
}

func (k *Keeper) fulfil(ctx context.Context, r Request) {
	switch r {
	case Rotate:
		k.look()
		k.rotateNow(ctx)
	case Prune:
		k.prune()
	default:
		k.o.Log.Warn("a request is not known", "request", r)
	}
}
