package sigma

import "hash/maphash"

// valuesOf is what the field of a correlation's condition holds in one event.
type valuesOf struct {
	seed    maphash.Seed
	hashes  []uint64
	numbers []float64
}

// read takes the values in. It reports false when the event has none that
// count, and so is not for the correlation.
func (v *valuesOf) read(c *correlation, e Event) bool {
	switch {
	case len(c.Fields) == 0:
		return true
	case len(c.Fields) > 1:
		v.hashes = append(v.hashes, groupKey(v.seed, e, c.Fields))
		return true
	}
	value, ok := e.Field(c.Fields[0])
	if !ok {
		return false
	}
	v.take(c, value.One)
	for i := 0; i < len(value.More) && i < maxFieldValues; i++ {
		v.take(c, value.More[i])
	}
	return len(v.hashes)+len(v.numbers) > 0
}

func (v *valuesOf) take(c *correlation, text string) {
	if !c.numeric() {
		v.hashes = append(v.hashes, maphash.String(v.seed, text))
	} else if n, ok := parseNumber(text); ok {
		v.numbers = append(v.numbers, n)
	}
}
