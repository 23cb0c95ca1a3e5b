package main_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The hook starts once per tool call: whatever is linked is paid for each
// time, before main runs.
func TestHookLinksOnlyTheStandardLibraryAndSys(t *testing.T) {
	allowed := map[string]bool{
		"gander/cmd/gander-hook":         true,
		"gander/internal/hook":           true,
		"gander/internal/journal/record": true,
		"gander/internal/proc":           true,
		"golang.org/x/sys/unix":          true,
	}
	heavy := []string{"net", "net/http", "flag", "log", "log/slog", "regexp", "text/template", "os/exec", "database/sql"}
	for _, goos := range []string{"linux", "darwin"} {
		for _, dep := range list(t, goos) {
			if strings.Contains(strings.SplitN(dep, "/", 2)[0], ".") || strings.HasPrefix(dep, "gander/") {
				if !allowed[dep] {
					t.Errorf("%s: gander-hook links %s, which is not allowed", goos, dep)
				}
			}
			for _, h := range heavy {
				if dep == h {
					t.Errorf("%s: gander-hook links %s, which costs start-up time", goos, dep)
				}
			}
		}
	}
}

func list(t *testing.T, goos string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", ".")
	cmd.Env = append(cmd.Environ(), "GOOS="+goos)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps: %v", err)
	}
	return strings.Fields(string(out))
}
