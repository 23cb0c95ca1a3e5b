package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
)

// bufSize is how much of a segment is held in memory. A longer line is read
// twice: its length comes before it in the hash.
const bufSize = 256 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sums are the hashes of a range. Its bytes are split at line feeds; every piece
// that is not empty is a line, the last one too when no line feed ends it.
type sums struct {
	chain Hash
	n     uint64
	raw   hash.Hash // of the bytes
	tee   hash.Hash // sees the same bytes; may be nil
	lines *[]uint32 // takes the lines' checksums; may be nil
	line  hash.Hash
	buf   []byte
}

func newSums() *sums {
	return &sums{line: sha256.New(), buf: make([]byte, bufSize)}
}

// reset begins a range after chain.
func (s *sums) reset(chain Hash) {
	s.chain, s.n, s.raw, s.lines = chain, 0, sha256.New(), nil
}

// bytes is the hash of all bytes read.
func (s *sums) bytes() Hash { return Hash(s.raw.Sum(nil)) }

// read takes the bytes from to to of r. The error is io.ErrUnexpectedEOF when
// there are fewer.
func (s *sums) read(r io.ReadSeeker, from, to int64) error {
	if _, err := r.Seek(from, io.SeekStart); err != nil {
		return err
	}
	held := 0 // bytes of an unfinished line at the beginning of buf
	for from < to {
		n, err := io.ReadFull(r, s.buf[held:held+int(min(to-from, int64(len(s.buf)-held)))])
		s.see(s.buf[held : held+n])
		from += int64(n)
		if err != nil {
			return short(err)
		}
		rest := s.take(s.buf[:held+n])
		held = copy(s.buf, rest)
		if held == len(s.buf) {
			if from, err = s.long(r, from, to); err != nil {
				return err
			}
			held = 0
		}
	}
	s.add(s.buf[:held])
	return nil
}

func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *sums) see(b []byte) {
	s.raw.Write(b)
	if s.tee != nil {
		s.tee.Write(b)
	}
}

// take adds the lines of b that end, and returns the rest.
func (s *sums) take(b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return b
		}
		s.add(b[:i])
		b = b[i+1:]
	}
}

// add takes one line.
func (s *sums) add(line []byte) {
	if len(line) == 0 {
		return
	}
	s.begin(int64(len(line)))
	s.line.Write(line)
	s.end(crc32.Checksum(line, castagnoli))
}

func (s *sums) begin(length int64) {
	var head [1 + sha256.Size + 8]byte
	head[0] = 1
	copy(head[1:], s.chain[:])
	binary.BigEndian.PutUint64(head[1+sha256.Size:], uint64(length))
	s.line.Reset()
	s.line.Write(head[:])
}

func (s *sums) end(crc uint32) {
	s.line.Sum(s.chain[:0])
	s.n++
	if s.lines != nil {
		*s.lines = append(*s.lines, crc)
	}
}

// long takes a line that fills the buffer, and returns where it ended. r stands
// at from.
func (s *sums) long(r io.ReadSeeker, from, to int64) (int64, error) {
	start := from - int64(len(s.buf))
	crc := crc32.Checksum(s.buf, castagnoli)
	for ended := false; from < to && !ended; {
		n, err := io.ReadFull(r, s.buf[:min(to-from, int64(len(s.buf)))])
		piece := s.buf[:n]
		if i := bytes.IndexByte(piece, '\n'); i >= 0 {
			piece, ended = piece[:i+1], true
		}
		s.see(piece)
		from += int64(len(piece))
		crc = crc32.Update(crc, castagnoli, bytes.TrimSuffix(piece, []byte("\n")))
		if err != nil && !ended {
			return from, short(err)
		}
		if ended {
			from-- // the line feed is not the line's
		}
	}
	if _, err := r.Seek(start, io.SeekStart); err != nil {
		return from, err
	}
	s.begin(from - start)
	if _, err := io.CopyBuffer(s.line, io.LimitReader(r, from-start), s.buf); err != nil {
		return from, err
	}
	s.end(crc)
	return s.skipFeed(r, from, to)
}

// skipFeed moves behind the line feed that long has seen already.
func (s *sums) skipFeed(r io.ReadSeeker, from, to int64) (int64, error) {
	if from < to {
		from++
	}
	_, err := r.Seek(from, io.SeekStart)
	return from, err
}
