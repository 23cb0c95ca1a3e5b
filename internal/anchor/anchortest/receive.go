package anchortest

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"gander/internal/anchor"
	"gander/internal/anchor/readback"
)

// ReadBack returns the statements in a file or directory, none when it is
// missing. What is damaged fails the test.
func ReadBack(t *testing.T, path string) []anchor.Statement {
	t.Helper()
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil
	}
	var out []anchor.Statement
	report, err := readback.Read(path, readback.Options{}, func(f readback.Found) bool {
		out = append(out, f.Statement)
		return true
	})
	if err != nil || report.Damaged > 0 {
		t.Fatalf("read back: %v, %+v", err, report)
	}
	return out
}

// A Sink is the receiving end of an anchor: messages, each as it came.
type Sink struct {
	mu       sync.Mutex
	messages [][]byte
	changed  chan struct{}
}

// NewSink returns an empty one.
func NewSink() *Sink { return &Sink{changed: make(chan struct{}, 1)} }

// Add enters a message.
func (s *Sink) Add(b []byte) {
	s.mu.Lock()
	s.messages = append(s.messages, bytes.Clone(b))
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Wait returns the messages when there are at least n.
func (s *Sink) Wait(t *testing.T, n int) [][]byte {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		got := s.messages
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-s.changed:
		case <-timeout:
			t.Fatalf("%d messages came, want %d", len(got), n)
		}
	}
}

// Packets starts a receiver of datagrams that ends with the test.
func (s *Sink) Packets(t *testing.T, network, address string) net.Addr {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 1<<17)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			s.Add(buf[:n])
		}
	})
	t.Cleanup(func() { conn.Close(); wg.Wait() })
	return conn.LocalAddr()
}

// Streams starts a receiver of connections, each of which is one message to
// its end, and that ends with the test.
func (s *Sink) Streams(t *testing.T, l net.Listener) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				if b, err := io.ReadAll(conn); err == nil && len(b) > 0 {
					s.Add(b)
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
}
