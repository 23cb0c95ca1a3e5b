package app

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"

	"gander/internal/sigma"
)

// ownRules protect this very installation: the default rules know where gander
// usually lies, and these know where it lies here.
func ownRules(d Dirs) ([]*sigma.Rule, error) {
	var paths []string
	for _, p := range []string{d.State, d.Data} {
		paths = append(paths, yamlString(p))
		if rest, ok := strings.CutPrefix(p, d.Home+"/"); ok {
			paths = append(paths, yamlString("~/"+rest)) // how a command names it whose home is not known
		}
	}
	var text bytes.Buffer
	if err := ownRule.Execute(&text, paths); err != nil {
		return nil, fmt.Errorf("make the rules about gander's own files: %w", err)
	}
	return sigma.Parse("(built in)", text.Bytes())
}

// yamlString quotes s for YAML, and for Sigma, to which * and ? are wildcards.
func yamlString(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(s)
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

var ownRule = template.Must(template.New("own").Parse(`
title: The files of this gander are changed
id: 0f6a1d57-3c5e-4b7e-9a43-5a1f0f3d9c11
status: test
level: critical
logsource: {product: ai_agent, category: file_modification}
tags: [attack.defense-impairment, attack.t1685, attack.t1070.004]
detection:
  own:
    TargetFilename|startswith: [{{range $i, $p := .}}{{if $i}}, {{end}}{{$p}}{{end}}]
  condition: own
gander:
  why: the journal, the alerts or the programs that watch the agent are written, moved or deleted by the agent
  advice: stop the session, keep a copy of the journal, and run gander verify
---
title: The key of the journal's seals is read
id: 0f6a1d57-3c5e-4b7e-9a43-5a1f0f3d9c12
status: test
level: critical
logsource: {category: file_access}
tags: [attack.credential-access, attack.t1552.004]
detection:
  own:
    FileName|startswith: [{{range $i, $p := .}}{{if $i}}, {{end}}{{$p}}{{end}}]
  key:
    FileName|endswith: /seal.key
  condition: own and key
gander:
  why: whoever has this key can seal in gander's name from now on; what was sealed before stays proven
  advice: stop the session, note the last seal gander status shows, and run gander verify
`))
