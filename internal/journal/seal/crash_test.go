package seal_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gander/internal/journal"
	"gander/internal/journal/seal"
)

// An op is one step that was done to files. The paths are relative.
type op struct {
	kind  string // create, append, sync, syncDir, rename, wipe, remove, ack
	path  string
	to    string // rename
	data  []byte
	k     uint64 // ack: this seal was returned to the caller
	lines uint64 // ack: and so many lines were sealed then
}

// A recorder is a disk that does what it is told, but for the syncs, and
// remembers it.
type recorder struct {
	seal.Disk
	t    testing.TB
	root string
	ops  []op
	mute bool // remembers nothing
}

func (r *recorder) log(kind, path, to string, data []byte) {
	r.t.Helper()
	if r.mute {
		return
	}
	o := op{kind: kind, path: r.rel(path), data: bytes.Clone(data)}
	if to != "" {
		o.to = r.rel(to)
	}
	r.ops = append(r.ops, o)
}

func (r *recorder) rel(path string) string {
	rel, err := filepath.Rel(r.root, path)
	if err != nil {
		r.t.Fatal(err)
	}
	return rel
}

func (r *recorder) Create(path string, b []byte) error {
	r.log("create", path, "", b)
	return r.Disk.Create(path, b)
}

func (r *recorder) Append(path string, b []byte) error {
	r.log("append", path, "", b)
	return r.Disk.Append(path, b)
}

func (r *recorder) Sync(path string) error {
	r.log("sync", path, "", nil)
	return nil
}

func (r *recorder) SyncDir(path string) error {
	r.log("syncDir", path, "", nil)
	return nil
}

func (r *recorder) Rename(old, new string) (func(), error) {
	r.log("rename", old, new, nil)
	if err := os.Rename(old, new); err != nil {
		return nil, err
	}
	return func() { r.log("wipe", new, "", nil) }, nil
}

func (r *recorder) Remove(path string) error {
	if _, err := os.Lstat(path); err == nil {
		r.log("remove", path, "", nil)
	}
	return r.Disk.Remove(path)
}

// A model is what a file system holds, and what of it survives a loss of power.
type model struct {
	names map[string]*inode // now
	safe  map[string]*inode // after a loss of power
	gone  map[string]*inode // by name, what a rename put away last
}

type inode struct{ now, safe []byte }

// replay gives the model after n ops and part of the next one.
func replay(ops []op, n, part int) *model {
	m := &model{map[string]*inode{}, map[string]*inode{}, map[string]*inode{}}
	for _, o := range ops[:n] {
		m.do(o, len(o.data))
	}
	if part > 0 {
		m.do(ops[n], part)
	}
	return m
}

// do does an op with the first n bytes of its data.
func (m *model) do(o op, n int) {
	f := m.names[o.path]
	switch o.kind {
	case "create":
		m.names[o.path] = &inode{now: o.data[:n]}
	case "append":
		if f == nil {
			f = &inode{}
			m.names[o.path] = f
		}
		f.now = append(bytes.Clone(f.now), o.data[:n]...)
	case "sync":
		if f != nil {
			f.safe = f.now
		}
	case "syncDir":
		in := func(name string, _ *inode) bool { return filepath.Dir(name) == o.path }
		maps.DeleteFunc(m.safe, in)
		for name, f := range m.names {
			if in(name, f) {
				m.safe[name] = f
			}
		}
	case "rename":
		m.gone[o.to], m.names[o.to] = m.names[o.to], f
		delete(m.names, o.path)
	case "wipe":
		if f := m.gone[o.path]; f != nil {
			f.now = make([]byte, len(f.now))
			f.safe = f.now
		}
	case "remove":
		delete(m.names, o.path)
	}
}

// Ways in which a loss of power treats bytes that were not synced.
var losses = map[string]func(*inode) []byte{
	"lost":      func(f *inode) []byte { return f.safe },
	"kept":      func(f *inode) []byte { return f.now },
	"half kept": func(f *inode) []byte { return f.now[:unsynced(f)+(len(f.now)-unsynced(f))/2] },
	"read as zeros": func(f *inode) []byte {
		return append(bytes.Clone(f.now[:unsynced(f)]), make([]byte, len(f.now)-unsynced(f))...)
	},
	"half zeros": func(f *inode) []byte {
		b := bytes.Clone(f.now)
		clear(b[unsynced(f) : unsynced(f)+(len(b)-unsynced(f))/2])
		return b
	},
}

// unsynced is where the bytes begin that were not synced.
func unsynced(f *inode) int { return min(len(f.safe), len(f.now)) }

