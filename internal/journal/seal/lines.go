package seal

import (
	"bytes"
	"hash/crc32"
	"io"
)

// eachLine calls f for every line that is not empty in the bytes from to to of
// r, with its number from 0, where it begins and ends, and its CRC-32C, until
// f returns false. It holds no line in memory.
func eachLine(r io.ReadSeeker, from, to int64, f func(n int, offset, end int64, crc uint32) bool) error {
	if _, err := r.Seek(from, io.SeekStart); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	n, start, crc := 0, from, uint32(0)
	for at := from; at < to; {
		k, err := io.ReadFull(r, buf[:min(int64(len(buf)), to-at)])
		for b := buf[:k]; len(b) > 0; {
			i := bytes.IndexByte(b, '\n')
			if i < 0 {
				crc, at = crc32.Update(crc, castagnoli, b), at+int64(len(b))
				break
			}
			crc = crc32.Update(crc, castagnoli, b[:i])
			at += int64(i)
			if at > start {
				if !f(n, start, at, crc) {
					return nil
				}
				n++
			}
			at++
			b, start, crc = b[i+1:], at, 0
		}
		if err != nil {
			return short(err)
		}
	}
	if start < to {
		f(n, start, to, crc)
	}
	return nil
}
