// Package rfc3161 anchors with a time-stamping authority (RFC 3161).
//
// The authority signs the seal's hash and the time it saw it, and keeps nothing:
// the token it answers with is the anchor, kept beside the queue's state as
// <journal>-<k>.tst next to the seal itself. It proves to anybody, also against
// root, that the seal existed at that time. It does not keep the token from
// being deleted: copy the tokens to where the watched user cannot reach.
//
// A token is taken only if its status, imprint and nonce answer the request,
// its signature holds, and its certificate is made for time-stamping and
// nothing else and is named by the signature (RFC 5816). With roots configured
// the certificate must lead to one of them.
//
// The ASN.1, CMS and certificate rules are those of the Notary project's
// client, which is made for exactly this and depends on nothing.
package rfc3161

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	tsp "github.com/notaryproject/tspclient-go"

	"gander/internal/anchor"
	"gander/internal/anchor/transport"
)

// MaxToken bounds a token in bytes. One with a chain of four certificates has
// 8 KiB.
const MaxToken = 32 << 10

// A Config is the section of a time-stamping authority.
type Config struct {
	anchor.Common
	URL   string `toml:"url"`   // https; with roots http too, since the token proves itself
	Roots string `toml:"roots"` // a PEM file: the certificates the authority's must lead to
}

// Plan implements [anchor.Config]. Public authorities ask for restraint, and
// every token is a file to keep: one in ten minutes.
func (c Config) Plan() anchor.Plan { return c.Common.Plan("rfc3161", 10*time.Minute) }

// Check implements [anchor.Config].
func (c Config) Check() error {
	if _, err := transport.NewEndpoint(c.URL, c.Roots != ""); err != nil {
		return err
	}
	if c.Roots != "" && !filepath.IsAbs(c.Roots) {
		return errors.New("roots: must be an absolute path")
	}
	return c.Plan().Check()
}

// Open implements [anchor.Config].
func (c Config) Open(anchor.Env) (anchor.Anchor, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	a := &Authority{name: c.Plan().Name}
	var err error
	if a.to, err = transport.NewEndpoint(c.URL, c.Roots != ""); err != nil {
		return nil, err
	}
	if c.Roots != "" {
		if a.roots, err = LoadRoots(c.Roots); err != nil {
			return nil, fmt.Errorf("roots: %w", err)
		}
	}
	return a, nil
}

// LoadRoots reads the certificates in a PEM file.
func LoadRoots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return pool, nil
}

// An Authority stamps hashes.
type Authority struct {
	name  string
	to    *transport.Endpoint
	roots *x509.CertPool // nil: any
}

var _ anchor.Anchor = (*Authority)(nil)

// Name implements [anchor.Anchor].
func (a *Authority) Name() string { return a.name }

// Send implements [anchor.Anchor]. The receipt is the token.
func (a *Authority) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	if err := st.Check(); err != nil {
		return anchor.Receipt{}, err
	}
	req, err := tsp.NewRequest(tsp.RequestOptions{Content: st.Line, HashAlgorithm: crypto.SHA256})
	if err != nil {
		return anchor.Receipt{}, fmt.Errorf("make a time-stamp request: %w", err)
	}
	body, err := req.MarshalBinary()
	if err != nil {
		return anchor.Receipt{}, fmt.Errorf("make a time-stamp request: %w", err)
	}
	header := http.Header{"Content-Type": {tsp.MediaTypeTimestampQuery}, "User-Agent": {"gander"}}
	reply, err := a.to.Post(ctx, header, body, MaxToken)
	if err != nil {
		return anchor.Receipt{}, err
	}
	token, err := a.judge(req, reply)
	if err != nil {
		return anchor.Receipt{}, fmt.Errorf("the authority's answer: %w", err)
	}
	return anchor.Receipt{Token: token}, nil
}

func (a *Authority) judge(req *tsp.Request, reply []byte) ([]byte, error) {
	var resp tsp.Response
	if rest, err := asn1.Unmarshal(reply, &resp); err != nil || len(rest) > 0 {
		return nil, errors.New("is no time-stamp response")
	}
	if err := resp.Validate(req); err != nil {
		return nil, err
	}
	token := resp.TimestampToken.FullBytes
	if _, err := Inspect(token, a.roots); err != nil {
		return nil, err
	}
	return token, nil
}

// A Stamp is what a token says.
type Stamp struct {
	Hash   [sha256.Size]byte // of the seal
	Time   time.Time         // when the authority saw it
	Signer string            // the name in its certificate
}

// Inspect reads a token and checks that it is whole: that the certificate in
// it made the signature in it. Whoever can write the token can have made both:
// only with roots, to one of which the certificate must have led at the time
// the token names, does it prove anything. Revocation is not looked at.
func Inspect(token []byte, roots *x509.CertPool) (Stamp, error) {
	if len(token) > MaxToken {
		return Stamp{}, fmt.Errorf("a token of %d bytes is over the limit of %d", len(token), MaxToken)
	}
	signed, err := tsp.ParseSignedToken(token)
	if err != nil {
		return Stamp{}, fmt.Errorf("read the token: %w", err)
	}
	info, err := signed.Info()
	if err != nil {
		return Stamp{}, fmt.Errorf("read the token: %w", err)
	}
	if roots == nil {
		roots = x509.NewCertPool()
		for _, cert := range signed.Certificates {
			roots.AddCert(cert)
		}
	}
	chain, err := signed.Verify(context.Background(), x509.VerifyOptions{Roots: roots, CurrentTime: info.GenTime})
	if err != nil {
		return Stamp{}, fmt.Errorf("verify the token: %w", err)
	}
	stamp := Stamp{Time: info.GenTime.UTC(), Signer: chain[0].Subject.String()}
	imprint := info.MessageImprint
	if !imprint.HashAlgorithm.Algorithm.Equal(sha256OID) || len(imprint.HashedMessage) != sha256.Size {
		return Stamp{}, errors.New("the token stamps no SHA-256")
	}
	copy(stamp.Hash[:], imprint.HashedMessage)
	return stamp, nil
}

// Verify checks that the token stamps hash and leads to one of roots.
func Verify(token []byte, hash [sha256.Size]byte, roots *x509.CertPool) (Stamp, error) {
	if roots == nil {
		return Stamp{}, errors.New("no roots to verify a time stamp against: give the authority's certificate")
	}
	stamp, err := Inspect(token, roots)
	if err != nil {
		return Stamp{}, err
	}
	if stamp.Hash != hash {
		return Stamp{}, errors.New("the token stamps another seal")
	}
	return stamp, nil
}

var sha256OID = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
