// Package readback reads statements back from where anchors put them, to hold
// them against the journal.
//
// It reads the file of a file anchor, a git working tree, a directory of RFC
// 3161 tokens, the text a syslog daemon wrote, and logs of JSON lines such as
// `journalctl -o json --all` prints. It need not be told which: every statement
// says itself that it is one.
//
// Logs are open to many writers, also to the one who is watched, so what is
// found is a claim: the hash binds the seal that came with it, and the seal's
// own signature, which the caller checks, says who made it. Whatever else stands
// in the input is skipped. Input of any size is read in bounded memory.
package readback

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gander/internal/anchor"
)

const (
	maxDepth = 8       // of directories: <journal>/2026/11/22/14.jsonl and some
	maxLog   = 1 << 18 // bytes of a line; longer ones hold no statement
	maxNotes = 20
)

// A Found is a statement and where it was found.
type Found struct {
	anchor.Statement           // without Line where only the hash was kept
	Source           string    // file and line
	Seen             time.Time // when the anchor took it, by its own clock; zero where it does not say
	By               string    // who, by the anchor's own account: "uid 997", the name of an authority
}

// Options say how to read.
type Options struct {
	// Roots are the certificates a token must lead to. Without them a token is
	// taken at its word, and By says so.
	Roots *x509.CertPool
}

// A Report says what reading came upon.
type Report struct {
	Found   int
	Ignored int      // lines and files that are no statements
	Damaged int      // what began as a statement, or was named like a token, and is none
	Notes   []string // the first 20 of the damaged: where, and why
}

// A reader is one run over a file or a tree.
type reader struct {
	roots  *x509.CertPool
	yield  func(Found) bool
	report Report
	done   bool
}

// Read calls yield for every statement in the file or below the directory at
// path, in the order of file names and lines, until yield returns false. Links
// in a directory are not followed.
func Read(path string, o Options, yield func(Found) bool) (Report, error) {
	r := &reader{roots: o.Roots, yield: yield}
	st, err := os.Stat(path)
	if err != nil {
		return r.report, fmt.Errorf("read an anchor: %w", err)
	}
	if st.IsDir() {
		err = r.tree(path)
	} else {
		err = r.file(path)
	}
	if err != nil {
		return r.report, fmt.Errorf("read an anchor: %w", err)
	}
	return r.report, nil
}

// ReadLines does what [Read] does for the lines of one stream.
func ReadLines(in io.Reader, name string, yield func(Found) bool) (Report, error) {
	r := &reader{yield: yield}
	err := r.lines(in, name)
	return r.report, err
}

func (r *reader) tree(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case r.done:
			return fs.SkipAll
		case d.IsDir() && (d.Name() == ".git" || strings.Count(rel, string(filepath.Separator)) >= maxDepth):
			return fs.SkipDir
		case !d.Type().IsRegular():
		case filepath.Ext(path) == ".jsonl":
			return r.file(path)
		case filepath.Ext(path) == anchor.TokenExt:
			return r.token(path)
		case filepath.Ext(path) != anchor.SealExt: // read with its token
			r.report.Ignored++
		}
		return nil
	})
}

func (r *reader) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.lines(f, path)
}

func (r *reader) lines(in io.Reader, name string) error {
	br := bufio.NewReaderSize(in, maxLog)
	for n := 1; !r.done; n++ {
		line, err := br.ReadSlice('\n')
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = br.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", name, err)
		}
		switch {
		case tooLong:
			r.report.Ignored++
		case len(line) > 0:
			r.line(line, name, n)
		}
		if err != nil {
			return nil
		}
	}
	return nil
}

func (r *reader) found(f Found) {
	r.report.Found++
	r.done = !r.yield(f)
}

func (r *reader) damaged(source string, why error) {
	r.report.Damaged++
	if len(r.report.Notes) < maxNotes {
		r.report.Notes = append(r.report.Notes, fmt.Sprintf("%s: %v", source, why))
	}
}
