package sigma_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gander/internal/alert"
	"gander/internal/sigma"
)

// A process is a process creation event that costs nothing to read.
type process struct {
	image, command, parentImage, parentCommand, user, dir string
}

var _ sigma.Event = (*process)(nil)

func (p *process) Field(name string) (sigma.Value, bool) {
	switch name {
	case "Image":
		return sigma.Value{One: p.image}, true
	case "CommandLine":
		return sigma.Value{One: p.command}, true
	case "ParentImage":
		return sigma.Value{One: p.parentImage}, true
	case "ParentCommandLine":
		return sigma.Value{One: p.parentCommand}, true
	case "User":
		return sigma.Value{One: p.user}, true
	case "CurrentDirectory":
		return sigma.Value{One: p.dir}, true
	}
	return sigma.Value{}, false
}

func (p *process) Strings(yield func(string) bool) {
	_ = yield(p.image) && yield(p.command) && yield(p.parentImage) && yield(p.parentCommand) && yield(p.user) && yield(p.dir)
}

var (
	tools = strings.Fields("ls cat grep find sed awk git go npm node python3 make cargo curl wget tar cp mv rm mkdir chmod ssh scp docker kubectl psql jq head tail wc sort xargs env which nc base64 crontab systemctl")
	words = strings.Fields("-la -R -n -rf -o -f --force --output --version --help -c -e -x -p src/main.go README.md ./internal/... /tmp/build.log /etc/hosts /usr/local/bin node_modules package.json https://example.org/a.tgz localhost:8080 'func [A-Z]' *.go HEAD~1 origin main install test build run -m pytest --color=never 2>&1 | && ; > out.txt .env ~/.ssh/config id_ed25519 user@host alpine:3 select 1")
)

// processes makes n events like those of an agent at work.
func processes(n int) []*process {
	random := rand.New(rand.NewPCG(5, 6))
	out := make([]*process, n)
	for i := range out {
		tool := tools[random.IntN(len(tools))]
		command := []string{tool}
		for range random.IntN(9) {
			command = append(command, words[random.IntN(len(words))])
		}
		out[i] = &process{
			image: "/usr/bin/" + tool, command: strings.Join(command, " "),
			parentImage: "/bin/bash", parentCommand: "bash -c " + strings.Join(command, " "),
			user: "dev", dir: "/home/dev/project",
		}
	}
	return out
}

// ownRules makes rules in the manner of published ones, three for each tool.
func ownRules(tb testing.TB) []*sigma.Rule {
	var src []string
	for i, tool := range tools {
		flag, word := words[i%10], words[(i*7)%len(words)]
		src = append(src,
			source("flags-"+tool, fmt.Sprintf("sel_img: {Image|endswith: /%s}\nsel_cmd: {CommandLine|contains: [' %s ', '--secret-%d']}\ncondition: all of sel_*", tool, flag, i)),
			source("words-"+tool, fmt.Sprintf("s: {CommandLine|contains|all: ['%s ', %q, '/etc/shadow-%d']}\nf: {ParentImage|endswith: [/sshd, /cron]}\ncondition: s and not f", tool, word, i)),
			source("regex-"+tool, fmt.Sprintf("s: [{CommandLine|re: '%s\\s+-[a-z]{3,8}\\s+/opt/[0-9]+'}, {CommandLine: '*/%s ?x* --all*'}]\ncondition: s", tool, tool)),
		)
	}
	return parse(tb, strings.Join(src, "---\n"))
}

func BenchmarkMatch(b *testing.B) {
	b.Run("own", func(b *testing.B) { benchmark(b, ownRules(b)) })
	b.Run("sigmahq-linux", func(b *testing.B) { benchmark(b, processRules(sigmaHQ(b, "linux"))) })
	b.Run("sigmahq-windows", func(b *testing.B) { benchmark(b, processRules(sigmaHQ(b, "windows"))) })
}

