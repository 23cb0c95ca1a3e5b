package rfc3161_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	tsp "github.com/notaryproject/tspclient-go"
	"github.com/notaryproject/tspclient-go/pki"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
	"gander/internal/anchor/rfc3161"
)

func open(t *testing.T, url, roots string) anchor.Anchor {
	t.Helper()
	a, err := rfc3161.Config{URL: url, Roots: roots}.Open(anchor.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// keeping stands in for the queue, which keeps tokens.
type keeping struct {
	anchor.Anchor
	tokens [][]byte
}

func (k *keeping) Send(ctx context.Context, st anchor.Statement) (anchor.Receipt, error) {
	receipt, err := k.Anchor.Send(ctx, st)
	if err == nil {
		k.tokens = append(k.tokens, receipt.Token)
	}
	return receipt, err
}

func TestConformance(t *testing.T) {
	anchortest.Run(t, func(t *testing.T) anchortest.Subject {
		tsa := anchortest.NewTSA(t)
		k := &keeping{Anchor: open(t, tsa.URL+"/SECRETPATH", tsa.RootsFile)}
		answer := func(h http.HandlerFunc) func() {
			tsa.Set(nil, h)
			return func() { tsa.Set(nil, nil) }
		}
		return anchortest.Subject{
			Anchor: k,
			Received: func(t *testing.T, _ int) (out []anchor.Statement) {
				for _, token := range k.tokens {
					stamp, err := rfc3161.Inspect(token, tsa.Roots)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, anchor.Statement{Hash: hex.EncodeToString(stamp.Hash[:])})
				}
				return out
			},
			Break: func(*testing.T) func() {
				return answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
			},
			Refuse: func(*testing.T) func() {
				return answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
			},
			Hang: func(*testing.T) func() {
				return answer(func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					<-r.Context().Done()
				})
			},
			Secrets: []string{"SECRETPATH"},
		}
	})
}

func stamp(t *testing.T, tsa *anchortest.TSA, st anchor.Statement) []byte {
	t.Helper()
	receipt, err := open(t, tsa.URL, tsa.RootsFile).Send(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Token
}

func TestAnswersThatAreNotToTheQuestionAreNotTaken(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*tsp.TSTInfo)
	}{
		{"another nonce", func(i *tsp.TSTInfo) { i.Nonce = big.NewInt(7) }},
		{"no nonce", func(i *tsp.TSTInfo) { i.Nonce = nil }},
		{"another hash", func(i *tsp.TSTInfo) { i.MessageImprint.HashedMessage = make([]byte, 32) }},
		{"a shorter hash", func(i *tsp.TSTInfo) { i.MessageImprint.HashedMessage = i.MessageImprint.HashedMessage[:20] }},
		{"another version", func(i *tsp.TSTInfo) { i.Version = 2 }},
		{"a time before the certificate", func(i *tsp.TSTInfo) { i.GenTime = time.Now().Add(-2 * time.Hour).UTC() }},
		{"a time after the certificate", func(i *tsp.TSTInfo) { i.GenTime = time.Now().Add(2 * time.Hour).UTC() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tsa := anchortest.NewTSA(t)
			tsa.Set(tt.change, nil)
			for _, roots := range []string{"", tsa.RootsFile} {
				if _, err := open(t, tsa.URL, roots).Send(t.Context(), anchortest.Statement(1)); err == nil || errors.Is(err, anchor.ErrPermanent) {
					t.Errorf("error is %v", err)
				}
			}
		})
	}
}

