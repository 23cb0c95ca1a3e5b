package sigma

import (
	"fmt"
	"math"
)

// An automaton finds every occurrence of a set of literals in one pass
// (Aho-Corasick, with all transitions in a table). It ignores case.
//
// States are rows of the table; a state's number is where its row begins.
// Bytes that no literal holds share class 0.
type automaton struct {
	class [256]uint8
	width uint32   // classes, and so the length of a row
	next  []uint32 // state+class -> state, with hitFlag when a literal ends there
	found []int32  // row -> the longest literal that ends there, or -1
	link  []int32  // row -> the row of the next shorter one, or -1
}

// hitFlag marks a transition into a state in which a literal ends.
const hitFlag = 1 << 31

// maxTable bounds the tables of all automata of a set, in entries of 4 bytes.
const maxTable = 64 << 20

var errTable = fmt.Errorf("the texts the rules look for need more than %d MiB of tables: load fewer rules, or shorten what they look for", maxTable*4>>20)

// newAutomaton builds the automaton of literals, which are in lower case, not
// empty and different from each other. It takes at most budget table entries.
func newAutomaton(literals []string, budget int) (*automaton, error) {
	a := &automaton{width: 1}
	for _, lit := range literals {
		for _, c := range []byte(lit) {
			if a.class[c] == 0 {
				a.class[c] = uint8(a.width)
				a.width++
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[lower[c]]
	}
	if err := a.insert(literals, min(budget, math.MaxInt32)); err != nil {
		return nil, err
	}
	a.complete()
	return a, nil
}

// insert makes the literals a trie: a transition to 0 is one not there yet.
func (a *automaton) insert(literals []string, budget int) error {
	a.addRow()
	for i, lit := range literals {
		state := uint32(0)
		for _, c := range []byte(lit) {
			at := state + uint32(a.class[c])
			if a.next[at] == 0 {
				if len(a.next)+int(a.width) > budget {
					return errTable
				}
				a.next[at] = a.addRow()
			}
			state = a.next[at]
		}
		a.found[state/a.width] = int32(i)
	}
	return nil
}

func (a *automaton) addRow() uint32 {
	state := uint32(len(a.next))
	a.next = append(a.next, make([]uint32, a.width)...)
	a.found = append(a.found, -1)
	a.link = append(a.link, -1)
	return state
}

// complete fills in, breadth first, where each state goes when the trie ends:
// to where the longest suffix that is still in the trie goes.
func (a *automaton) complete() {
	fail := make([]uint32, len(a.found))
	queue := make([]uint32, 0, len(a.found))
	for c := range a.width {
		if s := a.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for i := 0; i < len(queue); i++ {
		state := queue[i]
		back := fail[state/a.width]
		a.link[state/a.width] = a.ending(back)
		for c := range a.width {
			next := a.next[state+c]
			if next == 0 {
				a.next[state+c] = a.next[back+c]
				continue
			}
			fail[next/a.width] = a.next[back+c]
			queue = append(queue, next)
		}
	}
	for i, next := range a.next {
		if a.ending(next) >= 0 {
			a.next[i] |= hitFlag
		}
	}
}

// ending returns the row to start from to learn which literals end in state.
func (a *automaton) ending(state uint32) int32 {
	row := int32(state / a.width)
	if a.found[row] >= 0 {
		return row
	}
	return a.link[row]
}
