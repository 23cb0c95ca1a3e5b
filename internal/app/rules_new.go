package app

import (
	"crypto/rand"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// NewRule returns a rule to begin with: it loads, passes its own cases, and
// says what to put where.
func NewRule(title string, now time.Time) string {
	quoted, err := yaml.Marshal(title)
	if err != nil {
		panic("app: " + err.Error()) // a string always marshals
	}
	return fmt.Sprintf(newRule, quoted, uuid(), now.Format(time.DateOnly))
}

// uuid returns a random UUID, version 4.
func uuid() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

const newRule = `title: %sid: %s
status: experimental
description: What it finds, and what it leaves out.
author: you
date: %s
tags:
  - attack.execution
  - attack.t1059.004
logsource:
  product: ai_agent
  category: process_creation
detection:
  selection:
    Image|endswith: /example
    CommandLine|contains: ' --dangerous'
  condition: selection
falsepositives:
  - when it is no attack
level: medium
gander:
  why: one sentence, what happened and why it matters
  advice: what to do now
  match:
    - example --dangerous
    - sudo example --dangerous now
  miss:
    - example --safe
    - echo example --dangerous
`
