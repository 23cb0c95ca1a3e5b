package shell_test

import (
	"fmt"
	"strings"

	"gander/internal/shell"
)

// render gives a result in a form a table can hold: a line for each command
//
//	2 ^1 <0 name: text | >file <file | A=b | sh -c, base64 -d | dynamic
//
// with its index, parent and stdin, and what does not apply left out; then a
// line of facts.
func render(r shell.Result) string {
	var all strings.Builder
	for i, c := range r.Commands {
		var b strings.Builder
		fmt.Fprintf(&b, "%d", i)
		if c.Parent >= 0 {
			fmt.Fprintf(&b, " ^%d", c.Parent)
		}
		if c.Stdin >= 0 {
			fmt.Fprintf(&b, " <%d", c.Stdin)
		}
		fmt.Fprintf(&b, " %s: %s", c.Name, c.Text)
		for _, redirect := range c.Redirects {
			fmt.Fprintf(&b, " | %s%s", operator(redirect), redirect.Path)
		}
		if len(c.Assigns) > 0 {
			fmt.Fprintf(&b, " | %s", strings.Join(c.Assigns, " "))
		}
		if len(c.Decoded) > 0 {
			fmt.Fprintf(&b, " | via %s", strings.Join(c.Decoded, ", "))
		}
		if c.Dynamic {
			b.WriteString(" | dynamic")
		}
		all.WriteString(strings.ReplaceAll(b.String(), "\n", `\n`) + "\n")
	}
	for _, f := range r.Facts {
		fmt.Fprintf(&all, "! %s\n", f)
	}
	return all.String()
}

func operator(r shell.Redirect) string {
	switch {
	case r.Append:
		return ">>"
	case r.Write:
		return ">"
	}
	return "<"
}
