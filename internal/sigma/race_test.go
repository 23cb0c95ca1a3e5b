//go:build race

package sigma_test

// Under the race detector sync.Pool forgets at random, so package regexp allocates.
func init() { underRace = true }
