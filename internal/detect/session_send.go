package detect

import (
	"fmt"
	"strings"

	"gander/internal/alert"
	"gander/internal/event"
	"gander/internal/shell"
)

// A programKind says what a program has to do with secrets that move.
type programKind uint16

const (
	sends        programKind = 1 << iota // to another machine; see delivery
	deploys                              // of those, what people send their work with
	packs                                // whole directories, and writes one of its operands
	suffixes                             // writes beside the file it reads: gzip
	digests                              // tells little of what it is given: wc, sha256sum
	scouts                               // shows what a machine is and who uses it
	readsForeign                         // prints what others wrote
)

var programKinds = func() map[string]programKind {
	all := make(map[string]programKind)
	for _, k := range []struct {
		names string
		kind  programKind
	}{
		{"curl curlie wget wget2 http https xh nc ncat netcat nc.traditional nc.openbsd telnet socat websocat ssh " +
			"dig nslookup host ping drill getent mail mailx mutt sendmail swaks ftp lftp ncftpput tftp smbclient " +
			"wormhole croc ffsend magic-wormhole", sends},
		{"scp rsync sftp rclone aws gsutil gcloud az s3cmd mc kubectl gh", sends | deploys},
		{"git", sends | deploys | packs},
		{"tar bsdtar zip 7z 7za 7zr rar gpg gpg2 openssl sort cp rsync ditto age xxd", packs},
		{"gzip bzip2 xz zstd lz4 pigz compress gpg gpg2 age", suffixes},
		{"wc sha1sum sha256sum sha512sum shasum md5sum md5 cksum b2sum stat ls test [ true false cmp diff rm chmod touch", digests},
		{"whoami id groups users who w last lastlog hostname hostnamectl uname arch sw_vers system_profiler lscpu lsblk lspci lsusb " +
			"dmidecode ifconfig ip netstat ss lsof arp route nmap masscan ps pstree mount findmnt df getent dscl history env printenv " +
			"uptime lsmod sysctl iptables nft arp-scan netdiscover", scouts},
	} {
		for name := range strings.FieldsSeq(k.names) {
			all[name] |= k.kind
		}
	}
	return all
}()

// kindOf is the kind of a command's program, given what it is told to do.
func kindOf(c *shell.Command) programKind {
	k := programKinds[c.Name]
	if c.Name == "gh" && !hasWords(c.Argv, []string{"create"}) && !hasWords(c.Argv, []string{"upload"}) && !hasWords(c.Argv, []string{"comment"}) {
		return readsForeign
	}
	return k
}

// A delivery is where a command may send something.
type delivery struct {
	host   string // "" where nobody knows
	deploy bool
	bulk   bool // it looks as if data is sent, even if nobody knows which
}

// delivery says where command i sends to. It reports false when that is nowhere,
// or this machine.
func (s *Sessions) delivery(se *session, e *event.Event, i int) (delivery, bool) {
	if hosts := s.facts.hostsOf(i); len(hosts) > 0 {
		h := hosts[0]
		for _, other := range hosts[1:] {
			if isLocal(h.host) {
				h = other
			}
		}
		if isLocal(h.host) || h.host != "" && !strings.ContainsAny(h.host, ".:") {
			return delivery{}, false
		}
		return delivery{host: h.host, bulk: s.bulk(e, i, h.uri)}, true
	}
	if i == 0 {
		return toServer(e)
	}
	c := &s.facts.cmds[i]
	if c.kind&sends == 0 {
		return delivery{}, false
	}
	cmd := &s.facts.line().Commands[i-1]
	host, bulk, ok := se.destination(s, cmd)
	return delivery{host, c.kind&deploys != 0, bulk}, ok && !isLocal(host)
}

// toServer is the delivery of a tool of an MCP server whose name says that it
// sends something.
func toServer(e *event.Event) (delivery, bool) {
	if e.Action != event.MCP {
		return delivery{}, false
	}
	for _, verb := range [...]string{"send", "post", "upload", "create", "comment", "publish", "message", "share", "mail", "reply", "push", "put", "request", "fetch", "navigate"} {
		if strings.Contains(e.MCPTool, verb) {
			return delivery{host: "mcp:" + e.MCPServer, bulk: len(e.Input) >= longText}, true
		}
	}
	return delivery{}, false
}