func TestAnswersThatAreNoTokenAreNotTaken(t *testing.T) {
	tsa := anchortest.NewTSA(t)
	rejected, err := (&tsp.Response{Status: pki.StatusInfo{Status: pki.StatusRejection}}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{
		"empty": nil, "text": []byte("<html>"), "a rejection": rejected, "no end": bytes.Repeat([]byte{0x30}, 1<<20),
		"something after it": append(bytes.Clone(rejected), 0),
	} {
		t.Run(name, func(t *testing.T) {
			tsa.Set(nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
			if _, err := open(t, tsa.URL, "").Send(t.Context(), anchortest.Statement(1)); err == nil {
				t.Error("was taken")
			}
		})
	}
}

func TestCertificateMustBeForTimeStampingOnly(t *testing.T) {
	for _, usages := range [][]x509.ExtKeyUsage{
		{x509.ExtKeyUsageServerAuth},
		{x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageServerAuth},
	} {
		tsa := anchortest.NewTSA(t, usages...)
		if _, err := open(t, tsa.URL, "").Send(t.Context(), anchortest.Statement(1)); err == nil {
			t.Errorf("usages %v were taken", usages)
		}
	}
}

func TestVerify(t *testing.T) {
	tsa, other := anchortest.NewTSA(t), anchortest.NewTSA(t)
	st := anchortest.Statement(1)
	token, hash := stamp(t, tsa, st), sha256.Sum256(st.Line)
	got, err := rfc3161.Verify(token, hash, tsa.Roots)
	if err != nil || time.Since(got.Time) > time.Minute || got.Signer != "CN=TSA of a test" {
		t.Errorf("stamp %+v, %v", got, err)
	}
	if _, err := rfc3161.Verify(token, hash, other.Roots); err == nil {
		t.Error("another authority's roots verify it")
	}
	if _, err := rfc3161.Verify(token, hash, nil); err == nil {
		t.Error("no roots verify it")
	}
	if _, err := rfc3161.Verify(token, sha256.Sum256(nil), tsa.Roots); err == nil {
		t.Error("another hash is verified")
	}
	if _, err := rfc3161.Inspect(token, nil); err != nil {
		t.Errorf("inspect: %v", err)
	}
}

func TestEveryChangedByteOfATokenShows(t *testing.T) {
	tsa := anchortest.NewTSA(t)
	st := anchortest.Statement(1)
	token, hash := stamp(t, tsa, st), sha256.Sum256(st.Line)
	whole, err := rfc3161.Verify(token, hash, tsa.Roots)
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		changed := bytes.Clone(token)
		changed[i] ^= 0x55
		// What is not signed may change: what is said may not.
		if got, err := rfc3161.Verify(changed, hash, tsa.Roots); err == nil && got != whole {
			t.Fatalf("byte %d: %+v verifies", i, got)
		}
	}
	for n := range token {
		if _, err := rfc3161.Verify(token[:n], hash, tsa.Roots); err == nil {
			t.Fatalf("%d of %d bytes verify", n, len(token))
		}
	}
}

// OpenSSL reads our tokens, so the way back does not need this program.
func TestOpenSSLVerifiesWhatIsKept(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	tsa, dir := anchortest.NewTSA(t), t.TempDir()
	st := anchortest.Statement(1)
	write(t, filepath.Join(dir, "seal"), st.Line)
	write(t, filepath.Join(dir, "token"), stamp(t, tsa, st))
	cmd := exec.Command(openssl, "ts", "-verify", "-data", "seal", "-in", "token", "-token_in", "-CAfile", tsa.RootsFile)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("Verification: OK")) {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

// A token and a root that OpenSSL 3.0 made, for the seal in the test.
func TestTokenOfOpenSSLVerifies(t *testing.T) {
	token, err := os.ReadFile("testdata/openssl.tst")
	if err != nil {
		t.Fatal(err)
	}
	roots, err := rfc3161.LoadRoots("testdata/openssl-root.pem")
	if err != nil {
		t.Fatal(err)
	}
	got, err := rfc3161.Verify(token, sha256.Sum256([]byte(`{"v":1,"k":7}`)), roots)
	if err != nil || got.Signer != "CN=openssl TSA,O=example" {
		t.Errorf("stamp %+v, %v", got, err)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    rfc3161.Config
		ok   bool
	}{
		{"https", rfc3161.Config{URL: "https://tsa.example"}, true},
		{"http with roots", rfc3161.Config{URL: "http://tsa.example", Roots: "/r.pem"}, true},
		{"http without", rfc3161.Config{URL: "http://tsa.example"}, false},
		{"relative roots", rfc3161.Config{URL: "https://tsa.example", Roots: "r.pem"}, false},
		{"nothing", rfc3161.Config{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.c.Check(); (err == nil) != tt.ok {
				t.Errorf("check says %v", err)
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte{0x30, 0x80})
	f.Add(bytes.Repeat([]byte{0x30, 0x82, 0xff, 0xff}, 1000))
	if seed, err := os.ReadFile("testdata/openssl.tst"); err == nil {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		roots := x509.NewCertPool()
		if _, err := rfc3161.Inspect(b, roots); err == nil {
			t.Error("an empty pool verifies it")
		}
		_, _ = rfc3161.Inspect(b, nil)
	})
}
