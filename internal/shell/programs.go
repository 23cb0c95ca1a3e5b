package shell

// programs lists the names that run, compute or fetch something.
var programs = map[string]program{
	"sh": {kind: runsShell}, "bash": {kind: runsShell}, "zsh": {kind: runsShell}, "dash": {kind: runsShell},
	"ksh": {kind: runsShell}, "mksh": {kind: runsShell}, "ash": {kind: runsShell}, "rbash": {kind: runsShell},
	"fish": {kind: runsShell},

	"tclsh":     {kind: interpreter},
	"python":    {kind: interpreter, short: "WXQ", text: " c m "},
	"pypy":      {kind: interpreter, short: "WX", text: " c m "},
	"perl":      {kind: interpreter, short: "IMmF", text: " e E "},
	"ruby":      {kind: interpreter, short: "rIEC", text: " e "},
	"node":      {kind: interpreter, short: "rC", text: " e p pe eval print "},
	"nodejs":    {kind: interpreter, short: "rC", text: " e p pe eval print "},
	"php":       {kind: interpreter, short: "dczt", text: " r B R "},
	"lua":       {kind: interpreter, short: "l", text: " e "},
	"osascript": {kind: interpreter, short: "l", text: " e "},
	"rscript":   {kind: interpreter, text: " e "},
	"bun":       {kind: interpreter, text: " e eval "},
	"pwsh":      {kind: interpreter, text: " c command "},

	"at": {kind: spooler}, "batch": {kind: spooler},

	"lynx": {kind: fetcher}, "w3m": {kind: fetcher}, "links": {kind: fetcher}, "elinks": {kind: fetcher},
	"get": {kind: fetcher}, "lwp-request": {kind: fetcher}, "nc": {kind: fetcher}, "ncat": {kind: fetcher},
	"netcat": {kind: fetcher}, "socat": {kind: fetcher}, "telnet": {kind: fetcher}, "dig": {kind: fetcher},
	"host": {kind: fetcher}, "nslookup": {kind: fetcher}, "drill": {kind: fetcher}, "gsutil": {kind: fetcher},
	"curl":   {kind: fetcher, short: "AbcCdDeEFHKmPQrtTuUwxXyYz", text: " o output "},
	"curlie": {kind: fetcher, short: "AbcCdDeEFHKmPQrtTuUwxXyYz", text: " o output "},
	"wget":   {kind: fetcher, short: "aeitTwQPUlBADRXIo", text: " O output-document ", file: true},
	"wget2":  {kind: fetcher, short: "aeitTwQPUlBADRXIo", text: " O output-document ", file: true},
	"aria2c": {kind: fetcher, short: "dixsjk", text: " o out ", file: true},
	"axel":   {kind: fetcher, short: "snmTUH", text: " o output ", file: true},
	"fetch":  {kind: fetcher, short: "BSTNiw", text: " o output ", file: true},
	"http":   {kind: fetcher, short: "aAps", text: " o output "},
	"https":  {kind: fetcher, short: "aAps", text: " o output "},
	"xh":     {kind: fetcher, short: "aAps", text: " o output "},
	"xhs":    {kind: fetcher, short: "aAps", text: " o output "},

	"echo": {kind: tool}, "printf": {kind: tool}, "cat": {kind: tool}, "tee": {kind: tool}, "base64": {kind: tool},
	"gbase64": {kind: tool}, "base32": {kind: tool}, "basenc": {kind: tool}, "b64decode": {kind: tool},
	"xxd": {kind: tool}, "rev": {kind: tool}, "tr": {kind: tool}, "gzip": {kind: tool}, "gunzip": {kind: tool},
	"zcat": {kind: tool}, "gzcat": {kind: tool}, "bzip2": {kind: tool}, "bunzip2": {kind: tool}, "bzcat": {kind: tool},
	"openssl": {kind: tool}, "gpg": {kind: tool}, "gpg2": {kind: tool}, "uudecode": {kind: tool}, "which": {kind: tool},
	"type": {kind: tool}, "true": {kind: tool}, ":": {kind: tool},

	"nohup": {kind: wrapper}, "setsid": {kind: wrapper}, "unbuffer": {kind: wrapper}, "command": {kind: wrapper},
	"builtin": {kind: wrapper}, "noglob": {kind: wrapper}, "nocorrect": {kind: wrapper}, "busybox": {kind: wrapper},
	"toybox": {kind: wrapper}, "torify": {kind: wrapper}, "tsocks": {kind: wrapper}, "dbus-run-session": {kind: wrapper},
	"sudo": {
		kind: wrapper, short: "ugCDprtTRUh", long: " user group chdir chroot close-from prompt role type command-timeout other-user host ", assigns: true, shell: true,
	},
	"doas":       {kind: wrapper, short: "uC", shell: true},
	"pkexec":     {kind: wrapper, long: " user "},
	"run0":       {kind: wrapper, short: "ugD", long: " user group chdir unit property setenv "},
	"env":        {kind: wrapper, short: "uCa", long: " unset chdir argv0 ", text: " S split-string ", assigns: true},
	"nice":       {kind: wrapper, short: "n", long: " adjustment "},
	"ionice":     {kind: wrapper, short: "cnpPu", long: " class classdata pid "},
	"timeout":    {kind: wrapper, short: "sk", long: " signal kill-after ", operand: 1},
	"gtimeout":   {kind: wrapper, short: "sk", long: " signal kill-after ", operand: 1},
	"stdbuf":     {kind: wrapper, short: "ioe", long: " input output error "},
	"chrt":       {kind: wrapper, short: "TPD", operand: 1},
	"taskset":    {kind: wrapper, operand: 1},
	"numactl":    {kind: wrapper, short: "NmiCp", long: " cpunodebind membind interleave physcpubind preferred "},
	"caffeinate": {kind: wrapper, short: "tw"},
	"fakeroot":   {kind: wrapper, short: "lsib"},
	"arch":       {kind: wrapper, short: "e"},
	"rlwrap":     {kind: wrapper, short: "bcDfHlpPsStw"},
	"time":       {kind: wrapper, short: "fo", long: " format output "},
	"gtime":      {kind: wrapper, short: "fo", long: " format output "},
	"strace":     {kind: wrapper, short: "eopsuEabIOPSXU"},
	"ltrace":     {kind: wrapper, short: "eopsuaAnlx"},
	"dtruss":     {kind: wrapper, short: "nptb"},
	"exec":       {kind: wrapper, short: "a"},
	"chroot":     {kind: wrapper, long: " userspec groups ", operand: 1, shell: true},
	"unshare": {
		kind: wrapper, short: "RwSGl", long: " root wd setuid setgid propagation setgroups map-user map-group ", shell: true,
	},
	"nsenter": {kind: wrapper, short: "tSGNW", long: " target setuid setgid ", shell: true},
	"setpriv": {
		kind: wrapper, long: " reuid regid groups inh-caps ambient-caps bounding-set securebits selinux-label" +
			" apparmor-profile pdeathsig ",
	},
	"gosu":    {kind: wrapper, operand: 1},
	"su-exec": {kind: wrapper, operand: 1},
	"systemd-run": {
		kind: wrapper, short: "upMHE", long: " unit property machine host setenv uid gid nice working-directory slice description" +
			" service-type on-active on-boot on-startup on-unit-active on-unit-inactive on-calendar" +
			" timer-property path-property socket-property ", shell: true,
	},
	"proxychains":  {kind: wrapper, short: "f"},
	"proxychains4": {kind: wrapper, short: "f"},
	"torsocks":     {kind: wrapper, short: "uaP"},
	"xvfb-run":     {kind: wrapper, short: "nsefpw"},
	"flock":        {kind: wrapper, short: "wE", long: " wait timeout conflict-exit-code ", text: " c command ", operand: 1},
	"script":       {kind: wrapper, short: "ITOBmEo", text: " c command ", operand: 1},
	"su": {
		kind: wrapper, short: "gGsTw", long: " group supp-group shell whitelist-environment ", text: " c command session-command ", operand: 1, shell: true,
	},
	"runuser": {
		kind: wrapper, short: "ugGsTw", long: " user group supp-group shell whitelist-environment ", text: " c command session-command ", operand: 1, shell: true,
	},

	"eval":  {kind: joiner},
	"ssh":   {kind: joiner, short: "bBcDEeFIiJLlmOopPQRSWw", operand: 1, shell: true},
	"watch": {kind: joiner, short: "n", long: " interval "},

	"find": {kind: finder}, "gfind": {kind: finder}, "bfs": {kind: finder}, "fd": {kind: finder},
	"fdfind": {kind: finder},

	"xargs": {
		kind: argsAdder, short: "nPLsdEaRS", long: " max-args max-procs max-chars delimiter arg-file process-slot-var ", text: " I J ",
	},
	"gxargs": {
		kind: argsAdder, short: "nPLsdEaRS", long: " max-args max-procs max-chars delimiter arg-file process-slot-var ", text: " I J ",
	},

	"parallel": {
		kind: multiplier, short: "jnNaISCdLsP", long: " jobs max-args arg-file max-replace-args delay timeout results joblog sshlogin sshloginfile" +
			" colsep delimiter tempdir tmpdir workdir wd halt retries max-procs load memfree tagstring ",
	},

	"docker": {kind: container}, "podman": {kind: container}, "nerdctl": {kind: container},
	"docker-compose": {kind: container},

	"kubectl": {kind: pods}, "oc": {kind: pods}, "k3s": {kind: pods}, "lxc": {kind: pods}, "incus": {kind: pods},

	"trap": {kind: trapper},

	"source": {kind: sourcer}, ".": {kind: sourcer},

	"read": {kind: builtin}, "unset": {kind: builtin}, "set": {kind: builtin}, "shift": {kind: builtin},
	"mapfile": {kind: builtin}, "readarray": {kind: builtin}, "getopts": {kind: builtin},
}