const (
	longText = 512 // bytes of a text that is more than a question
	longURL  = 160 // bytes of a URL that carries something
)

// bulk reports whether a request carries data: a file, what is piped in, the
// output of a command, or a long text.
func (s *Sessions) bulk(e *event.Event, i int, uri string) bool {
	if query := strings.IndexByte(uri, '?'); query >= 0 && len(uri)-query >= longURL || len(uri) >= 2*longURL {
		return true
	}
	if i == 0 {
		return e.Action == event.MCP && len(e.Input) >= longText
	}
	for _, f := range s.facts.filesOf(i) {
		if f.use == reads {
			return true
		}
	}
	cmds := s.facts.line().Commands
	c := &cmds[i-1]
	if c.Stdin >= 0 && !saysText[cmds[c.Stdin].Name] && takesStdin(c) {
		return true
	}
	return saysMuch(c)
}

// saysMuch reports whether a client's words hold the output of a command, or a
// long text.
func saysMuch(c *shell.Command) bool {
	for n, a := range c.Argv {
		if !substitutes(a) && len(a) < longText || n == 0 {
			continue
		}
		if carriesText(c.Argv[n-1]) || strings.Contains(a, "://") {
			return true
		}
	}
	return false
}

var saysText = setOf("echo printf jq true yes")

// takesStdin reports whether a client sends what is piped in.
func takesStdin(c *shell.Command) bool {
	if connectors[c.Name] {
		return true
	}
	for _, a := range c.Argv[1:] {
		if a == "-" || strings.HasSuffix(a, "@-") || strings.HasSuffix(a, "/dev/stdin") {
			return true
		}
	}
	return false
}

func substitutes(a string) bool { return strings.Contains(a, "$(") || strings.IndexByte(a, '`') >= 0 }

// destination says where a program other than a web client sends to, and whether
// its words alone say that it sends a file.
func (se *session) destination(s *Sessions, c *shell.Command) (host string, bulk, ok bool) {
	switch c.Name {
	case "scp", "rsync", "sftp", "rclone", "aws", "gsutil", "gcloud", "az", "s3cmd", "mc", "kubectl":
		host, ok = remoteTarget(c)
		return host, ok && c.Name != "kubectl", ok
	case "git":
		return se.gitTarget(s, c)
	case "gh":
		return "github.com", false, true
	case "mail", "mailx", "mutt", "sendmail", "swaks":
		return "mail:" + lastOperand(c.Argv), false, true
	case "wormhole", "croc", "ffsend", "magic-wormhole":
		return "", len(c.Argv) > 2, len(c.Argv) > 1 && strings.HasPrefix(c.Argv[1], "s")
	}
	for _, a := range c.Argv[min(1, len(c.Argv)):] {
		if a = bare(a); !strings.HasPrefix(a, "-") && strings.ContainsAny(a, ".:$") && !strings.HasPrefix(a, "/") && len(a) < maxPath {
			return hostOf(a), false, true
		}
	}
	return "", false, len(c.Argv) > 1
}

// bare takes what socat writes before a host off it.
func bare(a string) string {
	if kind, rest, ok := strings.Cut(a, ":"); ok && kind != "" && strings.Trim(kind, "TCPUDOENSLtcpudoensl46-") == "" {
		return rest
	}
	return a
}

// remoteTarget is the host that the last operand of a copy names.
func remoteTarget(c *shell.Command) (string, bool) {
	if c.Name == "sftp" {
		return hostOf(lastOperand(c.Argv)), len(c.Argv) > 1
	}
	last := lastOperand(c.Argv)
	if lastIndex(c.Argv) < 0 {
		return "", false
	}
	if scheme, rest, ok := strings.Cut(last, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		if scheme == "s3" || scheme == "gs" {
			return scheme + "://" + host, true
		}
		return hostOf(last), true
	}
	host, _, ok := strings.Cut(last, ":")
	if !ok || host == "" || strings.IndexByte(host, '/') >= 0 {
		return "", false
	}
	return hostOf(host), true
}

// A remote is a git remote that was named in the session.
type remote struct {
	name uint64
	host string
}

const (
	maxRemotes = 8
	maxHost    = 253
)

