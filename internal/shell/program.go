package shell

import "strings"

// A kind is how a program treats its arguments and its input.
type kind uint8

const (
	other       kind = iota
	runsShell        // sh: runs its -c argument, its operand or its input
	interpreter      // python: the same with another language inside
	fetcher          // curl: its output comes from the network
	tool             // echo, base64: its output can be computed
	wrapper          // sudo: its operands are a command
	joiner           // eval, ssh: its operands, joined, are a program
	finder           // find: commands between -exec and ;
	argsAdder        // xargs: its input becomes arguments
	multiplier       // parallel: the same with its own syntax
	container        // docker: a command behind run or exec
	pods             // kubectl: a command behind --
	trapper          // trap: its first operand is a program
	sourcer          // source: runs a file
	spooler          // at: its input is a program, to run later
	builtin          // changes what variables hold
)

// A program is what the walker knows of one name. Options are letters and, for
// the long ones, names between blanks.
type program struct {
	kind    kind
	short   string // short options that take a value
	long    string // long options that take their value as the next word: " user group "
	text    string // options whose value is a program for the shell: " c command "
	operand int    // operands before the command
	assigns bool   // NAME=value may stand before the command
	shell   bool   // without a command it runs a shell
	file    bool   // writes what it fetches to a file, unless told otherwise
}

