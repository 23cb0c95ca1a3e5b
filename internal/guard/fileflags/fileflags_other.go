//go:build !linux && !darwin

package fileflags

import (
	"fmt"
	"runtime"
)

var errSystem = fmt.Errorf("%w on %s: protect the file with its access rights", ErrUnsupported, runtime.GOOS)

func set(string) error         { return errSystem }
func clearFlag(string) error   { return errSystem }
func get(string) (bool, error) { return false, errSystem }
