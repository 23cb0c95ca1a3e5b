package shell_test

import (
	"testing"

	"gander/internal/shell"
	"mvdan.cc/sh/v3/syntax"
	"strings"
)

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
	`curl -s http://localhost:3000/api/health | jq .status`,
	"sed -n '10,40p' internal/app/app.go",
	"mkdir -p out && cp -r assets/* out/",
	"rm -rf node_modules dist",
}

func BenchmarkSplit(b *testing.B) {
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		shell.Split(ordinary[n%len(ordinary)])
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkParseAlone(b *testing.B) {
	n := 0
	b.ReportAllocs()
	p := syntax.NewParser()
	for b.Loop() {
		p.Parse(strings.NewReader(ordinary[n%len(ordinary)]), "")
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
}