func benchmark(b *testing.B, rules []*sigma.Rule) {
	m, events, n := compile(b, rules).NewMatcher(), processes(4096), 0
	size := 0
	for _, p := range events {
		size += len(p.image) + len(p.command) + len(p.parentImage) + len(p.parentCommand)
	}
	b.ReportAllocs()
	b.SetBytes(int64(size / len(events)))
	i := 0
	for b.Loop() {
		m.Match("test", events[i%len(events)], func(*sigma.Hit) bool {
			n++
			return true
		})
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(n)/float64(i), "hits/event")
	b.ReportMetric(float64(len(rules)), "rules")
}

func BenchmarkCompile(b *testing.B) {
	rules := ownRules(b)
	for b.Loop() {
		compile(b, rules)
	}
}

// underRace is set when the race detector is on.
var underRace bool

func TestAMissCostsNoAllocation(t *testing.T) {
	if underRace {
		t.Skip("package regexp allocates under the race detector")
	}
	rules := append(ownRules(t), parse(t, strings.Join([]string{
		source("keyword", "k: [no such word, '*a?b*c*no']\ncondition: k"),
		source("regexp", `s: {CommandLine|re: '(cat|ls) +\d{9}'}`+"\ncondition: s"),
		source("always", `s: {CommandLine|re: '^\d{3}$'}`+"\nt: {'|re': '^[A-Z]{40}$'}\ncondition: s or t"),
		source("glob", "s: {CommandLine|contains: 'c*?t*/etc/?osts*no'}\ncondition: s"),
		source("numbers", "s: {User|gt: 3}\nt: {ParentCommandLine|lt: 5}\nu: {Nothing: a}\ncondition: s or t or u"),
		source("fieldref", "s: {User|fieldref: CurrentDirectory}\nt: {User|exists: false}\ncondition: s or t"),
		source("negative", "s: {User: dev}\ncondition: not s"),
	}, "---\n"))...)
	m := compile(t, rules).NewMatcher()
	events := processes(500)
	for _, p := range events {
		p.command += " cat 12 "
	}
	misses := events[:0]
	for _, p := range events {
		if len(hits(m, p)) == 0 {
			misses = append(misses, p)
		}
	}
	if len(misses) < 100 {
		t.Fatalf("only %d of the events match nothing", len(misses))
	}
	yield := func(*sigma.Hit) bool { return true }
	if n := testing.AllocsPerRun(10, func() {
		for _, p := range misses {
			m.Match("test", p, yield)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d events", n, len(misses))
	}
}

// BenchmarkCorrelate says what a match costs that a correlation counts.
func BenchmarkCorrelate(b *testing.B) {
	for _, kind := range []string{
		"type: event_count\nrules: rule_a\ncondition: {gte: 100}", "type: value_count\nrules: rule_a\ncondition: {field: f, gte: 100}",
		"type: value_median\nrules: rule_a\ncondition: {field: n, gte: 100}", "type: temporal_ordered\nrules: [rule_b, rule_a]",
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(kind, "type: "), "\n")
		b.Run(name, func(b *testing.B) {
			set := compile(b, parse(b, basics+correlation(kind+"\ngroup-by: [s]\ntimespan: 10m")))
			c := set.NewCorrelator()
			var a *sigma.Rule
			set.NewMatcher().Match("test", event{"kind": {"a"}}, func(h *sigma.Hit) bool { a = h.Rule; return false })
			var events []event
			for i := range 1000 {
				events = append(events, event{"s": {fmt.Sprint("session ", i%10)}, "f": {fmt.Sprint(i % 100)}, "n": {fmt.Sprint(i % 50)}})
			}
			now, ref := time.Unix(1_800_000_000, 0), &alert.EventRef{}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				now = now.Add(time.Second)
				c.Add(a, events[i%1000], now, ref, func(*sigma.Correlated) {})
			}
		})
	}
}
