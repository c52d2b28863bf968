package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// diary records what happens to all parts of one test, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) check(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("diary:\n  %s\nwant:\n  %s", strings.Join(d.lines, "\n  "), strings.Join(want, "\n  "))
	}
}

// part is a scripted component. The zero value is ready at once, runs until it is cancelled and then ends at once.
type part struct {
	name      string
	diary     *diary
	readyIn   time.Duration // time until it calls ready; negative means never
	failIn    time.Duration // when not 0, Run returns err after this long
	err       error
	stopIn    time.Duration // time from cancel to the return of Run
	deaf      chan struct{} // when not nil, Run ignores its context until this is closed
	stopError error         // returned after cancel; nil means the context's error
}

func (p *part) Run(ctx context.Context, ready func()) error {
	var fail <-chan time.Time
	if p.failIn != 0 {
		fail = time.After(p.failIn)
	}
	if p.readyIn >= 0 {
		time.Sleep(p.readyIn)
		p.diary.add("%s ready", p.name)
		ready()
		ready() // a second call does no harm
	}
	if p.deaf != nil {
		<-p.deaf
	}
	select {
	case <-fail:
		return p.err
	case <-ctx.Done():
	}
	time.Sleep(p.stopIn)
	p.diary.add("%s stopped", p.name)
	if p.stopError != nil {
		return p.stopError
	}
	return ctx.Err()
}

// worker is a part that can finish its work.
type worker struct {
	part
	work  time.Duration // how long Drain needs; a deaf part does not listen there either
	cause error         // returned by Drain when it is done
}

func (w *worker) Drain(ctx context.Context) error {
	if w.deaf != nil {
		<-w.deaf
	}
	select {
	case <-time.After(w.work):
		w.diary.add("%s drained", w.name)
		return w.cause
	case <-ctx.Done():
		w.diary.add("%s drain cut", w.name)
		return ctx.Err()
	}
}

// started is a group that runs in a bubble.
type started struct {
	*Group
	cancel context.CancelCauseFunc
	ready  chan struct{}
	result chan error
}

func start(t *testing.T, o Options, parts ...Component) *started {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &started{New(o), cancel, make(chan struct{}), make(chan error, 1)}
	for _, c := range parts {
		s.Add(nameOf(c), c)
	}
	go func() { s.result <- s.Run(ctx, func() { close(s.ready) }) }()
	return s
}

func nameOf(c Component) string {
	switch c := c.(type) {
	case *part:
		return c.name
	case *worker:
		return c.name
	}
	return "group"
}

// stop cancels the group and returns its error and how long it took.
func (s *started) stop(cause error) (error, time.Duration) {
	began := time.Now()
	s.cancel(cause)
	err := <-s.result
	return err, time.Since(began)
}

func TestGroupStartsEachMemberWhenThePreviousIsReadyAndStopsInReverse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		g := start(t, Options{},
			&part{name: "bus", diary: d, readyIn: 3 * time.Second},
			&part{name: "dea", diary: d},
			&part{name: "router", diary: d, readyIn: time.Second})
		began := time.Now()
		<-g.ready
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("ready after %s, want 4s: 3s for the bus, then 1s for the router", took)
		}
		if err, _ := g.stop(nil); err != nil {
			t.Errorf("error after an ordinary stop = %v, want nil", err)
		}
		d.check(t, "bus ready", "dea ready", "router ready", "router stopped", "dea stopped", "bus stopped")
	})
}

func TestGroupStopsTheOthersWhenOneFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, broken := &diary{}, errors.New("disk full")
		g := start(t, Options{},
			&part{name: "bus", diary: d},
			&part{name: "dea", diary: d, failIn: time.Minute, err: broken},
			&part{name: "router", diary: d})
		err := <-g.result
		if !errors.Is(err, broken) || err.Error() != "dea: disk full" {
			t.Errorf("error = %v, want dea: disk full", err)
		}
		d.check(t, "bus ready", "dea ready", "router ready", "router stopped", "bus stopped")
	})
}

func TestGroupDoesNotStartWhatComesAfterAFailure(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		second *part
		want   string
	}{
		"an error before ready":   {&part{readyIn: -1, failIn: time.Second, err: errors.New("port taken")}, "dea: port taken"},
		"no error but no ready":   {&part{readyIn: -1, failIn: time.Second}, "dea ended before it was ready"},
		"an earlier member fails": {&part{readyIn: -1}, "bus: signal lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &diary{}
				tt.second.name, tt.second.diary = "dea", d
				g := start(t, Options{},
					&part{name: "bus", diary: d, failIn: time.Minute, err: errors.New("signal lost")},
					tt.second,
					&part{name: "router", diary: d})
				err := <-g.result
				if err == nil || err.Error() != tt.want {
					t.Errorf("error = %v, want %s", err, tt.want)
				}
				if isClosed(g.ready) {
					t.Error("the group called ready though it never came up")
				}
				if slices.Contains(d.lines, "router ready") {
					t.Error("router was started after the failure")
				}
			})
		})
	}
}

func TestGroupCountsASilentEndAsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := start(t, Options{}, &part{name: "dea", diary: &diary{}, failIn: time.Minute})
		if err := <-g.result; err == nil || err.Error() != "dea ended by itself" {
			t.Errorf("error = %v, want dea ended by itself", err)
		}
	})
}

func TestGroupStoppedWhileStartingStopsWhatItStarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		g := start(t, Options{},
			&part{name: "bus", diary: d},
			&worker{part: part{name: "stager", diary: d, readyIn: -1}},
			&part{name: "router", diary: d})
		synctest.Wait()
		if err, _ := g.stop(nil); err != nil {
			t.Errorf("error = %v, want nil", err)
		}
		d.check(t, "bus ready", "stager stopped", "bus stopped") // not drained: it was never up
	})
}

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
		g := start(t, Options{},
			&part{name: "bus", diary: d},
			&worker{part: part{name: "stager", diary: d}, work: time.Hour})
		g.specs[0].grace.Reserve = 2 * time.Second // as a DEA asks for, to stop its apps
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

func TestGroupsNest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		inner := New(Options{})
		inner.Add("dea", &part{name: "dea", diary: d})
		inner.Add("router", &part{name: "router", diary: d})
		g := start(t, Options{}, &part{name: "bus", diary: d}, inner)
		<-g.ready
		if err, _ := g.stop(nil); err != nil {
			t.Errorf("error = %v, want nil", err)
		}
		d.check(t, "bus ready", "dea ready", "router ready", "router stopped", "dea stopped", "bus stopped")
	})
}

func TestMembersSeeTheCallersValuesAndTheCauseOfTheStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "v"))
		g := New(Options{})
		g.Add("probe", runFunc(func(ctx context.Context, ready func()) error {
			if ctx.Value(key{}) != "v" {
				t.Error("the member's context lost the caller's values")
			}
			ready()
			<-ctx.Done()
			return context.Cause(ctx)
		}))
		quit := errors.New("quit key")
		if err := g.Run(ctx, func() { cancel(quit) }); err != nil {
			t.Errorf("error = %v, want nil when a member returns the cause of the stop", err)
		}
	})
}

type runFunc func(ctx context.Context, ready func()) error

func (f runFunc) Run(ctx context.Context, ready func()) error { return f(ctx, ready) }
