// Command bench measures what docs/performance.md promises. It is started from
// the project's directory:
//
//	go run ./bench [hook|latency|scan|memory|journal]...
//
// Every figure stands beside a reference that was measured in the same run, in
// turn with it: on a busy machine a ratio means something and a time does not.
// So the program tells what was kept and what was not, and exits 0 either way;
// it exits 1 only when something does not work. References that need a C
// compiler, bash or jq are skipped, with a word, where those are missing.
//
// Whatever is built or written lies in one temporary directory and is removed
// in the end. Nothing of the user's is read, and no hook is installed.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// A bench is one run.
type bench struct {
	out io.Writer
	dir string // for everything that is built or written

	gander, hook, empty, valid string // programs
}

// A part measures one kind of promise.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

var parts = []part{
	{"hook", (*bench).hooks},
	{"latency", (*bench).latency},
	{"scan", (*bench).scan},
	{"memory", (*bench).memory},
	{"journal", (*bench).journal},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string, out io.Writer) (err error) {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gander-bench-")
	if err != nil {
		return fmt.Errorf("make a place to work in: %w", err)
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, out: out}
	if err := b.build(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s/%s, %d cores, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	start := time.Now()
	for _, p := range chosen {
		if err := p.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	fmt.Fprintf(out, "\nMeasured in %s.\n", time.Since(start).Round(time.Second))
	return nil
}

// choose picks parts by name; no name means all.
func choose(names []string) ([]part, error) {
	if len(names) == 0 {
		return parts, nil
	}
	var chosen []part
	for _, name := range names {
		n := len(chosen)
		for _, p := range parts {
			if p.name == name {
				chosen = append(chosen, p)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("no part is called %q; use hook, latency, scan, memory or journal", name)
		}
	}
	return chosen, nil
}
