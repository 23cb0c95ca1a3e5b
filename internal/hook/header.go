package hook

import (
	"os"
	"time"

	"gander/internal/journal/record"
	"gander/internal/proc"
)

// header is what this process knows about itself. What cannot be found out
// stays zero: a record with a hole in its header beats no record.
func header(agent string) record.Header {
	parent := os.Getppid()
	host, _ := os.Hostname()
	start, _ := proc.StartTime(parent)
	return record.Header{
		Time:   time.Now().UTC(),
		Agent:  agent,
		Host:   host,
		UID:    os.Getuid(),
		PID:    os.Getpid(),
		Parent: parent,
		PStart: start,
	}
}
