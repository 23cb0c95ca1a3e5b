package hook

import (
	"errors"
	"path/filepath"

	"gander/internal/journal/record"
)

type options struct {
	journal string
	agent   string
	block   bool
	help    bool
}

// parseArgs reads the command line by hand: package flag would exit 2 by
// itself, which blocks the user's tool call.
func parseArgs(args []string) (o options, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch arg {
		case "-h", "--help":
			return options{help: true}, nil
		case "--journal", "--on-failure":
			if len(args) == 0 {
				return o, errors.New(arg + " needs a value")
			}
			err = o.set(arg, args[0])
			args = args[1:]
		default:
			err = o.setAgent(arg)
		}
		if err != nil {
			return o, err
		}
	}
	if o.journal == "" || o.agent == "" {
		return o, errors.New("--journal and the agent's name are needed")
	}
	return o, nil
}

func (o *options) set(name, value string) error {
	if name == "--journal" {
		if !filepath.IsAbs(value) {
			return errors.New("--journal must be an absolute path")
		}
		o.journal = filepath.Clean(value)
		return nil
	}
	if value != "go-on" && value != "block" {
		return errors.New("--on-failure takes go-on or block")
	}
	o.block = value == "block"
	return nil
}

func (o *options) setAgent(name string) error {
	if o.agent != "" || !record.ValidAgent(name) {
		return errors.New("one agent's name is needed, of a-z, 0-9 and '-'")
	}
	o.agent = name
	return nil
}
