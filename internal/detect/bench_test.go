package detect_test

import (
	"testing"

	"gander/internal/detect"
	"gander/internal/event"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// BenchmarkDetect says what one call costs with all default rules. The promise
// is 50,000 calls a second on one core, with everything around it.
func BenchmarkDetect(b *testing.B) {
	list, err := rules.Load()
	if err != nil {
		b.Fatal(err)
	}
	d, err := detect.NewRules(list, func(r *sigma.Rule) detect.Note { return detect.Note(rules.NoteOf(r)) })
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct {
		name  string
		calls []event.Event
	}{
		{"a short command", []event.Event{bash("go test ./internal/detect")}},
		{"a pipeline", []event.Event{bash("cd /home/u/project && git log --oneline -20 | grep -i fix | head -5")}},
		{"a read", []event.Event{readOf("/home/u/project/internal/detect/rules.go")}},
		{"an edit of 2 KB", []event.Event{editOf("/home/u/project/main.go", 2<<10)}},
		{"a write of 100 KB", []event.Event{editOf("/home/u/project/main.go", 100<<10)}},
		{"a session's mix", mix()},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if found := d.Detect(&bb.calls[i%len(bb.calls)]); found != nil {
					b.Fatalf("found %v", found)
				}
			}
		})
	}
}

func mix() []event.Event {
	return []event.Event{
		bash("git status -s | head -10"),
		readOf("/home/u/project/README.md"),
		bash("grep -rn 'func Detect' --include='*.go' ."),
		editOf("/home/u/project/main.go", 1<<10),
		bash("cd /home/u/project && go vet ./... && go test ./... 2>&1 | tail -20"),
		readOf("/home/u/project/internal/detect/rules.go"),
		bash("for f in a b c; do if ! grep -q '^status:' \"$f\"; then echo \"add status to $f\"; fi; done"),
		bash("curl -s http://localhost:8080/health | jq .status"),
		bash("rm -rf build && mkdir -p build && cp -r assets build/"),
		bash("python3 -c \"import json; print(json.load(open('package.json'))['version'])\""),
	}
}
