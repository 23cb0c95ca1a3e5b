package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

func TestSampleTellsShares(t *testing.T) {
	var s sample
	for n := 100; n >= 0; n-- {
		s = append(s, time.Duration(n))
	}
	for _, tt := range []struct {
		share float64
		want  time.Duration
	}{{0, 0}, {0.5, 50}, {0.9, 90}, {0.99, 99}, {1, 100}} {
		if got := s.at(tt.share); got != tt.want {
			t.Errorf("at(%v) = %d, want %d", tt.share, got, tt.want)
		}
	}
	if got := (sample{7}).at(0.99); got != 7 {
		t.Errorf("of a single round: %d", got)
	}
}

func TestWriteCallHasTheSizeAskedFor(t *testing.T) {
	for _, size := range []int{2 << 10, 2 << 20} {
		if got := writeCall(size); len(got) != size || !json.Valid(got) {
			t.Errorf("%d bytes, want %d of valid JSON", len(got), size)
		}
	}
}

func TestCorpusIsTheSameEachTime(t *testing.T) {
	a, b := newCorpus(), newCorpus()
	size := 0
	for range 5000 {
		line := a.next().encode()
		if !bytes.Equal(line, b.next().encode()) {
			t.Fatal("two corpora differ")
		}
		if bytes.Contains(line, []byte("{word}")) || bytes.Contains(line, []byte("{file}")) {
			t.Fatalf("a name is missing: %s", line)
		}
		size += len(line)
	}
	if mean := size / 5000; mean < 700 || mean > 1100 {
		t.Errorf("%d bytes on average", mean)
	}
}
