// Package record is one line of the journal: its format, and the one way such
// a line gets into a file.
//
// A record is compact JSON with a fixed key order between two line feeds:
//
//	\n{"v":1,"ts":…,"sid":…,"agent":…,"host":…,"uid":…,"pid":…,"ppid":…,"pstart":…,"payload":…}\n
//
// The line feed in front ends whatever a killed writer left behind, so that a
// torn record never takes its successor with it. The payload is what the agent
// sent, byte for byte; when it is not one line of valid JSON it travels as
// base64 in "payload_b64", and over [MaxPayload] only its head, length and hash
// do. docs/format/record.md has the whole of it.
//
// The package is linked into the hook, which starts once per tool call: it
// imports little, and what needs more belongs to package journal.
package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// Live is the name of the segment hooks append to, in the journal's directory.
const Live = "live.jsonl"

const (
	// MaxPayload is the largest payload stored whole, in bytes. The largest
	// seen from a real client is 7 MB (a 2 MB file written over another).
	MaxPayload = 64 << 20
	// MaxLine bounds a line readers hold in memory: the largest payload as
	// base64 and its header.
	MaxLine = MaxPayload/3*4 + 64<<10
	// Headroom and Tailroom are the bytes [Frame] needs free before and after
	// the payload in the caller's buffer.
	Headroom = 512
	Tailroom = 8

	// MaxDigest bounds the frame of a digest: a record that stands in for one
	// the disk has no room for.
	MaxDigest = 4 << 10

	cutHead    = 64 << 10 // bytes kept of a payload over MaxPayload
	digestHead = 1536     // bytes kept in a digest: the first name the session and the tool,
	digestTail = 512      // the last the id of the call
)

// A Header is what the hook knows besides the payload.
type Header struct {
	Time    time.Time // UTC, nanoseconds
	Session string    // first eight characters of the session id, or ""
	Agent   string    // as on the hook's command line; see ValidAgent
	Host    string    // uname's node name; unusual characters become '_'
	UID     int
	PID     int    // the hook's
	Parent  int    // the agent's
	PStart  uint64 // the parent's start time; see package proc. 0 unknown
}

// A Cut describes a payload that is not stored whole: it was too large, or the
// disk too full.
type Cut struct {
	Len    int64  // bytes of the whole payload
	SHA256 string // of the whole payload, in hex
	Head   int    // how many bytes of what is kept are its beginning; the rest is its end
}

// A Record is a line understood.
type Record struct {
	Header
	Payload []byte
	Encoded bool // the payload travelled as base64
	Cut     *Cut // set when Payload is only the head and the end of a larger one
}

