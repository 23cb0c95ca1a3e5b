package anchortest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	tsp "github.com/notaryproject/tspclient-go"
)

// A TSA is a time-stamping authority with a certificate of its own making.
type TSA struct {
	URL       string
	Roots     *x509.CertPool
	RootsFile string // PEM

	// Change, if set, is called with what is about to be signed.
	Change func(*tsp.TSTInfo)
	// Answer, if set, answers in place of the authority.
	Answer http.HandlerFunc

	mu   sync.Mutex // guards what follows, Change and Answer
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// NewTSA starts an authority that ends with the test. Without usages its
// certificate is made for time-stamping.
func NewTSA(t *testing.T, usages ...x509.ExtKeyUsage) *TSA {
	t.Helper()
	root, rootKey := newRoot(t)
	key := newKey(t)
	if len(usages) == 0 {
		usages = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
	}
	a := &TSA{key: key, Roots: x509.NewCertPool(), RootsFile: filepath.Join(t.TempDir(), "roots.pem")}
	a.cert = sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "TSA of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{usage(t, usages)},
	}, root, key, rootKey)
	a.Roots.AddCert(root)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
	if err := os.WriteFile(a.RootsFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// Set changes Change and Answer while the authority runs.
func (a *TSA) Set(change func(*tsp.TSTInfo), answer http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Change, a.Answer = change, answer
}

func (a *TSA) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	answer := a.Answer
	a.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	var req tsp.Request
	if err != nil || req.UnmarshalBinary(body) != nil || r.Header.Get("Content-Type") != tsp.MediaTypeTimestampQuery {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	token, err := a.stamp(&req)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	reply, _ := (&tsp.Response{TimestampToken: asn1.RawValue{FullBytes: token}}).MarshalBinary()
	w.Header().Set("Content-Type", tsp.MediaTypeTimestampReply)
	_, _ = w.Write(reply)
}

func (a *TSA) stamp(req *tsp.Request) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	info := &tsp.TSTInfo{
		Version: 1, Policy: asn1.ObjectIdentifier{1, 2, 3}, MessageImprint: req.MessageImprint,
		SerialNumber: big.NewInt(1), GenTime: time.Now().UTC().Truncate(time.Second), Nonce: req.Nonce,
	}
	if a.Change != nil {
		a.Change(info)
	}
	content, err := asn1.Marshal(*info)
	if err != nil {
		return nil, err
	}
	return Token(content, a.cert, a.key)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRoot(t *testing.T) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return sign(t, template, template, key, key), key
}

func sign(t *testing.T, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// usage is the extension the standard demands to be critical.
func usage(t *testing.T, usages []x509.ExtKeyUsage) pkix.Extension {
	t.Helper()
	oids := map[x509.ExtKeyUsage]asn1.ObjectIdentifier{
		x509.ExtKeyUsageTimeStamping: {1, 3, 6, 1, 5, 5, 7, 3, 8},
		x509.ExtKeyUsageServerAuth:   {1, 3, 6, 1, 5, 5, 7, 3, 1},
	}
	var ids []asn1.ObjectIdentifier
	for _, u := range usages {
		ids = append(ids, oids[u])
	}
	der, err := asn1.Marshal(ids)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: der}
}

var (
	oidSignedData  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	sha256Alg      = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}}
	ecdsaAlg       = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}
)

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values asn1.RawValue `asn1:"set"`
}

type signedData struct {
	Version int
	Digests []pkix.AlgorithmIdentifier `asn1:"set"`
	Content struct {
		Type  asn1.ObjectIdentifier
		Bytes []byte `asn1:"explicit,tag:0"`
	}
	Certs   asn1.RawValue
	Signers []signerInfo `asn1:"set"`
}

type signerInfo struct {
	Version int
	Sid     struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	Digest    pkix.AlgorithmIdentifier
	Attrs     asn1.RawValue
	Alg       pkix.AlgorithmIdentifier
	Signature []byte
}

// Token signs content, a TSTInfo, as RFC 3161 says.
func Token(content []byte, cert *x509.Certificate, key crypto.Signer) ([]byte, error) {
	attrs, err := signedAttributes(content, cert)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(attrs)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	signer := signerInfo{Version: 1, Digest: sha256Alg, Alg: ecdsaAlg, Signature: signature}
	signer.Sid.Issuer = asn1.RawValue{FullBytes: cert.RawIssuer}
	signer.Sid.Serial = cert.SerialNumber
	tagged := append([]byte{0xa0}, attrs[1:]...) // signed as a SET, sent as [0]
	signer.Attrs = asn1.RawValue{FullBytes: tagged}
	data := signedData{Version: 3, Digests: []pkix.AlgorithmIdentifier{sha256Alg}, Signers: []signerInfo{signer}}
	data.Content.Type, data.Content.Bytes = oidTSTInfo, content
	data.Certs = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: cert.Raw}
	inner, err := asn1.Marshal(data)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{oidSignedData, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}})
}

func signedAttributes(content []byte, cert *x509.Certificate) ([]byte, error) {
	digest, id := sha256.Sum256(content), sha256.Sum256(cert.Raw)
	var attrs []attribute
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{
		{oidContentType, oidTSTInfo},
		{oidDigest, digest[:]},
		{oidSigningCert, struct{ Certs []struct{ Hash []byte } }{[]struct{ Hash []byte }{{id[:]}}}},
	} {
		der, err := asn1.Marshal(a.value)
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, attribute{a.oid, asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: der}})
	}
	return asn1.MarshalWithParams(attrs, "set")
}
