// Package hook is what runs each time an agent is about to act: it reads what
// the agent says on standard input, appends one record to the journal, and
// ends.
//
// It must never be in the way. It prints nothing, takes no lock, reads no
// environment variable (the agent's own settings can set any), never says
// "allow" (that would silence the agent's own question to the user), and exits
// 0 whatever happens, unless it was told to block when it cannot record. A
// record it could not write leaves a mark that the watcher finds; see [Mark].
package hook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"runtime/debug"
	"time"

	"gander/internal/journal/record"
)

// The exit codes an agent sees. Every other code means something different to
// every agent, so no other is used.
const (
	exitGoOn  = 0
	exitBlock = 2
)

// Usage is what a person who starts the hook by hand is told.
const Usage = `usage: gander-hook --journal DIR [--on-failure go-on|block] AGENT

Reads one hook payload from standard input and appends it to DIR/live.jsonl.
Agents run this; "gander install" sets it up.
`

// Run is the whole hook: args without the program's name. It returns the exit
// code. Panics do not leave it.
func Run(args []string, stdin io.Reader, stderr io.Writer) (code int) {
	o, err := parseArgs(args)
	if err != nil {
		io.WriteString(stderr, "gander-hook: "+err.Error()+"\n"+Usage)
		return exitGoOn
	}
	if o.help {
		io.WriteString(stderr, Usage)
		return exitGoOn
	}
	defer func() {
		if p := recover(); p != nil {
			code = o.fail(record.Header{Time: time.Now()}, errors.New("panic"), stderr)
		}
	}()
	h := header(o.agent)
	frame, digest, err := read(stdin, &h)
	if err == nil {
		err = record.Append(filepath.Join(o.journal, record.Live), frame, digest)
	}
	if err != nil {
		return o.fail(h, err, stderr)
	}
	return exitGoOn
}

// fail leaves the mark and answers as the policy says. If even the mark cannot
// be left there is nobody to tell but the agent.
func (o options) fail(h record.Header, err error, stderr io.Writer) int {
	leaveMark(o.journal, h, err)
	if !o.block {
		return exitGoOn
	}
	io.WriteString(stderr, "gander-hook: this call could not be recorded and is blocked: "+err.Error()+" (run: gander status)\n")
	return exitBlock
}

// first is where a payload of ordinary size lands: no heap, no garbage
// collector, and only the pages that are touched cost anything.
var first [record.Headroom + 128<<10 + record.Tailroom]byte

// read takes standard input to its end and returns the framed record, and what
// makes its digest. A payload that outgrows the first buffer moves once, into
// one of full size whose untouched pages are never backed by memory.
func read(stdin io.Reader, h *record.Header) (frame []byte, digest func() []byte, err error) {
	buf := first[:]
	n, err := fill(stdin, buf)
	if err == nil && n == room(buf) {
		debug.SetGCPercent(-1) // a collection would cost more than there is to collect
		buf = make([]byte, record.Headroom+record.MaxPayload+1+record.Tailroom)
		copy(buf[record.Headroom:], first[record.Headroom:record.Headroom+n])
		var m int
		m, err = fill(stdin, buf[n:])
		n += m
	}
	if err != nil {
		return nil, nil, errors.New("read standard input: " + err.Error())
	}
	payload := buf[record.Headroom : record.Headroom+n]
	h.Session = record.SessionPrefix(payload, "session_id")
	if n > record.MaxPayload {
		frame, err = cut(stdin, *h, payload)
	} else {
		frame = record.Frame(*h, buf, n)
	}
	return frame, func() []byte { return record.FrameDigest(*h, payload) }, err
}

// room is how many payload bytes buf holds.
func room(buf []byte) int { return len(buf) - record.Headroom - record.Tailroom }

// fill reads until the payload's room in buf is full or the input ends.
func fill(r io.Reader, buf []byte) (int, error) {
	n, end := 0, room(buf)
	for n < end {
		m, err := r.Read(buf[record.Headroom+n : record.Headroom+end])
		n += m
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// cut reads the rest of an oversized payload through a hash.
func cut(stdin io.Reader, h record.Header, payload []byte) ([]byte, error) {
	sum := sha256.New()
	sum.Write(payload)
	rest, err := io.Copy(sum, stdin)
	if err != nil {
		return nil, errors.New("read standard input: " + err.Error())
	}
	return record.FrameCut(h, payload, int64(len(payload))+rest, hex.EncodeToString(sum.Sum(nil))), nil
}
