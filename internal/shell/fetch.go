package shell

import "strings"

// fetch is a program whose output comes from the network.
func (w *walker) fetch(p program, c call) output {
	o := p.permute(c.args[1:])
	net := value{taint: fromNet}
	url := lastURL(o.rest)
	if strings.HasPrefix(url, "file:") {
		net = value{}
	}
	file := o.text.text
	toFile := o.hasText && !isStdout(o.text)
	if !o.hasText && (p.file || o.has("O", "remote-name", "remote-name-all", "download")) {
		file, toFile = urlFile(url), true
	}
	if !toFile {
		return output{value: net, last: c.at}
	}
	w.write(file, net)
	return output{value: constant(""), last: c.at}
}

// isStdout reports whether an output file is none: -, or a >(...).
func isStdout(v value) bool {
	return v.text == "-" || v.text == "/dev/stdout" || strings.HasPrefix(v.text, ">(")
}

// lastURL is the operand that is fetched. Which one that is takes guessing: not
// every option with a value is known.
func lastURL(operands []value) string {
	url := ""
	for _, v := range operands {
		if url == "" || strings.Contains(v.text, "://") {
			url = v.text
		}
	}
	return url
}

// urlFile is the name that a download gets from its URL.
func urlFile(url string) string {
	name, _, _ := strings.Cut(baseName(url), "?")
	return name
}
