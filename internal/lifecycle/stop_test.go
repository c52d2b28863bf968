package lifecycle

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestStuckMemberIsNamedAndTheOthersStillStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, free := &diary{}, make(chan struct{})
		defer close(free)
		g := start(t, Options{},
			&part{name: "bus", diary: d},
			&part{name: "dea", diary: d, deaf: free},
			&part{name: "router", diary: d, stopError: errors.New("close: bad file")})
		<-g.ready
		err, took := g.stop(nil)
		if want := "router: close: bad file\ndea did not stop within 5s"; err == nil || err.Error() != want {
			t.Errorf("error = %v, want %q", err, want)
		}
		if took != 5*time.Second {
			t.Errorf("stop took %s, want 5s", took)
		}
		d.check(t, "bus ready", "dea ready", "router ready", "router stopped", "bus stopped")
	})
}

func TestStopKeepsItsBudgetWhoeverIsStuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, free := &diary{}, make(chan struct{})
		defer close(free)
		var parts []Component
		for i := range 7 {
			parts = append(parts, &worker{part: part{name: fmt.Sprint("part", i), diary: d, deaf: free}, work: time.Hour})
		}
		g := start(t, Options{}, parts...)
		<-g.ready
		err, took := g.stop(nil)
		if took > DefaultBudget {
			t.Errorf("stop took %s, more than the budget of %s", took, DefaultBudget)
		}
		for i := range 7 {
			if name := fmt.Sprintf("part%d did not stop", i); !strings.Contains(fmt.Sprint(err), name) {
				t.Errorf("error %q does not say that %s", err, name)
			}
		}
	})
}

func TestMemberIsDrainedBeforeItIsCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		g := start(t, Options{},
			&part{name: "bus", diary: d},
			&worker{part: part{name: "stager", diary: d}, work: 3 * time.Second})
		<-g.ready
		err, took := g.stop(nil)
		if err != nil || took != 3*time.Second {
			t.Errorf("stop: error = %v after %s, want nil after 3s", err, took)
		}
		d.check(t, "bus ready", "stager ready", "stager drained", "stager stopped", "bus stopped")
	})
}

func TestDrainIsCutAfterItsGraceAndLeavesTimeForTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		g := startWith(t, Options{}, Grace{Reserve: 2 * time.Second},
			&part{name: "bus", diary: d}, // as a DEA would, it asks for time to stop its apps
			&worker{part: part{name: "stager", diary: d}, work: time.Hour})
		<-g.ready
		err, took := g.stop(nil)
		if err != nil {
			t.Errorf("error = %v, want nil: a drain that ran out of time is logged, not a failure", err)
		}
		if want := DefaultBudget - 2*time.Second - DefaultReserve; took != want {
			t.Errorf("stop took %s, want %s: the budget less the reserves", took, want)
		}
		d.check(t, "bus ready", "stager ready", "stager drain cut", "stager stopped", "bus stopped")
	})
}

func TestPatientStopLetsAllWorkFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		g := start(t, Options{},
			&part{name: "bus", diary: d, stopIn: time.Second},
			&worker{part: part{name: "stager", diary: d}, work: 2 * time.Minute})
		<-g.ready
		err, took := g.stop(ErrPatientStop)
		if err != nil || took != 2*time.Minute+time.Second {
			t.Errorf("stop: error = %v after %s, want nil after 2m1s", err, took)
		}
		d.check(t, "bus ready", "stager ready", "stager drained", "stager stopped", "bus stopped")
	})
}

func TestOnlyAPatientStopDrainsWhoAsksForThat(t *testing.T) {
	t.Parallel()
	for cause, want := range map[error][]string{
		nil:            {"dea ready", "dea stopped"},
		ErrPatientStop: {"dea ready", "dea drained", "dea stopped"},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &diary{}
			g := startWith(t, Options{}, Grace{OnlyPatient: true}, &worker{part: part{name: "dea", diary: d}, work: time.Second})
			<-g.ready
			if err, _ := g.stop(cause); err != nil {
				t.Error(err)
			}
			d.check(t, want...)
		})
	}
}

func TestHurryEndsAPatientDrainAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		g := start(t, Options{}, &worker{part: part{name: "stager", diary: d}, work: time.Hour})
		<-g.ready
		time.AfterFunc(time.Second, func() { g.Hurry(); g.Hurry() })
		err, took := g.stop(ErrPatientStop)
		if err != nil || took != time.Second {
			t.Errorf("stop: error = %v after %s, want nil after 1s", err, took)
		}
		d.check(t, "stager ready", "stager drain cut", "stager stopped")
	})
}

func TestFailedDrainIsReportedAndTheMemberStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		g := start(t, Options{}, &worker{part: part{name: "dea", diary: d}, work: time.Second, cause: errors.New("no route")})
		<-g.ready
		if err, _ := g.stop(nil); err == nil || err.Error() != "drain dea: no route" {
			t.Errorf("error = %v, want drain dea: no route", err)
		}
		d.check(t, "dea ready", "dea drained", "dea stopped")
	})
}
