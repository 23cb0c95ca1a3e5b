// Package syslog anchors into a syslog daemon, here or on another machine.
//
// A message is RFC 5424. The seal's number and hash stand in structured data,
// in front of the statement, so that they survive a receiver that cuts long
// messages:
//
//	<85>1 2026-11-22T14:02:19.123456Z host gander 812 seal [gander@32473 journal="…" k="7" hash="…"] {"gander_anchor":1,…}
//
// (32473 is the enterprise number kept for documentation; gander has none.) On a
// socket of this machine the header is the one the C library writes, since the
// daemons behind it take any other for text: rsyslog would file it under the
// program "1".
//
//	<85>Nov 22 14:02:19 gander[812]: [gander@32473 journal="…" k="7" hash="…"] {"gander_anchor":1,…}
//
// Over TCP and TLS messages are counted as RFC 6587 and 5425 say, over a unix
// stream they end with a line feed, and each has a connection of its own: the
// receiver closing it is what confirms it. A datagram is sent when the kernel
// has it. Over UDP it may be lost or read by anybody on the way: use TLS to
// another machine.
//
// The message is made here because every value in it is of an alphabet that
// needs no escaping, which [anchor.Statement.Check] has seen to; the libraries
// that make such messages are generated state machines of 20,000 lines.
package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/transport"
)

// A Config is the section of a syslog anchor.
type Config struct {
	anchor.Common
	Network  string `toml:"network"`  // "unixgram" (the default), "unix", "udp", "tcp" or "tls"
	Address  string `toml:"address"`  // host:port, or the path of a socket: /dev/log when empty
	Facility string `toml:"facility"` // "authpriv" when empty
	CA       string `toml:"ca"`       // for "tls": a PEM file to trust instead of the system's certificates
}

var networks = []string{"unixgram", "unix", "udp", "tcp", "tls"}

var facilities = map[string]int{
	"user": 1, "daemon": 3, "auth": 4, "authpriv": 10, "local0": 16, "local1": 17, "local2": 18,
	"local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

// ID is the name of the structured data of a message.
const ID = "gander@32473"

const notice = 5

// Plan implements [anchor.Config]. Every seal is written.
func (c Config) Plan() anchor.Plan { return c.Common.Plan("syslog", 0) }

func (c Config) withDefaults() Config {
	if c.Network == "" {
		c.Network = "unixgram"
	}
	if c.Address == "" && c.isUnix() {
		c.Address = "/dev/log"
	}
	if c.Facility == "" {
		c.Facility = "authpriv"
	}
	return c
}

func (c Config) isUnix() bool { return c.Network == "unixgram" || c.Network == "unix" }

// Check implements [anchor.Config].
func (c Config) Check() error {
	c = c.withDefaults()
	_, known := facilities[c.Facility]
	host, port, err := net.SplitHostPort(c.Address)
	_, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case !slices.Contains(networks, c.Network):
		return fmt.Errorf("network: %.20q: use one of %v", c.Network, networks)
	case !known:
		return fmt.Errorf("facility: %.20q: use user, daemon, auth, authpriv or local0 to local7", c.Facility)
	case c.isUnix() && !filepath.IsAbs(c.Address):
		return errors.New("address: the path of a socket must be absolute")
	case !c.isUnix() && (err != nil || host == "" || portErr != nil):
		return errors.New("address: write it as host:port")
	case c.CA != "" && c.Network != "tls":
		return errors.New(`ca: only network = "tls" uses it`)
	case c.CA != "" && !filepath.IsAbs(c.CA):
		return errors.New("ca: must be an absolute path")
	}
	return c.Plan().Check()
}

// Open implements [anchor.Config].
func (c Config) Open(anchor.Env) (anchor.Anchor, error) {
	c = c.withDefaults()
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := &Syslog{name: c.Plan().Name, network: c.Network, address: c.Address, priority: facilities[c.Facility]*8 + notice}
	s.host = hostname()
	if c.CA == "" {
		return s, nil
	}
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	s.tls = &tls.Config{RootCAs: x509.NewCertPool()}
	if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca: no certificate in %s", c.CA)
	}
	return s, nil
}

// A Syslog is one syslog daemon.
type Syslog struct {
	name             string
	network, address string
	host             string
	priority         int
	tls              *tls.Config
}

var _ anchor.Anchor = (*Syslog)(nil)

// Name implements [anchor.Anchor].
func (s *Syslog) Name() string { return s.name }

// Send implements [anchor.Anchor].
func (s *Syslog) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	if err := st.Check(); err != nil {
		return anchor.Receipt{}, err
	}
	if err := s.send(ctx, s.message(st)); err != nil {
		return anchor.Receipt{}, fmt.Errorf("write to syslog at %s: %w", s.address, err)
	}
	return anchor.Receipt{}, nil
}

func (s *Syslog) send(ctx context.Context, msg []byte) error {
	switch s.network {
	case "unix":
		return transport.Stream(ctx, s.network, s.address, nil, append(msg, '\n'))
	case "tcp", "tls":
		counted := append(strconv.AppendInt(nil, int64(len(msg)), 10), ' ')
		return transport.Stream(ctx, s.network, s.address, s.tls, append(counted, msg...))
	}
	return transport.Datagram(ctx, s.network, s.address, msg)
}

func (s *Syslog) message(st anchor.Statement) []byte {
	b := fmt.Appendf(s.header(), `[%s journal="%s" k="%d" hash="%s"] `, ID, st.Journal, st.K, st.Hash)
	return anchor.AppendShort(b, st)
}

func (s *Syslog) header() []byte {
	if s.network == "unix" || s.network == "unixgram" {
		return fmt.Appendf(nil, "<%d>%s gander[%d]: ", s.priority, time.Now().Format(time.Stamp), os.Getpid())
	}
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	return fmt.Appendf(nil, "<%d>1 %s %s gander %d seal ", s.priority, now, s.host, os.Getpid())
}

// hostname is this machine's name, or "-" when a message could not hold it.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" || len(name) > 255 {
		return "-"
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' {
			return "-"
		}
	}
	return name
}
