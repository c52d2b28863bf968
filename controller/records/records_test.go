package records

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
)

// newKeeper is a bus that keeps records.
func newKeeper(tb testing.TB) *bus.Server {
	tb.Helper()
	return bustest.Start(tb, bus.ServerConfig{NoListen: true, Records: tb.TempDir()})
}

// counter is a record of any type.
type counter struct{ N int }

func TestEditsOfOneRecordAllCount(t *testing.T) {
	t.Parallel()
	s := newKeeper(t)
	var all sync.WaitGroup
	for range 4 {
		r := New[counter](bustest.Join(t, s), "counters")
		all.Go(func() {
			for range 10 {
				if _, err := r.Edit(t.Context(), "x", addOne); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := New[counter](bustest.Join(t, s), "counters").Get(t.Context(), "x")
	if err != nil || got.N != 40 {
		t.Errorf("counter = %d, %v, want 40", got.N, err)
	}
}

func addOne(old *counter) (counter, error) {
	if old == nil {
		return counter{1}, nil
	}
	return counter{old.N + 1}, nil
}

func TestRefusedEditChangesNothing(t *testing.T) {
	t.Parallel()
	r := New[counter](bustest.Join(t, newKeeper(t)), "counters")
	no := errors.New("no")
	refuse := func(*counter) (counter, error) { return counter{99}, no }
	if _, err := r.Edit(t.Context(), "x", refuse); !errors.Is(err, no) {
		t.Errorf("error = %v, want the refusal", err)
	}
	if _, err := r.Get(t.Context(), "x"); !errors.Is(err, bus.ErrNoRecord) {
		t.Errorf("after a refused edit: %v, want no record", err)
	}
}

func TestRemoveLooksAtWhatItRemoves(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := New[counter](bustest.Join(t, newKeeper(t)), "counters")
	if _, err := r.Edit(ctx, "x", addOne); err != nil {
		t.Fatal(err)
	}
	if err := r.Remove(ctx, "x", func(c counter) bool { return c.N == 2 }); err != nil {
		t.Error(err)
	}
	if got, err := r.Get(ctx, "x"); err != nil || got.N != 1 {
		t.Errorf("a record of which that is not true is %v, %v, want it as it was", got, err)
	}
	for range 2 { // the second time it is gone, which is just as well
		if err := r.Remove(ctx, "x", func(c counter) bool { return c.N == 1 }); err != nil {
			t.Error(err)
		}
	}
	if all, err := r.All(ctx); err != nil || len(all) != 0 {
		t.Errorf("left are %v, %v, want none", all, err)
	}
}

func TestRecordIsFoundInTheList(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := New[counter](bustest.Join(t, newKeeper(t)), "counters")
	for i := range 3 {
		if _, err := r.Edit(ctx, fmt.Sprint(i), addOne); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := r.All(ctx); err != nil || len(all) != 3 {
		t.Errorf("all = %v, %v, want three", all, err)
	}
}

func TestEditEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := New[counter](bustest.Join(t, newKeeper(t)), "counters")
	if _, err := r.Edit(ctx, "x", addOne); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}
