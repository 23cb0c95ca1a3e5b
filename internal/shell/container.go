package shell

import (
	"slices"
	"strings"
)

// containerFlags are the long options of docker run and exec that take no
// value. There are fewer of them than of the others.
const containerFlags = " rm privileged init read-only publish-all interactive tty detach no-healthcheck oom-kill-disable " +
	"sig-proxy quiet disable-content-trust no-deps service-ports build remove-orphans use-aliases no-TTY "

// containerLetters are the short ones.
const containerLetters = "ditPqT"

// container runs the command of docker run and docker exec.
func (w *walker) container(c call) output {
	verb := slices.IndexFunc(c.args, func(v value) bool { return v.text == "run" || v.text == "exec" })
	if verb < 1 {
		return w.unknown(c)
	}
	args, entry := containerOptions(c.args[verb+1:])
	if len(args) == 0 { // no image
		return w.unknown(c)
	}
	return w.child(c, append(entry, args[1:]...), c.io)
}

// containerOptions gives the arguments from the image on, and the program that
// --entrypoint puts before them.
func containerOptions(args []value) (rest, entry []value) {
	for len(args) > 0 && len(args[0].text) > 1 && args[0].text[0] == '-' {
		arg := args[0].text
		args = args[1:]
		if arg == "--" {
			break
		}
		name, val, attached := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if strings.HasPrefix(arg, "--") {
			attached = attached || hasOption(containerFlags, name)
		} else {
			// -it, -p80:80, and the letter of -itv whose value follows
			attached = len(strings.TrimLeft(arg[1:], containerLetters)) != 1
		}
		if !attached && len(args) > 0 {
			val, args = args[0].text, args[1:]
		}
		if name == "entrypoint" && val != "" {
			entry = []value{constant(val)}
		}
	}
	return args, entry
}

// pod runs the command behind -- of kubectl exec, run and debug.
func (w *walker) pod(c call) output {
	runs := func(v value) bool { return v.text == "exec" || v.text == "run" || v.text == "debug" }
	dashes := slices.IndexFunc(c.args, func(v value) bool { return v.text == "--" })
	if dashes < 0 || !slices.ContainsFunc(c.args[:dashes], runs) {
		return w.unknown(c)
	}
	return w.child(c, c.args[dashes+1:], c.io)
}
