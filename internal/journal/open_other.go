//go:build !unix

package journal

const openNonblock = 0
