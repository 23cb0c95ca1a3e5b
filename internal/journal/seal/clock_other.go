//go:build !linux && !darwin

package seal

func readClocks() Reading { return Reading{} }
