package keeper_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gander/internal/journal"
	"gander/internal/keeper"
)

func TestWriterThatHoldsASegmentOpenIsNamedAndLosesNothing(t *testing.T) {
	y := newYard(t, nil)
	y.write(1, 100)
	f, err := os.OpenFile(journal.LivePath(y.dir), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper.Ask(y.dir, keeper.Rotate); err != nil {
		t.Fatal(err)
	}
	y.waitFor("the fault", func() bool {
		y.mu.Lock()
		defer y.mu.Unlock()
		return len(y.faults) > 0
	})
	y.wantFaults("segment-held-open")
	if !strings.Contains(y.faults[0], fmt.Sprint(os.Getpid())) {
		t.Errorf("%q does not name process %d", y.faults[0], os.Getpid())
	}
	y.write(2, 100)
	if _, err := f.WriteString("\nlate\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	y.stop()
	y.start() // finishes what was left
	y.waitFor("the held segment to be closed", func() bool { return y.segments()[0].Closed() })
	y.stop()
	if rep := y.verify(); !rep.OK || rep.Records != 3 {
		t.Errorf("%+v", rep)
	}
}
