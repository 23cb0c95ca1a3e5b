// Command valid checks that each line of a file is JSON: about the least that a
// program in Go does with a record before it can judge it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for line := range bytes.Lines(text) {
		if !json.Valid(line) {
			fmt.Fprintf(os.Stderr, "not JSON: %.80s\n", line)
			os.Exit(1)
		}
	}
}
