//go:build unix

package client

import (
	"context"
	"time"
)

// SessionLimit is the time after which a session is ended from outside. One
// turn takes about 0.1 s and the start about a second.
const SessionLimit = 60 * time.Second

// A Session is one run of the client in print mode, where the stand-in at API
// plays the model.
type Session struct {
	Bin    string // as Install gave it
	API    string // base URL
	Prompt string
}

// Run runs the session as u and waits for its end.
//
// Standard input is empty and closed: the client waits three seconds for an
// open one, warns about it, and adds what it reads to the prompt. On standard
// output there is nothing but the text each prompt of the main thread ended
// with; that a background subagent is done counts as a prompt in 2.1.330.
func (s Session) Run(ctx context.Context, u *User) (Output, error) {
	ctx, cancel := context.WithTimeout(ctx, SessionLimit)
	defer cancel()
	cmd := u.Command(ctx, s.Bin, "--dangerously-skip-permissions", "-p", s.Prompt)
	cmd.Env = append(cmd.Env,
		"ANTHROPIC_API_KEY=sk-ant-fake-0000", "ANTHROPIC_BASE_URL="+s.API,
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_TELEMETRY=1",
		"DISABLE_ERROR_REPORTING=1", "DISABLE_AUTOUPDATER=1",
	)
	return run(ctx, cmd, nil)
}
