package seal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
)

// Seals gives a journal's seals in the order in which they stand in seals.jsonl,
// and an error for every line that is none, such as a torn one. Signatures are
// not looked at: [Verify] does that.
func Seals(journal string) iter.Seq2[Seal, error] {
	return func(yield func(Seal, error) bool) {
		f, err := openRead(filepath.Join(journal, SealsFile))
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if err != nil {
			yield(Seal{}, fmt.Errorf("read seals: %w", err))
			return
		}
		defer f.Close()
		for r := newLineReader(f); ; {
			l, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var s Seal
			if err == nil {
				s, err = ParseSeal(l.text)
			}
			if !yield(s, err) || errors.Is(err, errRead) {
				return
			}
		}
	}
}

// errRead is a failure to read seals.jsonl, not of what it holds.
var errRead = errors.New("read seals")

// A line of seals.jsonl.
type line struct {
	text   []byte // without its line feed; cut when it is longer than any seal
	number int    // from 1, empty lines included
	offset int64
}

// A lineReader gives the lines of seals.jsonl that are not empty.
type lineReader struct {
	r      *bufio.Reader
	number int
	offset int64
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, maxSealLine+2)}
}

// next gives a copy of the next line. It returns io.EOF at the end.
func (r *lineReader) next() (line, error) {
	for {
		l := line{number: r.number + 1, offset: r.offset}
		b, err := r.r.ReadSlice('\n')
		r.number++
		r.offset += int64(len(b))
		l.text = bytes.Clone(bytes.TrimSuffix(b, []byte("\n")))
		for errors.Is(err, bufio.ErrBufferFull) {
			b, err = r.r.ReadSlice('\n')
			r.offset += int64(len(b))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return line{}, fmt.Errorf("%w: %w", errRead, err)
		}
		if len(l.text) > 0 {
			return l, nil
		}
		if err != nil {
			return line{}, io.EOF
		}
	}
}
