package seal

import "slices"

// A hunk is a stretch of lines that are not as they were: the lines from was to
// wasEnd are gone, those from is to isEnd stand in their place.
type hunk struct{ was, wasEnd, is, isEnd int }

const (
	maxHunks = 100 // after these, the rest is one hunk
	window   = 3   // lines that must agree before two places are taken to be the same
	maxTries = 16  // places with the same first line that are looked at
)

// diff compares two lists of checksums. When open is true, more may follow
// what was. It takes time in proportion to the lists, whatever they hold, and
// does not look for the shortest answer.
func diff(was, is []uint32, open bool) []hunk {
	var hunks []hunk
	var where map[uint32][]int
	e, a := 0, 0
	for e < len(was) {
		if a < len(is) && was[e] == is[a] {
			e, a = e+1, a+1
			continue
		}
		if where == nil {
			where = places(is, a)
		}
		h := rest(was, is, e, a, open)
		if len(hunks) < maxHunks {
			h = resync(was, is, where, h)
		}
		hunks = append(hunks, h)
		e, a = h.wasEnd, h.isEnd
	}
	if a < len(is) && !open {
		hunks = append(hunks, hunk{e, e, a, len(is)})
	}
	return hunks
}

// places tells where each checksum stands, from a on.
func places(is []uint32, a int) map[uint32][]int {
	m := make(map[uint32][]int, len(is)-a)
	for i, c := range is[a:] {
		m[c] = append(m[c], a+i)
	}
	return m
}

// rest is the hunk of everything that is left.
func rest(was, is []uint32, e, a int, open bool) hunk {
	end := len(is)
	if open {
		end = min(end, a+len(was)-e)
	}
	return hunk{e, len(was), a, end}
}

// resync ends the hunk all where the lists agree again.
func resync(was, is []uint32, where map[uint32][]int, all hunk) hunk {
	for e := all.was; e < len(was); e++ {
		ps := where[was[e]]
		i, _ := slices.BinarySearch(ps, all.is)
		for _, a := range ps[i:min(len(ps), i+maxTries)] {
			if agree(was[e:], is[a:]) {
				return hunk{all.was, e, all.is, a}
			}
		}
	}
	return all
}

func agree(was, is []uint32) bool {
	n := min(window, len(was))
	return len(is) >= n && slices.Equal(was[:n], is[:n])
}

// moved tells which lines are gone in one place and stand in another.
type moved struct{ gone, new map[uint32]bool }

func newMoved(hunks []hunk, was, is []uint32) moved {
	m := moved{map[uint32]bool{}, map[uint32]bool{}}
	for _, h := range hunks {
		for _, c := range was[h.was:h.wasEnd] {
			m.gone[c] = true
		}
		for _, c := range is[h.is:h.isEnd] {
			m.new[c] = true
		}
	}
	return m
}

// has reports whether all lines of h are such.
func (m moved) has(h hunk, was, is []uint32) bool {
	for _, c := range was[h.was:h.wasEnd] {
		if !m.new[c] {
			return false
		}
	}
	for _, c := range is[h.is:h.isEnd] {
		if !m.gone[c] {
			return false
		}
	}
	return true
}
