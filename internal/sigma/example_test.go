package sigma_test

import (
	"fmt"

	"gander/internal/sigma"
)

func Example() {
	rules, err := sigma.Parse("secret.yml", []byte(`
title: A private key is read
logsource: {category: process_creation, product: linux}
detection:
    read: {Image|endswith: [/cat, /cp], CommandLine|contains: /.ssh/id_}
    public: {CommandLine|endswith: .pub}
    condition: read and not public
level: high
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := sigma.Compile(rules, func(l sigma.Logsource) []string { return []string{l.Category} })
	if err != nil {
		fmt.Println(err)
		return
	}
	e := event{"Image": {"/usr/bin/cat"}, "CommandLine": {"cat ~/.ssh/id_ed25519"}}
	set.NewMatcher().Match("process_creation", e, func(h *sigma.Hit) bool {
		fmt.Println(h.Rule.Level, h.Rule.Title, h.Selections)
		return true
	})
	// Output: high A private key is read [read]
}
