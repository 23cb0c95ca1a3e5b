package sigma_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"gander/internal/sigma"
)

// sigmaHQ returns the rules of the clone that GANDER_SIGMAHQ names, below sub.
func sigmaHQ(tb testing.TB, sub string) []*sigma.Rule {
	tb.Helper()
	dir := os.Getenv("GANDER_SIGMAHQ")
	if dir == "" {
		tb.Skip("GANDER_SIGMAHQ does not name the rules folder of a SigmaHQ clone")
	}
	var rules []*sigma.Rule
	err := filepath.WalkDir(filepath.Join(dir, sub), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yml" {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := sigma.Parse(path, src)
		if err != nil {
			tb.Error(err)
		}
		rules = append(rules, got...)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return rules
}

func processRules(rules []*sigma.Rule) []*sigma.Rule {
	return slices.DeleteFunc(rules, func(r *sigma.Rule) bool { return r.Logsource.Category != "process_creation" })
}

func TestEveryRuleOfSigmaHQLoads(t *testing.T) {
	rules := sigmaHQ(t, "")
	_, err := sigma.Compile(rules, func(l sigma.Logsource) []string {
		return []string{l.Product + "/" + l.Category + "/" + l.Service}
	})
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d rules", len(rules))
}

// TestSigmaHQAgreesWithNaiveEvaluation runs events made of the rules' own
// values through the engine and through the naive evaluator.
func TestSigmaHQAgreesWithNaiveEvaluation(t *testing.T) {
	for sub, n := range map[string]int{"linux": 300, "macos": 300, "windows": 20} {
		t.Run(sub, func(t *testing.T) {
			rules := processRules(sigmaHQ(t, sub))
			var detections []*yaml.Node
			rules = slices.DeleteFunc(rules, func(r *sigma.Rule) bool {
				n := detectionOf(t, r)
				if unknownToNaive(n) {
					return true
				}
				detections = append(detections, n)
				return false
			})
			m := compile(t, rules).NewMatcher()
			random := rand.New(rand.NewPCG(7, 8))
			matched := 0
			for range n {
				e := event{}
				for range 1 + random.IntN(2) {
					provoke(random, e, detections[random.IntN(len(detections))])
				}
				var want []string
				for i, d := range detections {
					if naiveMatch(d, e) {
						want = append(want, rules[i].ID)
					}
				}
				matched += len(want)
				if got := hits(m, e); !slices.Equal(got, want) {
					t.Errorf("event %q: engine %q, naive %q", e, got, want)
				}
			}
			t.Logf("%d rules, %d events, %d hits", len(rules), n, matched)
		})
	}
}

func detectionOf(t *testing.T, r *sigma.Rule) *yaml.Node {
	src, err := os.ReadFile(r.File)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Detection yaml.Node }
	if err := yaml.Unmarshal(src, &doc); err != nil {
		t.Fatal(err)
	}
	return &doc.Detection
}

func unknownToNaive(n *yaml.Node) bool {
	return strings.Contains(n.Value, "|base64offset") || slices.ContainsFunc(n.Content, unknownToNaive)
}

// provoke sets the fields that n reads to some of the values it looks for.
func provoke(random *rand.Rand, e event, n *yaml.Node) {
	for i, kid := range n.Content {
		if n.Kind != yaml.MappingNode || kid.Kind == yaml.MappingNode || kid.Kind == yaml.SequenceNode && kid.Content[0].Kind == yaml.MappingNode {
			provoke(random, e, kid)
			continue
		}
		if i%2 == 0 || n.Content[i-1].Value == "condition" || random.IntN(8) == 0 {
			continue
		}
		field, mods, _ := strings.Cut(n.Content[i-1].Value, "|")
		values := naiveList(kid)
		if !strings.Contains(mods, "all") {
			values = values[random.IntN(len(values)):][:1]
		}
		text := ""
		for _, v := range values {
			text += strings.Trim(v.Value, "*")
		}
		if old := e[field]; len(old) == 1 {
			text = old[0] + text
		}
		e[field] = []string{text}
	}
}
