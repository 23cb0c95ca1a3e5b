// Command eval says how well the detectors do on labelled tool calls:
//
//	go run ./eval FILE...
//
// Each line of a file is one call: {"label","source","tool","input",…}. A call
// labelled malicious must raise a finding of medium or above, a benign one must
// not; suspicious ones count as neither. Printed are, for every source, the
// share of calls at medium and above and at high and above, and over all
// sources their plain mean, so that a large source does not hide a small one.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"gander/internal/agent/claudecode"
	"gander/internal/alert"
	"gander/internal/app"
	"gander/internal/detect"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

// A call is one labelled tool call.
type call struct {
	Label  string          `json:"label"`
	Source string          `json:"source"`
	Tool   string          `json:"tool"`
	Input  json.RawMessage `json:"input"`
	CWD    string          `json:"cwd"`
}

// A tally counts the calls of one label and source by the highest level found.
type tally struct{ calls, medium, high int }

type key struct{ label, source string }

func run(files []string, out io.Writer) error {
	if len(files) == 0 {
		return errors.New("name at least one file of labelled calls: make eval FILE=calls.jsonl")
	}
	d, _, err := app.Detectors(app.Dirs{State: "/home/dev/.local/state/gander", Data: "/home/dev/.local/share/gander", Home: "/home/dev"})
	if err != nil {
		return err
	}
	tallies := make(map[key]*tally)
	for _, name := range files {
		if err := read(name, d, tallies); err != nil {
			return err
		}
	}
	return report(tallies, out)
}

func read(name string, d detect.Detector, tallies map[key]*tally) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for n := 1; s.Scan(); n++ {
		var c call
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			return fmt.Errorf("%s line %d: %w", name, n, err)
		}
		k := key{c.Label, c.Source}
		if tallies[k] == nil {
			tallies[k] = new(tally)
		}
		tallies[k].add(highest(d, c, n))
	}
	return s.Err()
}

// highest judges a call as if the client had announced it, each in a session
// of its own.
func highest(d detect.Detector, c call, n int) alert.Level {
	if c.CWD == "" {
		c.CWD = "/home/dev/project"
	}
	payload, err := json.Marshal(map[string]any{
		"session_id": fmt.Sprintf("eval-%d", n), "cwd": c.CWD, "hook_event_name": "PreToolUse",
		"tool_name": c.Tool, "tool_input": c.Input, "tool_use_id": fmt.Sprintf("toolu_%d", n),
	})
	if err != nil {
		panic("eval: " + err.Error()) // what was JSON stays JSON
	}
	e := claudecode.Adapter{}.Parse(payload)
	var top alert.Level
	for _, f := range d.Detect(&e) {
		top = max(top, f.Level)
	}
	return top
}

func (t *tally) add(l alert.Level) {
	t.calls++
	if l >= alert.Medium {
		t.medium++
	}
	if l >= alert.High {
		t.high++
	}
}

func report(tallies map[key]*tally, out io.Writer) error {
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "label\tsource\tcalls\t>= medium\t>= high\t")
	for _, label := range []string{"malicious", "suspicious", "benign"} {
		var sources []string
		for k := range tallies {
			if k.label == label {
				sources = append(sources, k.source)
			}
		}
		slices.Sort(sources)
		var all tally
		var medium, high float64
		for _, s := range sources {
			t := tallies[key{label, s}]
			fmt.Fprintf(tab, "%s\t%s\t%d\t%.1f %%\t%.1f %%\t\n", label, s, t.calls, t.share(t.medium), t.share(t.high))
			all.calls, all.medium, all.high = all.calls+t.calls, all.medium+t.medium, all.high+t.high
			medium, high = medium+t.share(t.medium), high+t.share(t.high)
		}
		if n := float64(len(sources)); n > 0 {
			fmt.Fprintf(tab, "%s\tall calls\t%d\t%.2f %%\t%.2f %%\t\n", label, all.calls, all.share(all.medium), all.share(all.high))
			fmt.Fprintf(tab, "%s\tmean of sources\t\t%.2f %%\t%.2f %%\t\n", label, medium/n, high/n)
		}
	}
	return tab.Flush()
}

func (t *tally) share(n int) float64 { return 100 * float64(n) / float64(max(1, t.calls)) }