// lay writes files below root.
func lay(t testing.TB, root string, names map[string]*inode, loss func(*inode) []byte) {
	t.Helper()
	for name, f := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, loss(f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// history is what a sealer and the writers beside it do on some day.
func history(t *testing.T) (*lab, *recorder) {
	l := newLab(t)
	r := &recorder{Disk: seal.RealDisk, t: t, root: filepath.Dir(l.key)}
	l.disk = r
	lines := uint64(0)
	add := func(n int, more string) {
		for range n {
			l.n++
			b := frame(l.n, 10*l.n)
			r.log("append", journal.LivePath(l.dir), "", b)
			l.write(b)
		}
		if more != "" {
			r.log("append", journal.LivePath(l.dir), "", []byte(more))
			l.write([]byte(more))
		}
	}
	ack := func(s seal.Seal) {
		lines += s.N
		r.ops = append(r.ops, op{kind: "ack", k: s.K, lines: lines})
	}
	rotate := func() {
		r.log("rename", journal.LivePath(l.dir), journal.ClosedPath(l.dir, 1), nil)
		ack(l.rotate())
	}
	l.open()
	ack(l.seal(seal.Start))
	add(2, "")
	ack(l.seal(seal.Interval))
	add(1, "\n{\"v\":1,\"to")
	rotate()
	add(2, "")
	ack(l.seal(seal.Interval))
	ack(l.seal(seal.Idle))
	l.open() // as after a crash
	add(1, "")
	ack(l.seal(seal.Stop))
	return l, r
}

// survive checks what a crash has left below root, starts the sealer again as
// the watcher does, and checks the outcome.
func survive(t *testing.T, at string, l *lab, root string, acked op) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(at)
		}
	}()
	c := newLab(t)
	c.now, c.boot, c.awake = l.now, l.boot, l.awake
	c.dir, c.key = filepath.Join(root, "journal"), filepath.Join(root, "seal.key")
	c.disk = &recorder{Disk: seal.RealDisk, t: t, root: root}
	c.check(os.MkdirAll(c.dir, 0o700))
	o := c.verifyOptions()
	if rep := verify(t, o); rep.Tampering || rep.Records < acked.lines {
		t.Fatalf("after the crash %d of %d records:%s", rep.Records, acked.lines, lines(rep))
	}
	c.open()
	segs, err := journal.Segments(c.dir)
	c.check(err)
	for _, seg := range segs {
		if !seg.Live && seg.Number >= c.s.State().Segment {
			_, err := c.s.SealFinal(seg, seal.Counters{})
			c.check(err)
		}
	}
	_, err = c.s.Seal(seal.Start, seal.Counters{})
	c.check(err)
	rep := verify(t, o)
	if !rep.OK || rep.Records < acked.lines || rep.LastK <= acked.k || len(c.s.Warnings()) > 0 {
		t.Fatalf("started again: %d of %d records, seal %d after %d:%s", rep.Records, acked.lines, rep.LastK, acked.k, lines(rep))
	}
}

// lastAck is what was promised before op n.
func lastAck(ops []op, n int) (a op) {
	for _, o := range ops[:n] {
		if o.kind == "ack" {
			a = o
		}
	}
	return a
}

// The sealer is killed between any two steps, and within any write.
func TestASealerKilledAtAnyMomentGoesOn(t *testing.T) {
	l, r := history(t)
	stride := 97 // prime: every kind of place is met
	if os.Getenv("GANDER_EVERY_BYTE") != "" {
		stride = 1
	}
	states := 0
	for n := range r.ops {
		for part := 0; part <= max(0, len(r.ops[n].data)-1); part += stride {
			root := filepath.Join(t.TempDir(), "r")
			m := replay(r.ops, n, part)
			lay(t, root, m.names, losses["kept"])
			at := fmt.Sprintf("killed after step %d and %d bytes of %s %s", n, part, r.ops[n].kind, r.ops[n].path)
			survive(t, at, l, root, lastAck(r.ops, n))
			os.RemoveAll(root)
			states++
		}
	}
	t.Logf("%d steps, %d states", len(r.ops), states)
}

// The power fails between any two steps, and within some writes; the file
// system has written what was synced, and of the rest what it liked.
func TestALossOfPowerIsNoTampering(t *testing.T) {
	l, r := history(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	states := 0
	for n := range r.ops {
		part := 0
		if len(r.ops[n].data) > 1 {
			part = rnd.IntN(len(r.ops[n].data))
		}
		for how, loss := range losses {
			for _, named := range []bool{true, false} {
				m := replay(r.ops, n, part)
				names := m.names
				if !named {
					names = m.safe
				}
				root := filepath.Join(t.TempDir(), "r")
				lay(t, root, names, loss)
				at := fmt.Sprintf("after step %d (%s %s): bytes %s, names kept %t", n, r.ops[n].kind, r.ops[n].path, how, named)
				survive(t, at, l, root, lastAck(r.ops, n))
				os.RemoveAll(root)
				states++
			}
		}
	}
	t.Logf("%d steps, %d states", len(r.ops), states)
}
