package shell

import (
	"slices"
	"sync"
)

// walkers keeps what one Split needs and the next can use again: the parser's
// buffers and the scratch slices.
var walkers = sync.Pool{New: func() any { return new(walker) }}

// Split reads a command line. It is safe to call from many goroutines.
func Split(line string) Result {
	w := walkers.Get().(*walker)
	if !w.try(line) {
		// A bug in the parser or here must not silence the line.
		w = new(walker)
		w.facts.add(Unparsable)
		w.start(line)
		w.crude(line, 0)
	}
	r := Result{Commands: append([]Command(nil), w.cmds...), Facts: w.facts.list()}
	if len(line)+w.spent <= maxPooled {
		w.reset()
		walkers.Put(w)
	}
	return r
}

// maxPooled is how much text a walker may have seen to be used again. Beyond
// it, the parser's last tree and the scratch space are not worth keeping.
const maxPooled = 16 << 10

// try walks the line and reports false when that panicked.
func (w *walker) try(line string) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	w.start(line)
	w.program(line, stdio{from: -1})
	return true
}

// order lists the facts as Result.Facts does.
var order = [...]Fact{
	Unparsable, TooDeep, TooLong, DynamicCommand,
	DecoderToShell, DownloadToShell, ObfuscatedQuotes, LayersTruncated,
}

// A factSet holds one bit for each Fact, by its place in order.
type factSet uint

func (s *factSet) add(f Fact) { *s |= 1 << slices.Index(order[:], f) }

func (s factSet) list() []Fact {
	var facts []Fact
	for i, f := range order {
		if s>>i&1 != 0 {
			facts = append(facts, f)
		}
	}
	return facts
}
