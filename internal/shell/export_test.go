package shell

// Walk is Split without its last net, so that tests see a panic.
func Walk(line string) {
	w := new(walker)
	w.start(line)
	w.program(line, stdio{from: -1})
}
