package rules_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gander/internal/alert"
	"gander/internal/rules"
	"gander/internal/sigma"
)

// tree writes files below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func userRule(id string) string {
	return "title: " + id + "\nid: " + id + "\nlevel: high\nlogsource: {category: process_creation}\ndetection: {s: {Image: /x}, condition: s}\n"
}

// own returns the ids of the rules of a collection that are not default ones.
func own(c *rules.Collection) (ids []string) {
	for _, r := range c.Rules[c.Own:] {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestRulesOfAPersonStandBesideTheDefaultOnes(t *testing.T) {
	conf := tree(t, map[string]string{"rules/a.yml": userRule("a"), "rules/deep/b.yml": userRule("b"), "rules/notes.txt": "x", "rules/.git/c.yml": "not: [a rule"})
	if err := os.Symlink(filepath.Join(tree(t, map[string]string{"x": userRule("c")}), "x"), filepath.Join(conf, "rules", "deep", "c.yml")); err != nil {
		t.Fatal(err)
	}
	clone := tree(t, map[string]string{"rules/linux/d.yaml": userRule("d")})
	c, err := rules.Source{Config: conf, Paths: []string{clone}}.Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, own(c)); diff != "" || c.Own != len(load(t)) {
		t.Errorf("%d default rules, own %s", c.Own, diff)
	}
}

func TestNothingThereIsNothing(t *testing.T) {
	c, err := rules.Source{Config: filepath.Join(t.TempDir(), "none")}.Read()
	if err != nil || len(own(c)) != 0 {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := (rules.Source{Paths: []string{filepath.Join(t.TempDir(), "none")}}).Read(); err == nil {
		t.Error("a directory that was named and is not there is no error")
	}
}

func TestABadFileIsNamedWithItsLine(t *testing.T) {
	for name, content := range map[string]string{
		"rules/a.yml":   userRule("a") + "---\ntitle: b\n",
		"overrides.yml": "a: low\n\nb: loud\n",
	} {
		conf := tree(t, map[string]string{name: content, "rules/ok.yml": userRule("ok")})
		c, err := rules.Source{Config: conf}.Read()
		var at *sigma.Error
		if c != nil || !errors.As(err, &at) || filepath.Base(at.File) != filepath.Base(name) || at.Line < 3 {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

func TestOverridesChangeRules(t *testing.T) {
	conf := tree(t, map[string]string{
		"rules/a.yml": userRule("a") + "---\n" + userRule("b") + "---\n" +
			"title: f\nlogsource: {category: process_creation}\nfilter: {rules: a, s: {Image: /y}, condition: not s}\n",
		"overrides.yml": "# mine\na: informational\nb: disabled\nf: disabled\n",
	})
	c, err := rules.Source{Config: conf}.Read()
	if err != nil {
		t.Fatal(err)
	}
	mine := c.Rules[c.Own:]
	if mine[0].Level != alert.Informational || c.Off(mine[0]) || mine[1].Level != alert.High || !c.Off(mine[1]) {
		t.Errorf("%+v", c.Overrides)
	}
	if n := len(c.Active()) - c.Own; n != 2 {
		t.Errorf("%d active rules, want a and b, and not the filter", n)
	}
}

func TestDisableAndEnableEditTheOverrides(t *testing.T) {
	conf := tree(t, map[string]string{"overrides.yml": "# keep this\na: low # and this\n"})
	for _, id := range []string{"b", "b: c"} {
		if err := rules.Disable(conf, id); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		b, err := os.ReadFile(filepath.Join(conf, "overrides.yml"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got, want := read(), "# keep this\na: low # and this\nb: disabled\n'b: c': disabled\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if err := errors.Join(rules.Enable(conf, "b"), rules.Enable(conf, "b: c")); err != nil || !strings.HasSuffix(read(), "and this\n") {
		t.Errorf("%q, %v", read(), err)
	}
	if err := rules.Disable(filepath.Join(t.TempDir(), "new"), "x"); err != nil {
		t.Error(err)
	}
	broken := tree(t, map[string]string{"overrides.yml": "- a\n"})
	if err := rules.Disable(broken, "x"); err == nil {
		t.Error("a file that cannot be read is written over")
	}
}

func TestStampChangesWithTheFiles(t *testing.T) {
	conf := tree(t, map[string]string{"rules/a.yml": userRule("a")})
	s := rules.Source{Config: conf}
	first := s.Stamp()
	if s.Stamp() != first {
		t.Error("a stamp of the same files differs")
	}
	if err := rules.Disable(conf, "a"); err != nil || s.Stamp() == first {
		t.Errorf("overrides are not seen: %v", err)
	}
	first = s.Stamp()
	if err := os.WriteFile(filepath.Join(conf, "rules", "b.yml"), []byte("x"), 0o600); err != nil || s.Stamp() == first {
		t.Errorf("a new file is not seen: %v", err)
	}
}

func FuzzOverrides(f *testing.F) {
	f.Add("a: low\nb: disabled\n")
	f.Add("? [a]\n: {b: c}\n")
	f.Add("a: &x low\nb: *x\n---\n- c\n")
	f.Fuzz(func(t *testing.T, text string) {
		conf := tree(t, map[string]string{"overrides.yml": text})
		if rules.Disable(conf, "new") != nil {
			return
		}
		if err := errors.Join(rules.Disable(conf, "new"), rules.Enable(conf, "new")); err != nil {
			t.Errorf("%q is not readable any more once it is edited: %v", text, err)
		}
	})
}
