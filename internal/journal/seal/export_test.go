package seal

// Disk is disk, for the tests.
type Disk = disk

// RealDisk is the file system.
var RealDisk Disk = realDisk{}

// WithDisk gives o another disk.
func WithDisk(o Options, d Disk) Options {
	o.disk = d
	return o
}

// MaxLines is maxLines.
const MaxLines = maxLines

// BufSize is bufSize.
const BufSize = bufSize

// DecodeKeyState reports whether b is a key state, and whether it is encoded as
// it was read.
func DecodeKeyState(b []byte) (ok, same bool) {
	s, err := decodeKeyState(b)
	if err != nil {
		return false, false
	}
	return true, string(s.encode()) == string(b)
}

// AppendGenesis gives the content of genesis.json.
func AppendGenesis(g Genesis) []byte { return append(g.appendTo(nil), '\n') }