// programs lists the names that run, compute or fetch something.
var programs = map[string]program{
	"sh": {kind: runsShell}, "bash": {kind: runsShell}, "zsh": {kind: runsShell}, "dash": {kind: runsShell},
	"ksh": {kind: runsShell}, "mksh": {kind: runsShell}, "ash": {kind: runsShell}, "rbash": {kind: runsShell},
	"fish": {kind: runsShell},

	"python": {kind: interpreter, short: "WXQ", text: " c m "}, "pypy": {kind: interpreter, short: "WX", text: " c m "},
	"perl": {kind: interpreter, short: "IMmF", text: " e E "},
	"ruby": {kind: interpreter, short: "rIEC", text: " e "},
	"node": {kind: interpreter, short: "rC", text: " e p pe eval print "}, "nodejs": {kind: interpreter, short: "rC", text: " e p pe eval print "},
	"php":       {kind: interpreter, short: "dczt", text: " r B R "},
	"lua":       {kind: interpreter, short: "l", text: " e "},
	"osascript": {kind: interpreter, short: "l", text: " e "},
	"tclsh":     {kind: interpreter}, "rscript": {kind: interpreter, text: " e "}, "bun": {kind: interpreter, text: " e eval "},
	"pwsh": {kind: interpreter, text: " c command "}, "at": {kind: spooler}, "batch": {kind: spooler},

	"curl":   {kind: fetcher, short: "AbcCdDeEFHKmPQrtTuUwxXyYz", text: " o output "},
	"curlie": {kind: fetcher, short: "AbcCdDeEFHKmPQrtTuUwxXyYz", text: " o output "},
	"wget":   {kind: fetcher, short: "aeitTwQPUlBADRXIo", text: " O output-document ", file: true},
	"wget2":  {kind: fetcher, short: "aeitTwQPUlBADRXIo", text: " O output-document ", file: true},
	"aria2c": {kind: fetcher, short: "dixsjk", text: " o out ", file: true},
	"axel":   {kind: fetcher, short: "snmTUH", text: " o output ", file: true},
	"fetch":  {kind: fetcher, short: "BSTNiw", text: " o output ", file: true},
	"http":   {kind: fetcher, short: "aAps", text: " o output "}, "https": {kind: fetcher, short: "aAps", text: " o output "},
	"xh": {kind: fetcher, short: "aAps", text: " o output "}, "xhs": {kind: fetcher, short: "aAps", text: " o output "},
	"lynx": {kind: fetcher}, "w3m": {kind: fetcher}, "links": {kind: fetcher}, "elinks": {kind: fetcher},
	"get": {kind: fetcher}, "lwp-request": {kind: fetcher}, "nc": {kind: fetcher}, "ncat": {kind: fetcher},
	"netcat": {kind: fetcher}, "socat": {kind: fetcher}, "telnet": {kind: fetcher}, "dig": {kind: fetcher},
	"host": {kind: fetcher}, "nslookup": {kind: fetcher}, "drill": {kind: fetcher}, "gsutil": {kind: fetcher},

	"echo": {kind: tool}, "printf": {kind: tool}, "cat": {kind: tool}, "tee": {kind: tool}, "base64": {kind: tool},
	"gbase64": {kind: tool}, "base32": {kind: tool}, "basenc": {kind: tool}, "b64decode": {kind: tool},
	"xxd": {kind: tool}, "rev": {kind: tool}, "tr": {kind: tool}, "gzip": {kind: tool}, "gunzip": {kind: tool},
	"zcat": {kind: tool}, "gzcat": {kind: tool}, "bzip2": {kind: tool}, "bunzip2": {kind: tool}, "bzcat": {kind: tool},
	"openssl": {kind: tool}, "gpg": {kind: tool}, "gpg2": {kind: tool}, "uudecode": {kind: tool},
	"which": {kind: tool}, "type": {kind: tool}, "true": {kind: tool}, ":": {kind: tool},

	"sudo": {kind: wrapper, short: "ugCDprtTRUh", long: " user group chdir chroot close-from prompt role type command-timeout other-user host ", assigns: true, shell: true},
	"doas": {kind: wrapper, short: "uC", shell: true}, "pkexec": {kind: wrapper, long: " user "},
	"run0":  {kind: wrapper, short: "ugD", long: " user group chdir unit property setenv "},
	"env":   {kind: wrapper, short: "uCa", long: " unset chdir argv0 ", text: " S split-string ", assigns: true},
	"nohup": {kind: wrapper}, "setsid": {kind: wrapper}, "nice": {kind: wrapper, short: "n", long: " adjustment "},
	"ionice":   {kind: wrapper, short: "cnpPu", long: " class classdata pid "},
	"timeout":  {kind: wrapper, short: "sk", long: " signal kill-after ", operand: 1},
	"gtimeout": {kind: wrapper, short: "sk", long: " signal kill-after ", operand: 1},
	"stdbuf":   {kind: wrapper, short: "ioe", long: " input output error "},
	"unbuffer": {kind: wrapper}, "chrt": {kind: wrapper, short: "TPD", operand: 1},
	"taskset": {kind: wrapper, operand: 1}, "numactl": {kind: wrapper, short: "NmiCp", long: " cpunodebind membind interleave physcpubind preferred "},
	"caffeinate": {kind: wrapper, short: "tw"}, "fakeroot": {kind: wrapper, short: "lsib"},
	"arch": {kind: wrapper, short: "e"}, "rlwrap": {kind: wrapper, short: "bcDfHlpPsStw"},
	"time":   {kind: wrapper, short: "fo", long: " format output "},
	"gtime":  {kind: wrapper, short: "fo", long: " format output "},
	"strace": {kind: wrapper, short: "eopsuEabIOPSXU"}, "ltrace": {kind: wrapper, short: "eopsuaAnlx"},
	"dtruss": {kind: wrapper, short: "nptb"}, "command": {kind: wrapper}, "builtin": {kind: wrapper},
	"exec": {kind: wrapper, short: "a"}, "noglob": {kind: wrapper}, "nocorrect": {kind: wrapper}, "busybox": {kind: wrapper}, "toybox": {kind: wrapper},
	"chroot":  {kind: wrapper, long: " userspec groups ", operand: 1, shell: true},
	"unshare": {kind: wrapper, short: "RwSGl", long: " root wd setuid setgid propagation setgroups map-user map-group ", shell: true},
	"nsenter": {kind: wrapper, short: "tSGNW", long: " target setuid setgid ", shell: true},
	"setpriv": {kind: wrapper, long: " reuid regid groups inh-caps ambient-caps bounding-set securebits selinux-label apparmor-profile pdeathsig "},
	"gosu":    {kind: wrapper, operand: 1}, "su-exec": {kind: wrapper, operand: 1},
	"systemd-run": {kind: wrapper, short: "upMHE", long: " unit property machine host setenv uid gid nice working-directory slice description service-type on-active on-boot on-startup on-unit-active on-unit-inactive on-calendar timer-property path-property socket-property ", shell: true},
	"proxychains": {kind: wrapper, short: "f"}, "proxychains4": {kind: wrapper, short: "f"},
	"torsocks": {kind: wrapper, short: "uaP"}, "torify": {kind: wrapper}, "tsocks": {kind: wrapper},
	"xvfb-run": {kind: wrapper, short: "nsefpw"}, "dbus-run-session": {kind: wrapper},
	"flock":   {kind: wrapper, short: "wE", long: " wait timeout conflict-exit-code ", text: " c command ", operand: 1},
	"script":  {kind: wrapper, short: "ITOBmEo", text: " c command ", operand: 1},
	"su":      {kind: wrapper, short: "gGsTw", long: " group supp-group shell whitelist-environment ", text: " c command session-command ", operand: 1, shell: true},
	"runuser": {kind: wrapper, short: "ugGsTw", long: " user group supp-group shell whitelist-environment ", text: " c command session-command ", operand: 1, shell: true},

	"eval":  {kind: joiner},
	"ssh":   {kind: joiner, short: "bBcDEeFIiJLlmOopPQRSWw", operand: 1, shell: true},
	"watch": {kind: joiner, short: "n", long: " interval "},

	"find": {kind: finder}, "gfind": {kind: finder}, "bfs": {kind: finder}, "fd": {kind: finder}, "fdfind": {kind: finder},
	"xargs":    {kind: argsAdder, short: "nPLsdEaRS", long: " max-args max-procs max-chars delimiter arg-file process-slot-var ", text: " I J "},
	"gxargs":   {kind: argsAdder, short: "nPLsdEaRS", long: " max-args max-procs max-chars delimiter arg-file process-slot-var ", text: " I J "},
	"parallel": {kind: multiplier, short: "jnNaISCdLsP", long: " jobs max-args arg-file max-replace-args delay timeout results joblog sshlogin sshloginfile colsep delimiter tempdir tmpdir workdir wd halt retries max-procs load memfree tagstring "},
	"docker":   {kind: container}, "podman": {kind: container}, "nerdctl": {kind: container}, "docker-compose": {kind: container},
	"kubectl": {kind: pods}, "oc": {kind: pods}, "k3s": {kind: pods}, "lxc": {kind: pods}, "incus": {kind: pods},
	"trap": {kind: trapper}, "source": {kind: sourcer}, ".": {kind: sourcer},
	"read": {kind: builtin}, "unset": {kind: builtin}, "set": {kind: builtin}, "mapfile": {kind: builtin}, "readarray": {kind: builtin}, "getopts": {kind: builtin},
}

