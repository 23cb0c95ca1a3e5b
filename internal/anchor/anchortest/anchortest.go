// Package anchortest is the one suite that every kind of anchor runs.
package anchortest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gander/internal/anchor"
)

// A Subject is an anchor and a destination under the test's control. Each of
// Break, Refuse and Hang returns how to undo it, and is nil where the kind
// knows no such thing.
type Subject struct {
	Anchor anchor.Anchor
	// Received returns what the destination holds, oldest first, read from its
	// own bytes. It waits until there are at least n. Where only the hash
	// arrives, the other fields are zero.
	Received func(t *testing.T, n int) []anchor.Statement
	Break    func(t *testing.T) (mend func()) // sending fails and is worth another try
	Refuse   func(t *testing.T) (mend func()) // sending is refused
	Hang     func(t *testing.T) (mend func()) // the destination does not answer
	Secrets  []string                         // what no error may hold
}

// Journal is the journal of every statement of the suite.
const Journal = "9f86d081884c7d65"

// Statement makes the k-th statement.
func Statement(k uint64) anchor.Statement {
	line := fmt.Sprintf(`{"v":1,"k":%d,"from":%d,"to":%d,"sig":"c2ln"}`, k, k*64, k*64+64)
	return anchor.NewStatement(Journal, k, []byte(line), time.Date(2026, 11, 22, 14, 2, int(k%60), 123456789, time.UTC))
}

// WithLine makes a statement of any line.
func WithLine(line string) anchor.Statement {
	return anchor.NewStatement(Journal, 1, []byte(line), time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC))
}

// Run runs the suite. Each test has a subject of its own.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, *suite)
	}{
		{"statements arrive whole and in order", arrive},
		{"a statement sent twice is harmless", repeat},
		{"a failure is worth another try", recoverFrom},
		{"a refusal is permanent, the next statement is not", refuse},
		{"a destination that hangs does not hold the caller", hang},
		{"a context that is done sends nothing", cancelled},
		{"what is too large is refused", oversize},
		{"hostile bytes arrive as they are or not at all", hostile},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &suite{Subject: open(t)}
			tt.test(t, s)
			s.checkSecrets(t)
		})
	}
}

type suite struct {
	Subject
	said []string
}

// send remembers what the anchor said, for [suite.checkSecrets].
func (s *suite) send(ctx context.Context, st anchor.Statement) error {
	receipt, err := s.Anchor.Send(ctx, st)
	s.said = append(s.said, fmt.Sprintf("%v %q", err, receipt.Text))
	return err
}

func (s *suite) mustSend(t *testing.T, st anchor.Statement) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.send(ctx, st); err != nil {
		t.Fatalf("send %d: %v", st.K, err)
	}
}

func (s *suite) mustHold(t *testing.T, want ...anchor.Statement) {
	t.Helper()
	got := s.Received(t, len(want))
	if len(got) != len(want) {
		t.Fatalf("the destination holds %d statements, want %d", len(got), len(want))
	}
	for i, st := range got {
		w := want[i]
		switch {
		case st.Hash != w.Hash:
			t.Errorf("statement %d: hash %s, want %s", i, st.Hash, w.Hash)
		case st.Journal == "": // only the hash goes there
		case st.Line == nil && len(w.Line) > anchor.ShortLine && st.K == w.K: // some leave a long one out
		case st.Journal != w.Journal || st.K != w.K || string(st.Line) != string(w.Line) || !st.Time.Equal(w.Time):
			t.Errorf("statement %d arrived as %+v, want %+v", i, st, w)
		}
	}
}

func (s *suite) checkSecrets(t *testing.T) {
	t.Helper()
	said := append(s.said, s.Anchor.Name(), fmt.Sprintf("%v", s.Anchor.Name()))
	for _, text := range said {
		for _, secret := range s.Secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a secret is in %q", text)
			}
		}
	}
}

func arrive(t *testing.T, s *suite) {
	want := []anchor.Statement{Statement(0), Statement(1), Statement(1 << 60)}
	for _, st := range want {
		s.mustSend(t, st)
	}
	s.mustHold(t, want...)
}

