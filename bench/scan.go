package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	scanCalls  = 50_000
	scanRounds = 5
)

// A pass goes over a file of tool calls in one way.
type pass struct {
	name   string
	argv   []string
	calls  int
	prints bool // and has not looked when it prints nothing
	cpu    sample
}

// scan measures how many tool calls one core judges in a second, beside what
// it takes to look at the same bytes and judge nothing. Only the processor's
// time counts, and of that the fastest round: the work is the same each time,
// and what neighbours do to the caches can only add.
func (b *bench) scan(ctx context.Context) error {
	some, none := filepath.Join(b.dir, "calls.jsonl"), filepath.Join(b.dir, "none.jsonl")
	size, err := writeCalls(some, scanCalls)
	if err != nil {
		return err
	}
	if _, err := writeCalls(none, 0); err != nil {
		return err
	}
	scan := &pass{name: "gander scan", argv: []string{b.gander, "scan", "--json", some}, calls: scanCalls, prints: true}
	start := &pass{name: "gander scan, of no calls", argv: []string{b.gander, "scan", "--json", none}}
	valid := &pass{name: "Go: json.Valid of each call", argv: []string{b.valid, some}, calls: scanCalls}
	passes := []*pass{scan, start, valid}
	if jq, err := exec.LookPath("jq"); err != nil {
		b.skip("jq", err)
	} else {
		passes = append(passes, &pass{name: "jq -c .tool_name", argv: []string{jq, "-c", ".tool_name", some}, calls: scanCalls, prints: true})
	}
	if err := b.inTurn(ctx, passes); err != nil {
		return err
	}
	b.printScan(passes, valid, size)
	judged := perSecond(scanCalls, scan.cpu.at(0)-start.cpu.at(0))
	b.verdict(judged >= 50_000, "UNDER", fmt.Sprintf("tool calls a core judges in a second, once started: %.0f, at least 50000", judged))
	return nil
}

func (b *bench) printScan(passes []*pass, valid *pass, size int) {
	t := newTable(b.out, fmt.Sprintf("Judging %d tool calls of %d bytes on average, one core, %d rounds", scanCalls, size/scanCalls, scanRounds),
		"", "CPU min", "CPU p50", "calls/s", "x json.Valid")
	for _, p := range passes {
		t.row(p.name, ms(p.cpu.at(0)), ms(p.cpu.p50()), rate(p.calls, p.cpu.at(0)), times(p.cpu.over(valid.cpu)))
	}
	t.end()
}

func perSecond(calls int, d time.Duration) float64 { return float64(calls) / d.Seconds() }

func rate(calls int, d time.Duration) string {
	if calls == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", perSecond(calls, d))
}

// writeCalls writes a file of hook payloads and returns its size.
func writeCalls(file string, calls int) (int, error) {
	var b bytes.Buffer
	c := newCorpus()
	for range calls {
		b.Write(c.next().encode())
		b.WriteByte('\n')
	}
	return b.Len(), os.WriteFile(file, b.Bytes(), 0o600)
}

func (b *bench) inTurn(ctx context.Context, passes []*pass) error {
	for range scanRounds {
		for _, p := range passes {
			if err := b.once(ctx, p); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}

// once runs a pass to its end, on one core.
func (b *bench) once(ctx context.Context, p *pass) error {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(b.environ(), "GOMAXPROCS=1"), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	if p.prints && stdout.Len() == 0 {
		return errors.New("found nothing")
	}
	p.cpu = append(p.cpu, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	return nil
}