// lookup finds a program by its base name. Names differ in case on file systems
// that do not care, and interpreters carry a version: python3.12.
func lookup(name string) program {
	if p, ok := programs[name]; ok {
		return p
	}
	if len(name) > 64 {
		return program{}
	}
	low := strings.TrimSuffix(strings.ToLower(name), ".exe")
	if p, ok := programs[low]; ok {
		return p
	}
	if p := programs[strings.TrimRight(low, "0123456789.")]; p.kind == interpreter {
		return p
	}
	return program{}
}

// hasOption reports whether a blank-separated list of options holds one.
func hasOption(list, name string) bool {
	return name != "" && strings.Contains(list, " "+name+" ")
}

// An options is what a scan of a program's options found.
type options struct {
	rest    []value // the operands
	text    value   // the value of an option in program.text
	hasText bool
	flags   string // the options that were given: " i rm "
}

// has reports whether one of the options was given.
func (o *options) has(names ...string) bool {
	for _, name := range names {
		if hasOption(o.flags, name) {
			return true
		}
	}
	return false
}

func (o *options) flag(name string) {
	if o.flags == "" {
		o.flags = " "
	}
	if len(o.flags) < 256 {
		o.flags += name + " "
	}
}

// scan reads a program's options up to the first operand.
func (p program) scan(args []value) options {
	var o options
	o.rest = p.options(&o, args)
	return o
}

// permute reads the options of a program that takes them behind operands too.
func (p program) permute(args []value) options {
	var o options
	for {
		args = p.options(&o, args)
		if len(args) == 0 {
			return o
		}
		o.rest, args = append(o.rest, args[0]), args[1:]
	}
}

// options reads options and gives the arguments from the first operand on.
func (p program) options(o *options, args []value) []value {
	for len(args) > 0 {
		arg := args[0].text
		switch {
		case arg == "--":
			return p.afterAssigns(args[1:])
		case arg == "-" && p.shell || p.assigns && isAssignment(arg):
			args = args[1:] // "su -" and "env A=b"
		case len(arg) < 2 || arg[0] != '-':
			return args
		case strings.HasPrefix(arg, "--"):
			args = p.longOption(o, arg[2:], args[1:])
		default:
			args = p.cluster(o, arg[1:], args[1:])
		}
	}
	return nil
}

// afterAssigns drops the assignments in "env -- A=b cmd".
func (p program) afterAssigns(args []value) []value {
	for p.assigns && len(args) > 0 && isAssignment(args[0].text) {
		args = args[1:]
	}
	return args
}

func (p program) longOption(o *options, name string, args []value) []value {
	name, val, attached := strings.Cut(name, "=")
	text := hasOption(p.text, name)
	o.flag(name)
	switch {
	case !text && (attached || !hasOption(p.long, name)):
		return args
	case attached:
		o.text, o.hasText = constant(val), true
		return args
	case len(args) == 0:
		return nil
	case text:
		o.text, o.hasText = args[0], true
	}
	return args[1:]
}

// cluster reads short options in one word: -u root, -uroot, -lc.
func (p program) cluster(o *options, letters string, args []value) []value {
	for i := range len(letters) {
		letter := letters[i : i+1]
		text := hasOption(p.text, letter)
		o.flag(letter)
		if !text && !strings.Contains(p.short, letter) {
			continue
		}
		val := constant(letters[i+1:])
		if val.text == "" && len(args) > 0 {
			val, args = args[0], args[1:]
		}
		if text {
			o.text, o.hasText = val, true
		}
		break
	}
	return args
}

// isAssignment reports whether a word has the form NAME=value.
func isAssignment(word string) bool {
	i := strings.IndexByte(word, '=')
	if i < 1 || word[0] >= '0' && word[0] <= '9' {
		return false
	}
	for _, c := range []byte(word[:i]) {
		if !isAlnum(c) && c != '_' {
			return false
		}
	}
	return true
}
