package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// hooks measures the hook from its start to its exit, at a payload of usual
// size and at one as large as a written file makes it.
func (b *bench) hooks(ctx context.Context) error {
	r := b.recorders(ctx)
	quick := runnable(&r.hook, &r.empty, &r.c)
	all := slices.Concat(quick, runnable(&r.bash))

	// Some tenths of a millisecond are the question here: the quick ones run
	// more often than bash has time for.
	if err := race(ctx, slices.Concat(all, quick, quick), 200, writeCall(2<<10), b.environ()); err != nil {
		return err
	}
	r.print(b, all, "Hook, start to exit, payload of 2 KB")
	b.ratio("at 2 KB, against an empty Go program", r.hook.times, r.empty.times, 1.3)
	b.ratio("at 2 KB, against bash, jq and date", r.hook.times, r.bash.times, 0.1)

	for _, p := range all {
		p.times = nil
	}
	if err := race(ctx, all, 30, writeCall(2<<20), b.environ()); err != nil {
		return err
	}
	r.print(b, all, "Hook, start to exit, payload of 2 MB")
	b.ratio("at 2 MB, against the C appender", r.hook.times, r.c.times, 3)
	return nil
}

// recorders are the hook and what it is held against.
type recorders struct {
	hook, empty, c, bash program
}

func (b *bench) recorders(ctx context.Context) *recorders {
	file := filepath.Join(b.dir, "recorders", "live.jsonl")
	r := &recorders{
		hook:  program{name: "gander-hook", argv: []string{b.hook, "--journal", filepath.Dir(file), "claude-code"}, file: file},
		empty: program{name: "empty Go program", argv: []string{b.empty}},
		c:     program{name: "C, static: read, clock, append", file: filepath.Join(b.dir, "c.jsonl")},
		bash:  program{name: "bash: cat, date, jq, echo", file: filepath.Join(b.dir, "bash.log")},
	}
	if bin, err := b.appender(ctx); err != nil {
		b.skip(r.c.name, err)
	} else {
		r.c.argv = []string{bin, r.c.file}
	}
	if bash, script, err := b.script(); err != nil {
		b.skip(r.bash.name, err)
	} else {
		r.bash.argv = []string{bash, script, r.bash.file}
	}
	return r
}

// runnable are those that can run here.
func runnable(of ...*program) []*program {
	return slices.DeleteFunc(of, func(p *program) bool { return p.argv == nil })
}

func (r *recorders) print(b *bench, programs []*program, title string) {
	t := newTable(b.out, title, "", "runs", "min", "p50", "p90", "x empty Go", "x C", "x bash")
	for _, p := range programs {
		s := p.times
		t.row(p.name, fmt.Sprint(len(s)), ms(s.at(0)), ms(s.p50()), ms(s.at(0.9)),
			times(s.over(r.empty.times)), times(s.over(r.c.times)), times(s.over(r.bash.times)))
	}
	t.end()
}
