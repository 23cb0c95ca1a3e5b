package proc

// ParseStat is parseStat, for the tests.
func ParseStat(stat []byte) (start uint64, name string, dead bool, err error) {
	f, err := parseStat(stat)
	return f.start, f.name, f.dead, err
}
