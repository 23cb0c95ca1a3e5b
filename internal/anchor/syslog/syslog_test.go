package syslog_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
	"gander/internal/anchor/syslog"
)

// The forms of a message, from the other side.
var (
	data    = `\[gander@32473 journal="([0-9a-f]+)" k="(\d+)" hash="([0-9a-f]{64})"\] (\{.*\})$`
	message = regexp.MustCompile(`^<85>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]{1,255} gander \d{1,10} seal ` + data)
	local   = regexp.MustCompile(`^<85>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d gander\[\d+\]: ` + data)
)

func parse(t *testing.T, network string, msg []byte) anchor.Statement {
	t.Helper()
	form := message
	if network == "unix" || network == "unixgram" {
		form = local
	}
	m := form.FindSubmatch(msg)
	if m == nil {
		t.Fatalf("message %q", msg)
	}
	st, err := anchor.ParseLine(m[4])
	if err != nil || string(m[1]) != st.Journal || string(m[2]) != strconv.FormatUint(st.K, 10) || string(m[3]) != st.Hash {
		t.Errorf("message %q: %v", msg, err)
	}
	return st
}

// unframe takes off what a stream puts around a message.
func unframe(t *testing.T, network string, b []byte) []byte {
	t.Helper()
	switch network {
	case "unix":
		msg, ok := bytes.CutSuffix(b, []byte{'\n'})
		if !ok || bytes.Contains(msg, []byte{'\n'}) {
			t.Errorf("stream %q", b)
		}
		return msg
	case "tcp", "tls":
		count, msg, _ := bytes.Cut(b, []byte{' '})
		if string(count) != strconv.Itoa(len(msg)) {
			t.Errorf("counted %s of %d bytes", count, len(msg))
		}
		return msg
	}
	return b
}

// serve starts a receiver and returns how to reach it.
func serve(t *testing.T, network string, sink *anchortest.Sink) syslog.Config {
	t.Helper()
	c := syslog.Config{Network: network}
	switch network {
	case "unixgram":
		c.Address = filepath.Join(t.TempDir(), "log")
		sink.Packets(t, network, c.Address)
	case "udp":
		c.Address = sink.Packets(t, network, "127.0.0.1:0").String()
	case "unix":
		c.Address = filepath.Join(t.TempDir(), "log")
		sink.Streams(t, listen(t, network, c.Address))
	case "tcp":
		l := listen(t, network, "127.0.0.1:0")
		c.Address = l.Addr().String()
		sink.Streams(t, l)
	case "tls":
		l := listen(t, "tcp", "127.0.0.1:0")
		c.Address = l.Addr().String()
		config, ca := certificate(t)
		c.CA = ca
		sink.Streams(t, tls.NewListener(l, config))
	}
	return c
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// certificate borrows the one httptest keeps for loopback addresses.
func certificate(t *testing.T) (config *tls.Config, ca string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	ca = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: server.TLS.Certificates}, ca
}

func open(t *testing.T, c syslog.Config) anchor.Anchor {
	t.Helper()
	a, err := c.Open(anchor.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConformance(t *testing.T) {
	for _, network := range []string{"unixgram", "unix", "udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			anchortest.Run(t, func(t *testing.T) anchortest.Subject {
				sink := anchortest.NewSink()
				c := serve(t, network, sink)
				s := anchortest.Subject{Anchor: open(t, c), Received: func(t *testing.T, n int) (out []anchor.Statement) {
					for _, b := range sink.Wait(t, n) {
						out = append(out, parse(t, network, unframe(t, network, b)))
					}
					return out
				}}
				if network == "unixgram" || network == "unix" {
					s.Break = func(t *testing.T) func() {
						if err := os.Rename(c.Address, c.Address+".away"); err != nil {
							t.Fatal(err)
						}
						return func() { _ = os.Rename(c.Address+".away", c.Address) }
					}
				}
				return s
			})
		})
	}
}

func TestReceiverThatDoesNotCloseHasNotConfirmed(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = filepath.Join(t.TempDir(), "log")
			}
			l := listen(t, network, address)
			defer l.Close() // accepts nothing: the kernel does
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := open(t, syslog.Config{Network: network, Address: l.Addr().String()}).Send(ctx, anchortest.Statement(1))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v, want the deadline", err)
			}
		})
	}
}

func TestReceiverOfAnotherCertificateGetsNothing(t *testing.T) {
	sink := anchortest.NewSink()
	c := serve(t, "tls", sink)
	c.CA = ""
	_, err := open(t, c).Send(t.Context(), anchortest.Statement(1))
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("error is %v, want an unknown authority", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    syslog.Config
		ok   bool
	}{
		{"the default", syslog.Config{}, true},
		{"another machine", syslog.Config{Network: "tls", Address: "log.example:6514"}, true},
		{"an IPv6 address", syslog.Config{Network: "tcp", Address: "[::1]:601"}, true},
		{"a network that does not exist", syslog.Config{Network: "sctp", Address: "a:1"}, false},
		{"no port", syslog.Config{Network: "udp", Address: "log.example"}, false},
		{"no host", syslog.Config{Network: "udp", Address: ":514"}, false},
		{"a port that is none", syslog.Config{Network: "udp", Address: "a:http"}, false},
		{"a relative socket", syslog.Config{Address: "dev/log"}, false},
		{"a facility that does not exist", syslog.Config{Facility: "local8"}, false},
		{"certificates without TLS", syslog.Config{Network: "tcp", Address: "a:1", CA: "/ca"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.c.Check(); (err == nil) != tt.ok {
				t.Errorf("check says %v", err)
			}
		})
	}
}
