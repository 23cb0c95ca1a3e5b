package sigma

import "math"

// Age makes m believe it has seen nearly as many events as it can count.
func (m *Matcher) Age() { m.gen = math.MaxUint32 - 1 }

// BuildAutomaton tries to find literals with a table of at most budget entries.
func BuildAutomaton(literals []string, budget int) error {
	_, err := newAutomaton(literals, budget)
	return err
}