// ValidAgent reports whether s can stand in a record as an agent's name:
// 1 to 32 of a-z, 0-9 and '-'.
func ValidAgent(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Frame makes the record of the payload buf[Headroom:Headroom+n], of at most
// MaxPayload bytes, and returns the bytes to append. A payload that travels as
// it is is not copied: the frame is built around it in buf, which must have
// Tailroom bytes after the payload. One line feed at the payload's end belongs
// to the pipe, not to the payload.
func Frame(h Header, buf []byte, n int) []byte {
	payload := buf[Headroom : Headroom+n]
	if n > 0 && payload[n-1] == '\n' {
		payload = payload[:n-1]
	}
	head := h.appendTo(make([]byte, 0, Headroom))
	if !plain(payload) {
		return frameEncoded(head, payload)
	}
	head = append(head, `"payload":`...)
	start := Headroom - len(head)
	copy(buf[start:], head)
	return append(buf[start:Headroom+len(payload)], "}\n"...)
}

// plain reports whether a payload can stand in a line as it is.
func plain(p []byte) bool {
	return bytes.IndexByte(p, '\n') < 0 && bytes.IndexByte(p, '\r') < 0 && utf8.Valid(p) && validJSON(p)
}

func frameEncoded(head, payload []byte) []byte {
	out := make([]byte, 0, len(head)+base64.StdEncoding.EncodedLen(len(payload))+32)
	out = append(append(out, head...), `"payload_b64":"`...)
	out = base64.StdEncoding.AppendEncode(out, payload)
	return append(out, "\"}\n"...)
}

// FrameCut makes the record of a payload over MaxPayload: its head, and what
// identifies the whole.
func FrameCut(h Header, payload []byte, length int64, sha256 string) []byte {
	payload = payload[:min(len(payload), cutHead)]
	return frameCut(h, payload, Cut{Len: length, SHA256: sha256, Head: len(payload)})
}

// FrameDigest makes a record of at most MaxDigest bytes that stands in for the
// payload: its head, its end, and what identifies the whole.
func FrameDigest(h Header, payload []byte) []byte {
	sum := sha256.Sum256(payload)
	c := Cut{Len: int64(len(payload)), SHA256: hex.EncodeToString(sum[:]), Head: len(payload)}
	kept := payload
	if len(payload) > digestHead+digestTail {
		c.Head = digestHead
		kept = append(append([]byte(nil), payload[:digestHead]...), payload[len(payload)-digestTail:]...)
	}
	return frameCut(h, kept, c)
}

func frameCut(h Header, kept []byte, c Cut) []byte {
	head := h.appendTo(make([]byte, 0, Headroom))
	head = append(head, `"cut":{"len":`...)
	head = strconv.AppendInt(head, c.Len, 10)
	head = append(head, `,"sha256":"`...)
	head = append(head, safe(c.SHA256, 64)...)
	head = append(head, `","head":`...)
	head = strconv.AppendInt(head, int64(c.Head), 10)
	head = append(head, `},`...)
	return frameEncoded(head, kept)
}

// appendTo writes the line feed and every key before the payload's.
func (h Header) appendTo(b []byte) []byte {
	b = append(b, "\n{\"v\":1,\"ts\":\""...)
	b = h.Time.UTC().AppendFormat(b, timeLayout)
	b = append(b, `","sid":"`...)
	b = append(b, safe(h.Session, 8)...)
	b = append(b, `","agent":"`...)
	b = append(b, safe(h.Agent, 32)...)
	b = append(b, `","host":"`...)
	b = append(b, safe(h.Host, 64)...)
	b = append(b, `","uid":`...)
	b = strconv.AppendInt(b, int64(h.UID), 10)
	b = append(b, `,"pid":`...)
	b = strconv.AppendInt(b, int64(h.PID), 10)
	b = append(b, `,"ppid":`...)
	b = strconv.AppendInt(b, int64(h.Parent), 10)
	b = append(b, `,"pstart":`...)
	b = strconv.AppendUint(b, h.PStart, 10)
	return append(b, ',')
}

// timeLayout always prints nine digits, so that lines sort and are cut alike.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// safe keeps at most n bytes of s and replaces what would need escaping.
func safe(s string, n int) []byte {
	b := []byte(s[:min(len(s), n)])
	for i, c := range b {
		if !isSafe(c) {
			b[i] = '_'
		}
	}
	return b
}

func isSafe(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

// SessionPrefix finds the session id in the first bytes of a payload and
// returns its first eight characters, or "". It does not parse: the id is a
// label for people who read the file, and the adapter reads the real one.
func SessionPrefix(payload []byte, key string) string {
	const reach = 1024
	p := string(payload[:min(len(payload), reach)])
	for i := 0; i+len(key)+2 < len(p); i++ {
		if p[i] != '"' || p[i+1:i+1+len(key)] != key || p[i+1+len(key)] != '"' {
			continue
		}
		return prefixOf(p[i+len(key)+2:])
	}
	return ""
}

// prefixOf reads `: "abcdefgh…`.
func prefixOf(p string) string {
	i := 0
	for i < len(p) && (p[i] == ' ' || p[i] == ':') {
		i++
	}
	if i == len(p) || p[i] != '"' {
		return ""
	}
	p = p[i+1:]
	n := 0
	for n < len(p) && n < 8 && isSafe(p[n]) && p[n] != '_' && p[n] != '.' {
		n++
	}
	return p[:n]
}