func repeat(t *testing.T, s *suite) {
	s.mustSend(t, Statement(7))
	s.mustSend(t, Statement(7))
	for _, st := range s.Received(t, 1) {
		if st.Hash != Statement(7).Hash {
			t.Errorf("the destination holds %+v", st)
		}
	}
}

func recoverFrom(t *testing.T, s *suite) {
	if s.Break == nil {
		t.Skip("cannot fail")
	}
	s.mustSend(t, Statement(1))
	s.mustHold(t, Statement(1))
	mend := s.Break(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.send(ctx, Statement(2)); err == nil || errors.Is(err, anchor.ErrPermanent) {
		t.Errorf("error is %v, want one that is worth another try", err)
	}
	mend()
	s.mustSend(t, Statement(2))
	got := s.Received(t, 2)
	if last := got[len(got)-1]; last.Hash != Statement(2).Hash {
		t.Errorf("the destination's last is %+v", last)
	}
}

func refuse(t *testing.T, s *suite) {
	if s.Refuse == nil {
		t.Skip("cannot refuse")
	}
	mend := s.Refuse(t)
	if err := s.send(t.Context(), Statement(1)); !errors.Is(err, anchor.ErrPermanent) {
		t.Errorf("error is %v, want a refusal", err)
	}
	mend()
	s.mustSend(t, Statement(2))
	s.mustHold(t, Statement(2))
}

func hang(t *testing.T, s *suite) {
	if s.Hang == nil {
		t.Skip("cannot hang")
	}
	mend := s.Hang(t)
	defer mend()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := s.send(ctx, Statement(1))
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, anchor.ErrPermanent) {
		t.Errorf("error is %v, want the deadline", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func cancelled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.send(ctx, Statement(1)); !errors.Is(err, context.Canceled) || errors.Is(err, anchor.ErrPermanent) {
		t.Errorf("error is %v, want the context's", err)
	}
	s.mustSend(t, Statement(2))
	s.mustHold(t, Statement(2))
}

func oversize(t *testing.T, s *suite) {
	fits := `{"x":"` + strings.Repeat("a", anchor.MaxLine-8) + `"}`
	if err := s.send(t.Context(), WithLine(strings.Replace(fits, "a", "aa", 1))); !errors.Is(err, anchor.ErrPermanent) {
		t.Errorf("error is %v, want a refusal", err)
	}
	s.mustSend(t, WithLine(fits))
	s.mustHold(t, WithLine(fits))
}

func hostile(t *testing.T, s *suite) {
	forged := WithLine(`{}`)
	forged.Hash = strings.Repeat("0", 64)
	elsewhere := WithLine(`{}`)
	for _, journal := range []string{"", ".", "..", "../x", "-x", "a b", "a\nb", `a"b`, "a]b", "a\x00b", "ä", strings.Repeat("a", 65)} {
		elsewhere.Journal = journal
		s.mustRefuse(t, elsewhere)
	}
	s.mustRefuse(t, forged)
	for _, line := range []string{
		"", "x", "[]", "{", "{}\n", "\n{}", "{\n}", "{}{}", "{\"a\":\"\x00\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\u2028\"}", "{\"a\":\"\u0085\"}",
		"{\"a\":\"\x7f\"}", "{\"a\":1}\r",
	} {
		s.mustRefuse(t, WithLine(line))
	}
	var want []anchor.Statement
	for _, line := range []string{
		`{"a":"\"] \\n [gander@32473 k=\"9\"] <>&%s%n$(x)` + "`x`" + `"}`,
		`{"a":"\n\u0000\u202e"}`, "{\"a\":\"\u202e\u200b\ufeff日本\"}", `{"a":{"gander_anchor":1,"journal":"x"}}`,
		`{"b":1,"b":2,"B":3, "c" : 1e400}`,
	} {
		st := WithLine(line)
		s.mustSend(t, st)
		want = append(want, st)
	}
	s.mustHold(t, want...)
}

func (s *suite) mustRefuse(t *testing.T, st anchor.Statement) {
	t.Helper()
	if err := s.send(t.Context(), st); !errors.Is(err, anchor.ErrPermanent) {
		t.Errorf("journal %q, line %q: error is %v, want a refusal", st.Journal, st.Line, err)
	}
}
