// Package shell reads a command line the way an agent's Bash tool gets it and
// says which simple commands it runs.
//
// It promises:
//
//   - Every simple command in pipelines, lists, groups, functions, loops,
//     substitutions and here-documents for a shell is a [Command], and so is
//     what wrappers (sudo, xargs, ssh, sh -c, eval, ...) run.
//   - What a reader of the line can compute is computed: quotes, assignments,
//     brace expansion, $IFS, and constant text that passes through echo,
//     printf, base64, xxd, rev, tr, gzip or openssl on its way into a shell.
//   - What cannot be computed stays readable in its place ("$EDITOR file") and
//     is marked, as [Command].Dynamic or as a [Fact].
//   - Nothing is run, and no file, variable or user of this machine is looked
//     at: the same line gives the same [Result] everywhere.
//   - Any line returns, soon and in bounded memory. Past the limits below, and
//     for text that is no shell program, Commands is what could be saved.
//
// It does not know what lies outside the line: aliases, files written earlier,
// the environment, the code inside python -c. Branches are all taken to run.
package shell

// The limits. Whoever writes the line chooses its size and shape, so each is
// there to bound time or memory; a line beyond one of them has a Fact that
// says so.
const (
	// MaxLine is the longest text that is parsed, in bytes: Linux takes no
	// longer argument, so no longer line is run by "bash -c".
	MaxLine = 128 << 10

	// MaxDepth is how deep constructs may nest. The parser recurses; without
	// a limit three million "$(" end the process with a stack overflow that
	// Go cannot recover from. People stay below ten.
	MaxDepth = 256

	// MaxCommands is how many commands a Result holds, so that a short line
	// of wrappers within wrappers cannot ask for a long answer.
	MaxCommands = 1000

	// MaxLayers is how many programs within programs are read: sh -c, eval,
	// base64 -d | sh. Each layer can multiply the work of the one before.
	MaxLayers = 5

	// MaxText is the most bytes kept of one computed text: a decoder's
	// output, a variable. A gzip bomb stops here. What a line holds fits, so
	// that padding hides nothing.
	MaxText = MaxLine

	// MaxExpansion is the most bytes that all expansions and inner programs
	// of a line may come to together: x=$y$y;y=$x$x doubles with each step.
	MaxExpansion = 1 << 20
)

// A Command is one simple command: a program and its arguments, after quotes,
// assignments and other constants have been folded.
type Command struct {
	Name string   // the program's base name: "curl"; empty when it is not constant
	Argv []string // folded words; Argv[0] is the program as written; empty if the statement only assigns or redirects
	Text string   // the words joined by blanks, quoted where they must be: Sigma's CommandLine

	// Assigns are the assignments before the program, "LD_PRELOAD=/tmp/x.so",
	// or the whole of a statement without one.
	Assigns []string

	// Parent is the index in Result.Commands of the command that runs this
	// one ("sudo", "sh -c"), or -1 when it is typed at the top level.
	Parent int
	// Stdin is the index of the command whose output is piped into this one, or -1.
	Stdin int

	Redirects []Redirect
	Decoded   []string // how the text was reached: "sh -c", "base64 -d", outermost first
	Start     int      // byte range in the original line; of the enclosing
	End       int      // construct when the command was decoded
	Dynamic   bool     // some word could not be folded to a constant
}

// A Redirect is a file a command opens through the shell.
type Redirect struct {
	Write  bool // > and >>; false for <
	Append bool
	Path   string // as folded; "/dev/tcp/host/port" included
}

// A Fact is something about a command line that cannot be decided by reading
// it, or that is odd enough to be told apart.
type Fact string

// The facts. Rules match them as the field ShellFacts.
const (
	Unparsable       Fact = "unparsable"        // not a shell program; Commands is what could be saved
	TooDeep          Fact = "too-deep"          // nested beyond what is read
	TooLong          Fact = "too-long"          // longer than what is read
	DynamicCommand   Fact = "dynamic-command"   // the program's name is computed
	DecoderToShell   Fact = "decoder-to-shell"  // decoded bytes, constant or not, are run
	DownloadToShell  Fact = "download-to-shell" // bytes from the network are run
	ObfuscatedQuotes Fact = "obfuscated-quotes" // quotes or expansions inside a word hide its text
	LayersTruncated  Fact = "layers-truncated"  // more decoded layers or commands than are read
)

// A Result is what a command line says.
type Result struct {
	Commands []Command // in the order they are written; a parent comes before its children
	Facts    []Fact    // each at most once
}
