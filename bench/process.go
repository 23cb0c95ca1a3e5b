package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// A program is one way to record a call: a process that is given a payload on
// standard input.
type program struct {
	name  string
	argv  []string
	file  string // what it appends to, or "" for a program that records nothing
	size  int64  // of the file
	times sample
}

// race runs the programs in turn, in another order each round, so that none
// always comes after the same neighbour. One round goes before those that count.
func race(ctx context.Context, programs []*program, rounds int, payload []byte, env []string) error {
	order := rand.New(rand.NewPCG(1, 2))
	for n := range rounds + 1 {
		for _, i := range order.Perm(len(programs)) {
			took, err := programs[i].run(payload, env)
			if err != nil {
				return fmt.Errorf("%s: %w", programs[i].name, err)
			}
			if n > 0 {
				programs[i].times = append(programs[i].times, took)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// run runs the program once and tells how long that took. As with an agent, the
// payload comes through a pipe and is written while the program starts.
func (p *program) run(payload []byte, env []string) (time.Duration, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	fed := make(chan struct{})
	go func() {
		_, _ = w.Write(payload) // a program that records nothing need not read
		w.Close()
		close(fed)
	}()
	took, err := p.start(r, env)
	r.Close() // lets go of a writer nobody listened to
	<-fed
	if err != nil {
		return 0, err
	}
	return took, p.check(len(payload))
}

// start is the part that is timed.
func (p *program) start(stdin *os.File, env []string) (time.Duration, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	attr := &os.ProcAttr{Env: env, Files: []*os.File{stdin, null, os.Stderr}}

	begin := time.Now()
	proc, err := os.StartProcess(p.argv[0], p.argv, attr)
	if err != nil {
		return 0, err
	}
	state, err := proc.Wait()
	took := time.Since(begin)

	if err != nil {
		return 0, err
	}
	if !state.Success() {
		return 0, fmt.Errorf("ended with %v", state)
	}
	return took, nil
}

// check makes sure that the record is there. A file that has grown large is
// emptied: megabytes of every round would fill the disk for nothing, and
// emptying it each time would have every program begin a file.
func (p *program) check(payload int) error {
	if p.file == "" {
		return nil
	}
	st, err := os.Stat(p.file)
	if err != nil {
		return err
	}
	if n := st.Size() - p.size; n < int64(payload) {
		return fmt.Errorf("recorded %d bytes of a payload of %d", n, payload)
	}
	if p.size = st.Size(); p.size < maxFile {
		return nil
	}
	p.size = 0
	return os.Truncate(p.file, 0)
}

const maxFile = 16 << 20