// gitTarget remembers the remotes a session adds, and says where it pushes to.
// A remote nobody added was there before.
func (se *session) gitTarget(s *Sessions, c *shell.Command) (host string, bulk, ok bool) {
	switch {
	case hasWords(c.Argv, []string{"remote", "add"}) || hasWords(c.Argv, []string{"remote", "set-url"}):
		url := lastOperand(c.Argv)
		if n := len(c.Argv); n >= 2 && len(url) <= maxPath {
			if len(se.remotes) >= maxRemotes {
				se.remotes = append(se.remotes[:0], se.remotes[1:]...)
			}
			se.remotes = append(se.remotes, remote{s.hash(c.Argv[n-2]), clipped(gitHost(url), maxHost)})
		}
	case hasWords(c.Argv, []string{"push"}):
		return se.pushedTo(s, c)
	}
	return "", false, false
}

func (se *session) pushedTo(s *Sessions, c *shell.Command) (host string, bulk, ok bool) {
	for _, a := range c.Argv[2:] {
		if strings.Contains(a, "://") || strings.IndexByte(a, '@') > 0 && strings.IndexByte(a, ':') > 0 {
			return gitHost(a), true, true
		}
		for _, r := range se.remotes {
			if r.name == s.hash(a) {
				return r.host, true, true
			}
		}
	}
	return "git", false, true
}

// gitHost is the host of a remote's URL, also of git@host:path.
func gitHost(url string) string {
	if !strings.Contains(url, "://") {
		url = url[strings.IndexByte(url, '@')+1:]
		url, _, _ = strings.Cut(url, ":")
	}
	return hostOf(url)
}

// sends states what leaves the machine by the call.
func (s *Sessions) sends(se *session, e *event.Event) {
	shown := s.facts.shown
	for i := range s.facts.cmds {
		c := &s.facts.cmds[i]
		if c.flow.level == public && se.secret.link == nil && shown.level == public && se.staged.level == public && c.kind&sends == 0 {
			continue
		}
		d, ok := s.delivery(se, e, i)
		if !ok {
			continue
		}
		flow := c.flow
		flow.add(shown)
		if i > 0 && s.facts.line().Commands[i-1].Name == "git" {
			flow.add(se.staged)
		}
		switch {
		case flow.level > public:
			s.flowsOut(se, e, flow, d, c.leaves)
		case d.bulk:
			s.follows(se, e, d)
		}
		if d.bulk {
			s.sent(se, e, d.host)
		}
	}
}

// flowsOut states that a secret is sent.
func (s *Sessions) flowsOut(se *session, e *event.Event, flow carried, d delivery, told bool) {
	before := se.chain(flow.via, e)
	if len(before) == 0 && (told || flow.level == soft) {
		return // one call alone is a rule's business
	}
	level := alert.Critical
	if flow.level == soft {
		switch {
		case d.host != "" && s.knows(se, d.host, flow.via.start()):
			return
		case d.deploy:
			level = alert.Medium
		default:
			level = alert.High
		}
	}
	s.say(alert.Finding{
		Rule:   alert.Rule{ID: "gander.secret-sent", Title: "A copy of a secret is sent to another machine", Tags: exfiltration},
		Level:  level,
		Why:    fmt.Sprintf("what was read from a file with secrets, or from the environment, is in what goes to %s", named(d.host)),
		Advice: "revoke those credentials now, then look for their use",
		Events: before,
	})
}

// follows states that data is sent to a new host shortly after a secret was
// read, although nobody saw the secret in it.
func (s *Sessions) follows(se *session, e *event.Event, d delivery) {
	if se.secret.call == se.calls || !se.secret.recently(se, e, sessionCalls, sessionWindow) || s.knows(se, d.host, se.secret.at) {
		return
	}
	s.say(alert.Finding{
		Rule:   alert.Rule{ID: "gander.secret-then-upload", Title: "A secret is read, then data goes to a new host", Tags: exfiltration},
		Level:  alert.High,
		Why:    fmt.Sprintf("%s was never sent anything from this project before a secret was read; the secret may be in what it gets now", named(d.host)),
		Advice: "see what was sent; unless the task needed both, revoke the credential",
		Key:    e.Session + " " + d.host,
		Events: se.chain(se.secret.link, e),
	})
}

var exfiltration = []string{
	"attack.exfiltration", "attack.credential-access", "attack.t1048", "attack.t1041", "attack.t1552.001", "atlas.aml.t0086", "owasp.asi02", "owasp.asi03",
}

func named(host string) string {
	if host == "" {
		return "a host that is not known"
	}
	return host
}
