// Package webhook anchors with a server of one's own: a POST for each statement,
// signed so that the server knows whom it is from.
//
// The body is the statement's JSON. The headers are those of the Standard
// Webhooks specification, which has libraries in most languages:
//
//	webhook-id: seal_<hash>
//	webhook-timestamp: <seconds since 1970>
//	webhook-signature: v1,<base64 of HMAC-SHA256(key, id "." timestamp "." body)>
//
// The id is the same whenever a statement is sent again, so that the server can
// drop it. An answer of 2xx means that it is stored.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/transport"
)

// A Config is the section of a webhook anchor.
type Config struct {
	anchor.Common
	URL    string `toml:"url"`    // https, or http to a loopback address
	Secret string `toml:"secret"` // a reference to the key: 16 bytes or more, or "whsec_" and base64
}

const minKey = 16

// Plan implements [anchor.Config].
func (c Config) Plan() anchor.Plan { return c.Common.Plan("webhook", time.Minute) }

// Check implements [anchor.Config].
func (c Config) Check() error {
	if _, err := transport.NewEndpoint(c.URL, false); err != nil {
		return err
	}
	if c.Secret == "" {
		return errors.New("secret: the server needs a key to tell your statements from others")
	}
	return c.Plan().Check()
}

// Open implements [anchor.Config].
func (c Config) Open(env anchor.Env) (anchor.Anchor, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	to, err := transport.NewEndpoint(c.URL, false)
	if err != nil {
		return nil, err
	}
	return &Webhook{name: c.Plan().Name, to: to, secret: func() ([]byte, error) { return env.Resolve(c.Secret) }}, nil
}

// A Webhook is one server.
type Webhook struct {
	name   string
	to     *transport.Endpoint
	secret func() ([]byte, error)
}

var _ anchor.Anchor = (*Webhook)(nil)

// Name implements [anchor.Anchor].
func (w *Webhook) Name() string { return w.name }

// Send implements [anchor.Anchor].
func (w *Webhook) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	if err := st.Check(); err != nil {
		return anchor.Receipt{}, err
	}
	key, err := w.key()
	if err != nil {
		return anchor.Receipt{}, err
	}
	body := anchor.AppendLine(nil, st)
	id, now := "seal_"+st.Hash, strconv.FormatInt(time.Now().Unix(), 10)
	header := http.Header{
		"Content-Type":      {"application/json"},
		"User-Agent":        {"gander"},
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {now},
		"Webhook-Signature": {Sign(key, id, now, body)},
	}
	_, err = w.to.Post(ctx, header, body, 0)
	return anchor.Receipt{}, err
}

func (w *Webhook) key() ([]byte, error) {
	key, err := w.secret()
	if err != nil {
		return nil, fmt.Errorf("the webhook's secret: %w", err)
	}
	if text, ok := bytes.CutPrefix(key, []byte("whsec_")); ok {
		key, err = base64.StdEncoding.AppendDecode(nil, text)
		if err != nil {
			return nil, errors.New("the webhook's secret: no base64 after whsec_")
		}
	}
	if len(key) < minKey {
		return nil, fmt.Errorf("the webhook's secret: under %d bytes", minKey)
	}
	return key, nil
}

// Sign returns the value of the signature header.
func Sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
