package detect

import (
	"net/netip"
	"strconv"
	"strings"

	"gander/internal/shell"
)

// clients are the programs whose operands are URLs or hosts.
var clients = func() map[string]bool {
	all := make(map[string]bool)
	for name := range strings.FieldsSeq("curl curlie wget wget2 http https xh aria2c axel lynx w3m links elinks fetch " +
		"lwp-request get post nscurl grpcurl websocat") {
		all[name] = true
	}
	return all
}()

// connectors are the programs that are given a host and a port.
var connectors = map[string]bool{"nc": true, "ncat": true, "netcat": true, "nc.traditional": true, "nc.openbsd": true, "telnet": true}

// client emits the URLs a web client is given. Most let the scheme be left
// out.
func (t *translator) client(c *shell.Command, name string) {
	curl := strings.HasPrefix(name, "curl")
	wget := strings.HasPrefix(name, "wget")
	valued := curlValued
	if wget {
		valued = wgetValued
	}
	for i := 1; i < len(c.Argv); i++ {
		a, before := c.Argv[i], c.Argv[i-1]
		if a == "" || len(a) > maxURL {
			continue
		}
		switch {
		case strings.HasPrefix(a, "--url="):
			t.web(a[len("--url="):])
		case a[0] == '-', curl && carriesText(before):
		case strings.Contains(a, "://"):
			t.web(a)
		case takesValue(before, valued):
		case curl || wget || looksLikeHost(a):
			t.web(a)
		}
	}
}

// connector emits the connection of a program like nc.
func (t *translator) connector(c *shell.Command) {
	for i, a := range c.Argv {
		if i == 0 || a == "" || a[0] == '-' || strings.Trim(a, "0123456789") == "" {
			continue
		}
		if i+1 < len(c.Argv) && strings.Trim(c.Argv[i+1], "0123456789-") == "" {
			t.connect(a, c.Argv[i+1])
			return
		}
	}
}

// connection emits the connection a redirection to /dev/tcp makes, and reports
// whether path is one.
func (t *translator) connection(path string) bool {
	rest, ok := strings.CutPrefix(path, "/dev/tcp/")
	if !ok {
		rest, ok = strings.CutPrefix(path, "/dev/udp/")
	}
	if ok {
		host, port, _ := strings.Cut(rest, "/")
		t.connect(host, port)
	}
	return ok
}

func (t *translator) connect(host, port string) {
	l := &t.log
	l.set(fieldDestinationHost, hostOf(host))
	l.set(fieldDestinationPort, port)
	t.target(classConnect)
	l.unset(fieldDestinationHost)
	l.unset(fieldDestinationPort)
}

// maxURL bounds the URLs that are looked at, in bytes.
const maxURL = 64 << 10

// The short options that take a value.
const (
	curlValued = "AbcCdDeEFHKmoPQrtTuUwxXyYz"
	wgetValued = "oaeiBtOTwQPUlARDIX"
)

// lastOf is the option whose value is the next word, when word is one or a
// cluster that ends with one: 'd' for -d and -sd, 0 for -dx and -s.
func lastOf(word, valued string) byte {
	if len(word) < 2 || word[0] != '-' || word[1] == '-' {
		return 0
	}
	at := strings.IndexAny(word[1:], valued) + 1
	if at != len(word)-1 {
		return 0
	}
	return word[at]
}

// carriesText reports whether the value of an option of curl is text to send,
// in which a URL means nothing.
func carriesText(option string) bool {
	switch option {
	case "--header", "--form", "--json", "--referer", "--proxy", "--user-agent", "--user":
		return true
	}
	return strings.HasPrefix(option, "--data") || strings.IndexByte("deuxAFHU", lastOf(option, curlValued)) >= 0
}

// takesValue reports whether the next word is the option's value. Of the long
// ones those that take none are few.
func takesValue(option, valued string) bool {
	if name, long := strings.CutPrefix(option, "--"); long && name != "" {
		return !strings.Contains(name, "=") && !strings.HasPrefix(name, "no-") && !switches[name]
	}
	return lastOf(option, valued) != 0
}

var switches = map[string]bool{
	"silent": true, "show-error": true, "location": true, "fail": true, "insecure": true, "verbose": true,
	"compressed": true, "include": true, "head": true, "get": true, "remote-name": true, "globoff": true,
	"progress-bar": true, "quiet": true, "continue": true, "ipv4": true, "ipv6": true, "http1.1": true,
	"http2": true, "url": true, "fail-with-body": true, "spider": true, "mirror": true, "timestamping": true, "tlsv1.2": true,
}

// looksLikeHost reports whether a word, which is not empty, is a URL without its
// scheme.
func looksLikeHost(a string) bool {
	if strings.IndexByte("@./~", a[0]) >= 0 || strings.ContainsAny(a, " \n{") {
		return false
	}
	h := hostOf(a)
	return strings.ContainsAny(h, ".:$") || h == "localhost"
}

// web emits a request for a URL.
func (t *translator) web(u string) {
	l := &t.log
	l.set(fieldURI, u)
	l.unset(fieldHost)
	l.set(fieldHost, hostOf(u))
	t.target(classWeb)
	l.unset(fieldURI)
	l.unset(fieldHost)
}

// hostOf is the host a URL names, in lower case. An IP address is in its
// shortest usual form, however it was written.
func hostOf(u string) string {
	if _, rest, ok := strings.Cut(u, "://"); ok {
		u = rest
	}
	if i := strings.IndexAny(u, "/?#\\"); i >= 0 {
		u = u[:i]
	}
	u = u[strings.LastIndexByte(u, '@')+1:]
	if strings.HasPrefix(u, "[") {
		u, _, _ = strings.Cut(u[1:], "]")
	} else if strings.Count(u, ":") == 1 {
		u, _, _ = strings.Cut(u, ":")
	}
	u = strings.ToLower(strings.TrimSuffix(u, "."))
	if addr, err := netip.ParseAddr(u); err == nil {
		return addr.Unmap().WithZone("").String()
	}
	if addr, ok := parseIPv4(u); ok {
		return addr.String()
	}
	return u
}

// parseIPv4 reads the old spellings every C library takes: one to four parts,
// the last of which fills the bytes that are left, each decimal, octal or
// hexadecimal.
func parseIPv4(s string) (netip.Addr, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return netip.Addr{}, false
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (4 - i)
		}
		n, err := strconv.ParseUint(p, 0, bits)
		if err != nil || strings.Contains(p, "_") {
			return netip.Addr{}, false
		}
		sum = sum<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}
