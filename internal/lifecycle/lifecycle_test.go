package lifecycle

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

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
