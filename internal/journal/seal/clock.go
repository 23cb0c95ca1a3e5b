package seal

import "time"

// A Reading is what a machine's own clocks show.
type Reading struct {
	BootID string        // names one run of the machine; "" if unknown
	Boot   time.Duration // since the machine started
	Awake  time.Duration // the same without the time it was suspended
}
