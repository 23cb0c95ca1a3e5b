//go:build !linux && !darwin

package proc

func look(int) (facts, error) { return facts{}, ErrUnsupported }
