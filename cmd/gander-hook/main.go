// Command gander-hook records one tool call of a coding agent. It is what
// agents run; people run gander.
package main

import (
	"os"

	"gander/internal/hook"
)

func main() {
	os.Exit(hook.Run(os.Args[1:], os.Stdin, os.Stderr))
}
