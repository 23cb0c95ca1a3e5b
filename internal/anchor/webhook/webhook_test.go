package webhook_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/anchortest"
	"gander/internal/anchor/webhook"
)

const (
	key  = "not-a-real-key-of-anybody"
	path = "/hooks/T0SECRETPATH?token=querysecret"
)

// A server checks every signature and keeps what it accepts.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	hang   chan struct{}
	got    []anchor.Statement
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{status: http.StatusNoContent}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		if s.hang != nil {
			<-s.hang
			return
		}
		if s.status >= 300 {
			w.Header().Set("Location", s.URL+"/elsewhere")
			w.WriteHeader(s.status)
			return
		}
		st, err := anchor.ParseLine(body)
		if err != nil || !isSigned(r, body, st) || r.Method != http.MethodPost || r.URL.String() != path {
			t.Errorf("%s %s: body %q, %v", r.Method, r.URL, body, err)
		}
		s.got = append(s.got, st)
		w.WriteHeader(s.status)
	}))
	t.Cleanup(s.Close)
	return s
}

func isSigned(r *http.Request, body []byte, st anchor.Statement) bool {
	id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	return err == nil && time.Since(time.Unix(seconds, 0)) < time.Minute && id == "seal_"+st.Hash &&
		r.Header.Get("webhook-signature") == webhook.Sign([]byte(key), id, at, body) &&
		r.Header.Get("Content-Type") == "application/json"
}

func (s *server) answer(status int, hang chan struct{}) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.hang = status, hang
	return func() {
		if hang != nil {
			close(hang)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.status, s.hang = http.StatusNoContent, nil
	}
}

func open(t *testing.T, url, secret string) anchor.Anchor {
	t.Helper()
	env := anchor.Env{Secret: func(ref string) ([]byte, error) {
		if ref != "env:KEY" {
			return nil, errors.New("no such secret")
		}
		return []byte(secret), nil
	}}
	a, err := webhook.Config{URL: url, Secret: "env:KEY"}.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestConformance(t *testing.T) {
	anchortest.Run(t, func(t *testing.T) anchortest.Subject {
		s := serve(t)
		return anchortest.Subject{
			Anchor: open(t, s.URL+path, key),
			Received: func(*testing.T, int) []anchor.Statement {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.got
			},
			Break:   func(*testing.T) func() { return s.answer(http.StatusServiceUnavailable, nil) },
			Refuse:  func(*testing.T) func() { return s.answer(http.StatusUnauthorized, nil) },
			Hang:    func(*testing.T) func() { return s.answer(0, make(chan struct{})) },
			Secrets: []string{key, "SECRETPATH", "querysecret"},
		}
	})
}

func TestAnswersSayWhetherToTryAgain(t *testing.T) {
	s := serve(t)
	a := open(t, s.URL+path, key)
	for _, tt := range []struct {
		status          int
		fail, permanent bool
	}{
		{200, false, false},
		{299, false, false},
		{301, true, true},
		{307, true, true},
		{400, true, true},
		{404, true, true},
		{408, true, false},
		{429, true, false},
		{500, true, false},
		{599, true, false},
	} {
		t.Run(strconv.Itoa(tt.status), func(t *testing.T) {
			s.answer(tt.status, nil)
			_, err := a.Send(t.Context(), anchortest.Statement(1))
			if (err != nil) != tt.fail || errors.Is(err, anchor.ErrPermanent) != tt.permanent {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestServerThatIsNotThereIsNamedByItsHostOnly(t *testing.T) {
	s := serve(t)
	a := open(t, s.URL+path, key)
	s.Close()
	_, err := a.Send(t.Context(), anchortest.Statement(1))
	if err == nil || strings.Contains(err.Error(), "SECRETPATH") || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("error is %v", err)
	}
}

// The vector is of standardwebhooks.com.
func TestSignatureIsThatOfStandardWebhooks(t *testing.T) {
	// whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
	k := []byte("\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0")
	got := webhook.Sign(k, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestKeyMayBeWrittenAsStandardWebhooksDo(t *testing.T) {
	s := serve(t)
	// base64 of the key the server knows
	if _, err := open(t, s.URL+path, "whsec_bm90LWEtcmVhbC1rZXktb2YtYW55Ym9keQ==").Send(t.Context(), anchortest.Statement(1)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "short", "whsec_***"} {
		if _, err := open(t, s.URL+path, bad).Send(t.Context(), anchortest.Statement(1)); err == nil {
			t.Errorf("key %q was used", bad)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, tt := range []struct {
		url string
		ok  bool
	}{
		{"https://anchor.example/x", true},
		{"http://127.0.0.1:80/x", true},
		{"http://[::1]/x", true},
		{"http://localhost/x", true},
		{"http://anchor.example/x", false},
		{"http://127.0.0.1.example/x", false},
		{"https://user:pass@anchor.example/x", false},
		{"https://", false},
		{"ftp://anchor.example", false},
		{"anchor.example", false},
		{"", false},
		{"https://a.example/%zz", false},
	} {
		t.Run(tt.url, func(t *testing.T) {
			err := webhook.Config{URL: tt.url, Secret: "env:KEY"}.Check()
			if (err == nil) != tt.ok {
				t.Errorf("check says %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "pass") && !strings.Contains(err.Error(), "password") {
				t.Errorf("the error repeats the URL: %v", err)
			}
		})
	}
	if (webhook.Config{URL: "https://a.example"}).Check() == nil {
		t.Error("no secret passes")
	}
}
