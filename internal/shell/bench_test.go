package shell_test

import (
	"strings"
	"testing"

	"gander/internal/shell"
	"mvdan.cc/sh/v3/syntax"
)

// ordinary is what agents run all day.
var ordinary = []string{
	"git status",
	"ls -la src",
	"npm test",
	"go test ./...",
	"cat package.json | head -50",
	`git add -A && git commit -m "fix: handle empty input"`,
	`grep -rn "func main" --include='*.go' . | head -20`,
	"cd /home/user/project && npm run build 2>&1 | tail -30",
	"find . -name '*.py' -not -path './node_modules/*' | xargs wc -l",
	`python3 -c "import json; print(json.load(open('x.json'))['a'])"`,
	`for f in *.txt; do echo "$f"; done`,
	"docker compose up -d --build",
	"curl -s http://localhost:3000/api/health | jq .status",
	"sed -n '10,40p' internal/app/app.go",
	"mkdir -p out && cp -r assets/* out/",
	"rm -rf node_modules dist",
}

// BenchmarkSplit is to be read beside BenchmarkParser, its floor.
func BenchmarkSplit(b *testing.B) {
	benchmark(b, func(line string) { shell.Split(line) })
}

// BenchmarkParser parses without walking.
func BenchmarkParser(b *testing.B) {
	p := syntax.NewParser()
	benchmark(b, func(line string) {
		if _, err := p.Parse(strings.NewReader(line), ""); err != nil {
			b.Fatal(err)
		}
	})
}

func benchmark(b *testing.B, f func(line string)) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		f(ordinary[n%len(ordinary)])
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkHostile is the worst that is known of a line at the limit.
func BenchmarkHostile(b *testing.B) {
	for _, unit := range []string{"id|", "$(", "eval ", "sudo ", "x=$y$y;y=$x$x;"} {
		line := strings.Repeat(unit, shell.MaxLine/len(unit))
		b.Run(unit, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				shell.Split(line)
			}
		})
	}
}
