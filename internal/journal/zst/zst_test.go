package zst_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/klauspost/compress/zstd"

	"gander/internal/journal/zst"
)

// text is n bytes that compress well and differ from frame to frame.
func text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + i/zst.FrameSize + i%7)
	}
	return b
}

func noise(n int) []byte {
	b := make([]byte, n)
	src := rand.NewChaCha8([32]byte{1})
	_, _ = src.Read(b)
	return b
}

func compress(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zst.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(t testing.TB, file []byte) *zst.Reader {
	t.Helper()
	r, err := zst.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// readAll reads r to its end and puts zeros where it is damaged.
func readAll(t testing.TB, r *zst.Reader) (data []byte, damage []*zst.DamageError) {
	t.Helper()
	for {
		b, err := io.ReadAll(r)
		data = append(data, b...)
		var d *zst.DamageError
		if !errors.As(err, &d) {
			if err != nil {
				t.Fatal(err)
			}
			return data, damage
		}
		if d.From != int64(len(data)) || d.To < d.From || d.To > r.Size() || d.To == d.From && d.To != r.Size() {
			t.Fatalf("damage at %d: %v", len(data), d)
		}
		damage = append(damage, d)
		data = append(data, make([]byte, d.To-d.From)...)
	}
}

func TestWhatIsCompressedReadsTheSame(t *testing.T) {
	const f = zst.FrameSize
	for name, data := range map[string][]byte{
		"nothing": nil, "a byte": text(1), "255 bytes": text(255), "256 bytes": text(256),
		"a byte less than a frame": text(f - 1), "a frame": text(f), "a byte more": text(f + 1),
		"several frames": text(3*f + f/2), "noise": noise(2*f + 17),
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, compress(t, data))
			got, damage := readAll(t, r)
			if !bytes.Equal(got, data) || damage != nil || r.Size() != int64(len(data)) {
				t.Errorf("%d bytes, size %d, want %d; damage %v", len(got), r.Size(), len(data), damage)
			}
		})
	}
}

func TestAnyPlaceCanBeReached(t *testing.T) {
	data := noise(3*zst.FrameSize + 1000)
	r := open(t, compress(t, data))
	for range 200 {
		from := rand.IntN(len(data) + 1)
		n := rand.IntN(3 * zst.FrameSize)
		if _, err := r.Seek(int64(from), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.LimitReader(r, int64(n)))
		if err != nil || !bytes.Equal(got, data[from:min(from+n, len(data))]) {
			t.Fatalf("%d bytes from %d: %v", n, from, err)
		}
	}
	if at, err := r.Seek(-10, io.SeekEnd); err != nil || at != int64(len(data)-10) {
		t.Errorf("ten before the end is %d, %v", at, err)
	}
	if at, err := r.Seek(4, io.SeekCurrent); err != nil || at != int64(len(data)-6) {
		t.Errorf("four on is %d, %v", at, err)
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("before the beginning is a place")
	}
}

func TestZstdReadsACompressedSegment(t *testing.T) {
	data := text(2*zst.FrameSize + 5)
	cmd := exec.Command("zstd", "-dcq")
	if cmd.Err != nil {
		t.Skip("zstd is not installed")
	}
	cmd.Stdin = bytes.NewReader(compress(t, data))
	got, err := cmd.Output()
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("zstd gives %d bytes of %d: %v", len(got), len(data), err)
	}
}

// Whatever byte is changed, no wrong byte is given: what cannot be read is
// damage, at most one frame of it, and the rest reads as before. A damaged table
// is said at the end.
func TestAChangedByteCostsAtMostItsFrame(t *testing.T) {
	const tableLen = 8 + 2*8 + 9
	data := text(zst.FrameSize + 1000)
	file := compress(t, data)
	for i := range file {
		for _, x := range []byte{1, 0x80, 0xff} {
			changed := bytes.Clone(file)
			changed[i] ^= x
			r, err := zst.NewReader(bytes.NewReader(changed), int64(len(changed)))
			if err != nil {
				t.Fatalf("byte %d: %v", i, err)
			}
			got, damage := readAll(t, r)
			if len(damage) > 1 || len(got) != len(data) && i < len(file)-tableLen {
				t.Fatalf("byte %d: %d bytes, damage %v", i, len(got), damage)
			}
			want := make([]byte, len(got)) // the table may call the last frame larger
			copy(want, data)
			for _, d := range damage {
				clear(want[d.From:d.To])
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("byte %d: wrong bytes, damage %v", i, damage)
			}
		}
	}
}

func TestAFileCutShortGivesWhatItHolds(t *testing.T) {
	data := text(zst.FrameSize + 1000)
	file := compress(t, data)
	whole := 0
	for cut := len(file) - 1; cut > 0; cut-- {
		r, err := zst.NewReader(bytes.NewReader(file[:cut]), int64(cut))
		if errors.Is(err, zst.ErrFormat) && cut < 20 {
			continue // not even a header
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		got, damage := readAll(t, r)
		if len(damage) == 0 {
			t.Fatalf("cut at %d: it is read without complaint", cut)
		}
		got = got[:damage[0].From]
		if !bytes.HasPrefix(data, got) {
			t.Fatalf("cut at %d: wrong bytes", cut)
		}
		if len(got) == len(data) {
			whole++
		}
	}
	if whole == 0 {
		t.Error("without its table the file is never read whole")
	}
}

// frameOf is a zstd frame that may hold more than it should.
func frameOf(t testing.TB, b []byte, o ...zstd.EOption) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil, o...)
	if err != nil {
		t.Fatal(err)
	}
	return enc.EncodeAll(b, nil)
}

