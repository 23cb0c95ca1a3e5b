// Package transport is what several kinds of anchors share on the way out: one
// POST, one message into a socket.
//
// Nothing here follows a redirect, keeps a connection or asks the environment
// for a proxy. No error holds the path, the query or the user of a URL: they
// may be secrets.
package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"gander/internal/anchor"
)

// An Endpoint is one URL that takes POSTs.
type Endpoint struct {
	url    string
	host   string
	client *http.Client
}

// NewEndpoint checks rawURL: https, or http to this machine, without a user.
// With plain, http may lead anywhere: for answers that prove themselves.
func NewEndpoint(rawURL string, plain bool) (*Endpoint, error) {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return nil, errors.New("url: is not one") // the reason would repeat it
	case u.User != nil:
		return nil, errors.New("url: must not hold a user or password: whoever sees it would have it too")
	case u.Hostname() == "" || u.Opaque != "" || u.Fragment != "":
		return nil, errors.New("url: write it as https://host/path")
	case u.Scheme != "https" && (u.Scheme != "http" || !plain && !IsLoopback(u.Hostname())):
		return nil, errors.New("url: must be https, or http to a loopback address")
	}
	return &Endpoint{url: rawURL, host: u.Host, client: &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives:      true,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// IsLoopback reports whether host is this machine.
func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Post sends body and returns the answer to it, which must not be over limit
// bytes; a limit of 0 does not read it. An answer of 2xx is success; 408, 429 and 5xx are worth another try, and all
// others are [anchor.ErrPermanent].
func (e *Endpoint) Post(ctx context.Context, header http.Header, body []byte, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("post to %s: the request cannot be made", e.host)
	}
	req.Header = header
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("post to %s: %w", e.host, withoutURL(err))
	}
	defer resp.Body.Close()
	if err := e.judge(resp.StatusCode); err != nil {
		return nil, err
	}
	if limit == 0 {
		return nil, nil
	}
	reply, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer of %s: %w", e.host, withoutURL(err))
	case int64(len(reply)) > limit:
		return nil, fmt.Errorf("the answer of %s is over %d bytes", e.host, limit)
	}
	return reply, nil
}

func (e *Endpoint) judge(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return anchor.Refuse("%s answered %d: redirects are not followed, configure where it leads", e.host, status)
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return fmt.Errorf("%s answered %d", e.host, status)
	}
	return anchor.Refuse("%s answered %d", e.host, status)
}

func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// dial opens a connection that ends when ctx does. The caller calls stop, which
// closes it.
func dial(ctx context.Context, network, address string, config *tls.Config) (conn net.Conn, stop func(), err error) {
	if network == "tls" {
		conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, nil, err
	}
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return conn, func() {
		release()
		conn.Close() // what mattered has been confirmed, or there is an error already
	}, nil
}

// Datagram sends msg as one packet.
func Datagram(ctx context.Context, network, address string, msg []byte) error {
	conn, stop, err := dial(ctx, network, address, nil)
	if err != nil {
		return err
	}
	defer stop()
	_, err = conn.Write(msg)
	return because(ctx, err)
}

// Stream sends msg and waits until the receiver, which has seen the end of it,
// closes its side: only then has it been read and not just been buffered.
func Stream(ctx context.Context, network, address string, config *tls.Config, msg []byte) error {
	conn, stop, err := dial(ctx, network, address, config)
	if err != nil {
		return err
	}
	defer stop()
	if _, err := conn.Write(msg); err != nil {
		return because(ctx, err)
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return because(ctx, err)
		}
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(conn, 64<<10)); err != nil {
		return fmt.Errorf("the receiver did not confirm by closing: %w", because(ctx, err))
	}
	return nil
}

// because prefers the context's reason to the deadline that carried it.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
