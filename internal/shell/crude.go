package shell

import "strings"

// Limits for text that is only looked over: its first commands and words are
// what rules on program names need.
const (
	maxCrudeWords = 64
	maxCrudeBytes = 4 << 10
)

// crude adds the commands of a text that is not parsed: words between
// separators, with plain quotes removed. Off is where the text stands in the
// current program.
func (w *walker) crude(text string, off int) {
	c := crude{w: w, text: text, off: off}
	for c.pos < len(text) && !w.full() {
		c.next()
	}
	c.command()
	if c.pos < len(text) {
		w.facts.add(LayersTruncated)
	}
}

// A crude goes over a text from left to right.
type crude struct {
	w         *walker
	text      string
	off       int
	pos       int
	quote     byte // ' or " while inside, or 0
	word      []byte
	inWord    bool
	words     []string
	bytes     int    // of words
	start     int    // of the command
	redirect  string // the operator whose file is the next word
	redirects []Redirect
	ends      []string // delimiters of the here-documents that begin at the next newline
}

func (c *crude) next() {
	ch := c.text[c.pos]
	c.pos++
	switch {
	case c.quote == '\'':
		c.single(ch)
	case ch == '\\':
		if c.pos < len(c.text) {
			c.add(c.text[c.pos])
			c.pos++
		}
	case ch == '`' || ch == '$' && c.pos < len(c.text) && c.text[c.pos] == '(':
		c.quote = 0
		c.command()
	case ch == '"':
		c.inWord = true
		c.quote ^= '"'
	case c.quote == '"':
		c.add(ch)
	case ch == '\'':
		c.inWord, c.quote = true, '\''
	default:
		c.plain(ch)
	}
}

func (c *crude) single(ch byte) {
	if ch == '\'' {
		c.quote = 0
		return
	}
	c.add(ch)
}

// plain handles a character outside quotes.
func (c *crude) plain(ch byte) {
	switch ch {
	case ' ', '\t', '\r':
		c.endWord()
	case '\n':
		c.command()
		c.skipDocuments()
	case ';', '|', '&', '(', ')':
		c.command()
	case '<', '>':
		c.endWord()
		c.operator(ch)
	case '#':
		if c.inWord {
			c.add(ch)
			break
		}
		if end := strings.IndexByte(c.text[c.pos:], '\n'); end >= 0 {
			c.pos += end
		} else {
			c.pos = len(c.text)
		}
	default:
		c.add(ch)
	}
}

func (c *crude) add(ch byte) {
	if !c.inWord && len(c.words) == 0 {
		c.start = c.pos - 1
	}
	c.inWord = true
	if c.bytes+len(c.word) < maxCrudeBytes {
		c.word = append(c.word, ch)
	}
}

// operator reads a redirection.
func (c *crude) operator(ch byte) {
	c.redirect = string(ch)
	for c.pos < len(c.text) && strings.IndexByte("<>&|-", c.text[c.pos]) >= 0 {
		c.redirect += c.text[c.pos : c.pos+1]
		c.pos++
		if len(c.redirect) > 3 {
			break
		}
	}
}

func (c *crude) endWord() {
	if !c.inWord {
		return
	}
	word := string(c.word)
	c.word, c.inWord = c.word[:0], false
	op := c.redirect
	c.redirect = ""
	switch {
	case op != "" && word == "":
	case op == "<<" || op == "<<-":
		if len(c.ends) < maxCrudeWords {
			c.ends = append(c.ends, word)
		}
	case strings.HasPrefix(op, ">") && !strings.Contains(op, "&"):
		c.redirects = append(c.redirects, Redirect{Write: true, Append: op == ">>", Path: word})
	case op == "<":
		c.redirects = append(c.redirects, Redirect{Path: word})
	case op == "" && len(c.words) < maxCrudeWords:
		c.words = append(c.words, word)
		c.bytes += len(word)
	}
}

// command ends a command and adds it.
func (c *crude) command() {
	c.endWord()
	c.redirect = ""
	words := c.words
	var assigns []string
	for len(words) > 0 && (words[0] == "" || reserved(words[0]) || isAssignment(words[0])) {
		if isAssignment(words[0]) {
			assigns = append(assigns, words[0])
		}
		words = words[1:]
	}
	if len(words)+len(assigns)+len(c.redirects) > 0 {
		c.emit(words, assigns)
	}
	c.words, c.redirects, c.bytes = nil, nil, 0
}

func (c *crude) emit(words, assigns []string) {
	at := c.w.add(-1)
	if at < 0 {
		return
	}
	cmd := &c.w.cmds[at]
	cmd.Argv, cmd.Assigns, cmd.Redirects = words, assigns, c.redirects
	cmd.Text = joinWords(words)
	if len(words) > 0 {
		cmd.Name = baseName(words[0])
		cmd.Dynamic = strings.Contains(cmd.Text, "$")
	} else {
		cmd.Text = joinWords(assigns)
	}
	if strings.HasPrefix(cmd.Name, "$") {
		cmd.Name = ""
	}
	cmd.Start, cmd.End = c.off+c.start, c.off+c.pos
	if c.w.scope.layer > 0 {
		cmd.Start, cmd.End = c.w.scope.start, c.w.scope.end
	}
}

// reserved are the words that may stand before a command.
func reserved(word string) bool {
	switch word {
	case "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "for", "case", "esac", "!", "{", "}", "time", "coproc", "function":
		return true
	}
	return false
}

// skipDocuments skips the here-documents that begin here.
func (c *crude) skipDocuments() {
	for _, end := range c.ends {
		for c.pos < len(c.text) {
			line, _, more := strings.Cut(c.text[c.pos:], "\n")
			c.pos += len(line)
			if more {
				c.pos++
			}
			if strings.TrimLeft(line, "\t") == end {
				break
			}
		}
	}
	c.ends = nil
}