// table is a table of frames: compressed size, size.
func table(frames ...[2]int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x184D2A5E)
	b = binary.LittleEndian.AppendUint32(b, uint32(8*len(frames)+9))
	for _, f := range frames {
		b = binary.LittleEndian.AppendUint32(b, uint32(f[0]))
		b = binary.LittleEndian.AppendUint32(b, uint32(f[1]))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(frames)))
	return append(b, 0, 0xb1, 0xea, 0x92, 0x8f)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestBombsAndForeignFilesAreRefused(t *testing.T) {
	big := frameOf(t, make([]byte, 64<<20))
	noSize := func() []byte {
		var b bytes.Buffer
		w, _ := zstd.NewWriter(&b)
		_, _ = w.Write(text(100))
		_ = w.Flush()
		_, _ = w.Write(text(100))
		_ = w.Close()
		return b.Bytes()
	}()
	good := frameOf(t, text(100), zstd.WithSingleSegment(true))
	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"no bytes", nil},
		{"text", []byte("{\"v\":1}\n")},
		{"a frame of 64 MiB", big},
		{"a frame of 64 MiB, which the table calls small", join(big, table([2]int{len(big), 100}))},
		{"a frame that does not say its size", noSize},
		{"a frame without a checksum", frameOf(t, text(100), zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false))},
		{"a good frame that the table calls larger", join(good, table([2]int{len(good), 1000}))},
		{"two frames in one entry", join(good, good, table([2]int{2 * len(good), 200}))},
		{"a frame in the table that is none", join(make([]byte, 100), table([2]int{100, 100}))},
		{"a million empty frames", bytes.Repeat([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, 1<<20)},
		{"a million magic numbers", bytes.Repeat([]byte{0x28, 0xb5, 0x2f, 0xfd}, 1<<20)},
		{"a good frame and a million magic numbers", join(good, bytes.Repeat([]byte{0x28, 0xb5, 0x2f, 0xfd}, 1<<20))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := zst.NewReader(bytes.NewReader(tt.file), int64(len(tt.file)))
			if err != nil {
				if !errors.Is(err, zst.ErrFormat) {
					t.Error(err)
				}
				return
			}
			if _, damage := readAll(t, r); len(damage) == 0 {
				t.Error("it is read without complaint")
			}
		})
	}
}

func TestFramesOfAnySizeAreFound(t *testing.T) {
	a, b := text(100), noise(5000)
	fa, fb := frameOf(t, a, zstd.WithSingleSegment(true)), frameOf(t, b, zstd.WithSingleSegment(true))
	for name, file := range map[string][]byte{
		"with a table":              join(fa, fb, table([2]int{len(fa), 100}, [2]int{len(fb), 5000})),
		"without one":               join(fa, fb),
		"two files one after other": join(fa, table([2]int{len(fa), 100}), fb, table([2]int{len(fb), 5000})),
	} {
		got, damage := readAll(t, open(t, file))
		if !bytes.Equal(got, join(a, b)) || (name == "with a table") != (damage == nil) {
			t.Errorf("%s: %d bytes, damage %v", name, len(got), damage)
		}
	}
}

func TestAWriterTellsOfItsFailure(t *testing.T) {
	failed := errors.New("disk full")
	w := zst.NewWriter(writerFunc(func([]byte) (int, error) { return 0, failed }))
	_, err := w.Write(text(2 * zst.FrameSize))
	if !errors.Is(err, failed) || !errors.Is(w.Close(), failed) {
		t.Errorf("got %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func FuzzReader(f *testing.F) {
	file := compress(f, text(2*zst.FrameSize+100))
	f.Add(file, int64(5))
	f.Add(file[:len(file)-20], int64(zst.FrameSize))
	f.Add(join(frameOf(f, text(100), zstd.WithSingleSegment(true)), []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0}), int64(0))
	f.Add(frameOf(f, make([]byte, 8<<20)), int64(1))
	f.Add(table(), int64(0))
	f.Fuzz(func(t *testing.T, file []byte, at int64) {
		r, err := zst.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		if r.Size() > 16*zst.FrameSize {
			return // many empty frames: time, not memory
		}
		data, _ := readAll(t, r)
		if int64(len(data)) != r.Size() {
			t.Fatalf("%d bytes of %d", len(data), r.Size())
		}
		at = max(0, min(at, r.Size()))
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		rest, _ := readFrom(r, at)
		if !bytes.Equal(rest, data[at:]) {
			t.Fatalf("from %d it reads differently", at)
		}
	})
}

// readFrom reads r from byte at on, and puts zeros where it is damaged.
func readFrom(r *zst.Reader, at int64) (data []byte, err error) {
	for {
		b, err := io.ReadAll(r)
		data = append(data, b...)
		var d *zst.DamageError
		if !errors.As(err, &d) {
			return data, err
		}
		if d.From != at+int64(len(data)) {
			return data, fmt.Errorf("damage at %d: %w", at+int64(len(data)), d)
		}
		data = append(data, make([]byte, d.To-d.From)...)
	}
}
