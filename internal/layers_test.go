package internal_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// layers is the table of ARCHITECTURE.md. A package may import those of its
// own layer and of lower ones.
var layers = map[string]int{
	"event": 0, "journal": 0, "journal/record": 0, "journal/zst": 0, "journal/seal": 0, "journal/rotate": 0, "safetext": 0, "proc": 0,
	"hook": 1, "tail": 1, "agent": 1, "agent/claudecode": 1, "shell": 1, "alert": 1,
	"sigma": 2, "rules": 2, "detect": 2, "guard/fileflags": 2, "route": 2,
	"anchor": 2, "anchor/all": 2, "anchor/anchortest": 2, "anchor/readback": 2, "anchor/transport": 2,
	"anchor/file": 2, "anchor/git": 2, "anchor/journald": 2, "anchor/rfc3161": 2, "anchor/syslog": 2, "anchor/webhook": 2,
	"keeper":  2,
	"service": 3,
	"ui/text": 4, "config": 4,
	"app": 5,
}

func TestPackagesImportDownwards(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		name, ok := strings.CutPrefix(p.ImportPath, "gander/internal/")
		if !ok {
			continue
		}
		check(t, name, p.Imports)
	}
}

func check(t *testing.T, name string, imports []string) {
	t.Helper()
	layer, ok := layers[name]
	if !ok {
		t.Errorf("package %s has no layer: add it here and to ARCHITECTURE.md", name)
	}
	for _, imp := range imports {
		dep, ours := strings.CutPrefix(imp, "gander/internal/")
		switch {
		case !ours:
		case layers[dep] > layer:
			t.Errorf("%s (layer %d) imports %s (layer %d)", name, layer, dep, layers[dep])
		case strings.HasPrefix(name, "ui/") && dep == "detect":
			t.Errorf("%s imports %s: ui draws, it does not decide", name, dep)
		case name == "event":
			t.Errorf("event imports %s: it imports nothing of ours", dep)
		}
	}
}
