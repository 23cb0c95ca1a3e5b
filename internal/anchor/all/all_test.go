package all_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/all"
	"gander/internal/anchor/file"
	"gander/internal/anchor/git"
	"gander/internal/anchor/journald"
	"gander/internal/anchor/rfc3161"
	"gander/internal/anchor/syslog"
	"gander/internal/anchor/webhook"
)

func every(dir string) all.Config {
	return all.Config{
		File:     []file.Config{{Path: filepath.Join(dir, "a")}, {Path: filepath.Join(dir, "b"), Common: anchor.Common{Name: "second"}}},
		Journald: []journald.Config{{}},
		Syslog:   []syslog.Config{{Common: anchor.Common{Interval: anchor.Duration(time.Minute)}}},
		Webhook:  []webhook.Config{{URL: "https://a.example", Secret: "env:X"}},
		Git:      []git.Config{{Remote: filepath.Join(dir, "r.git"), Program: "/usr/bin/git"}},
		RFC3161:  []rfc3161.Config{{URL: "https://tsa.example"}},
	}
}

func TestEveryKindOpensUnderItsName(t *testing.T) {
	dir := t.TempDir()
	entries, err := every(dir).Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []anchor.Plan{
		{Name: "file", Kind: "file", Timeout: 30 * time.Second},
		{Name: "second", Kind: "file", Timeout: 30 * time.Second},
		{Name: "journald", Kind: "journald", Timeout: 30 * time.Second},
		{Name: "syslog", Kind: "syslog", Interval: time.Minute, Timeout: 30 * time.Second},
		{Name: "webhook", Kind: "webhook", Interval: time.Minute, Timeout: 30 * time.Second},
		{Name: "git", Kind: "git", Interval: time.Minute, Timeout: 30 * time.Second},
		{Name: "rfc3161", Kind: "rfc3161", Interval: 10 * time.Minute, Timeout: 30 * time.Second},
	}
	var got []anchor.Plan
	for _, e := range entries {
		got = append(got, e.Plan)
		if e.Anchor.Name() != e.Plan.Name {
			t.Errorf("%s calls itself %s", e.Plan.Name, e.Anchor.Name())
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("plans %+v", got)
	}
	if _, err := anchor.OpenQueue(dir, 0, entries...); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("opening made %v", left)
	}
}

func TestEveryFolderOfAKindIsInTheList(t *testing.T) {
	dirs, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]bool)
	for _, c := range every(t.TempDir()).List() {
		kinds[c.Plan().Kind] = true
	}
	notKinds := []string{"all", "anchortest", "readback", "testdata", "transport"}
	for _, d := range dirs {
		if d.IsDir() && !slices.Contains(notKinds, d.Name()) && !kinds[d.Name()] {
			t.Errorf("%s is not in the list", d.Name())
		}
	}
}

func TestErrorsNameTheAnchor(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		c          all.Config
	}{
		{"a bad path", `file anchor "file": path:`, all.Config{File: []file.Config{{}}}},
		{"a name twice", `webhook anchor "x": the name is taken`, all.Config{
			File:    []file.Config{{Path: "/a", Common: anchor.Common{Name: "x"}}},
			Webhook: []webhook.Config{{URL: "https://a.example", Secret: "s", Common: anchor.Common{Name: "x"}}},
		}},
		{"roots that are not there", `rfc3161 anchor "rfc3161": roots:`, all.Config{RFC3161: []rfc3161.Config{{URL: "https://a.example", Roots: "/none"}}}},
		{"certificates that are not there", `syslog anchor "syslog": ca:`, all.Config{Syslog: []syslog.Config{{Network: "tls", Address: "a:1", CA: "/none"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.c.Open("/state", nil); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
}
