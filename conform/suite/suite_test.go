package suite_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/conform/suite"
)

type check = suite.Check[*atomic.Int32]

func returning(name string, level suite.Level, err error) check {
	return check{
		Case: suite.Case{Name: name, Level: level},
		Run:  func(context.Context, *atomic.Int32) error { return err },
	}
}

func TestErrorOfACheckIsItsOutcome(t *testing.T) {
	t.Parallel()
	results, err := suite.Run(t.Context(), nil, []check{
		returning("fine", suite.Core, nil),
		returning("wrong", suite.Required, &suite.Mismatch{Why: "it is not", Expected: "one", Seen: "two"}),
		returning("worse", suite.Required, errors.New("it broke")),
		returning("other", suite.Optional, errors.New("it is different")),
		returning("not now", suite.Required, &suite.Skip{Why: "no time"}),
		returning("old", suite.Required, &suite.Known{What: "as then"}),
	}, suite.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	want := []suite.Outcome{suite.OK, suite.NotOK, suite.NotOK, suite.NotOK, suite.Skipped, suite.KnownOld}
	for i, r := range results {
		if r.Outcome != want[i] {
			t.Errorf("%s is %q, want %q", r.Name, r.Outcome, want[i])
		}
	}
	if r := results[1]; r.Expected != "one" || r.Seen != "two" || r.Why != "it is not" {
		t.Errorf("the mismatch became %+v", r)
	}
	if got, want := suite.Summarize(results), (suite.Summary{Cases: 6, OK: 1, NotOK: 3, Failed: 2, Known: 1, Skipped: 1}); got != want {
		t.Errorf("summary = %+v, want %+v", got, want)
	}
}

func TestPlanChoosesCases(t *testing.T) {
	t.Parallel()
	slow := returning("b/slow", suite.Core, nil)
	slow.Slow = true
	checks := []check{returning("a/one", suite.Core, nil), returning("a/two", suite.Required, nil), slow}
	for name, tt := range map[string]struct {
		plan suite.Plan
		want []string
	}{
		"everything":    {suite.Plan{}, []string{"a/one ok", "a/two ok", "b/slow skipped"}},
		"a pattern":     {suite.Plan{Match: regexp.MustCompile("^a/t")}, []string{"a/two ok"}},
		"the core":      {suite.Plan{CoreOnly: true}, []string{"a/one ok", "b/slow skipped"}},
		"the slow ones": {suite.Plan{Slow: true, Match: regexp.MustCompile("slow")}, []string{"b/slow ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			results, _ := suite.Run(t.Context(), nil, checks, tt.plan)
			var got []string
			for _, r := range results {
				got = append(got, r.Name+" "+string(r.Outcome))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("ran %q, want %q", got, tt.want)
			}
		})
	}
}

func TestResultsAreReportedInTheOrderOfTheCases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var checks []check
		for i, name := range []string{"c", "a", "b", "d"} {
			checks = append(checks, check{Case: suite.Case{Name: name}, Run: func(context.Context, *atomic.Int32) error {
				time.Sleep(time.Duration(10-i) * time.Second) // the first takes longest
				return nil
			}})
		}
		checks[2].When = suite.Last
		var got []string
		plan := suite.Plan{Parallel: 4, Report: func(r suite.Result) { got = append(got, r.Name) }}
		if _, err := suite.Run(t.Context(), nil, checks, plan); err != nil {
			t.Fatal(err)
		}
		if want := []string{"c", "a", "b", "d"}; !slices.Equal(got, want) {
			t.Errorf("reported %q, want %q", got, want)
		}
	})
}

func TestOnlyWhatMayRunsTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var most [3]atomic.Int32
		var checks []check
		for i := range 9 {
			when := suite.When(i % 3)
			checks = append(checks, check{When: when, Run: func(_ context.Context, running *atomic.Int32) error {
				n := running.Add(1)
				if n > most[when].Load() {
					most[when].Store(n)
				}
				time.Sleep(time.Second)
				running.Add(-1)
				return nil
			}})
		}
		if _, err := suite.Run(t.Context(), new(atomic.Int32), checks, suite.Plan{Parallel: 2}); err != nil {
			t.Fatal(err)
		}
		if got := [3]int32{most[0].Load(), most[1].Load(), most[2].Load()}; got != [3]int32{2, 1, 1} {
			t.Errorf("ran at once, by phase: %v, want 2, 1 and 1", got)
		}
	})
}

func TestWhatIsGoneIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	tried := false
	checks := []check{{Case: suite.Case{Level: suite.Required}, Run: func(context.Context, *atomic.Int32) error { tried = true; return nil }}}
	results, _ := suite.Run(t.Context(), nil, checks, suite.Plan{Before: func(context.Context) error { return errors.New("it is gone") }})
	if tried || len(results) != 1 || results[0].Outcome != suite.NotOK || results[0].Why != "it is gone" {
		t.Errorf("tried: %v, results: %+v", tried, results)
	}
}

func TestDisturbedCaseIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		disturbed int // tries during which somebody interferes, which make the case fail
		want      suite.Outcome
		tries     int
	}{
		"never":  {0, suite.OK, 1},
		"once":   {1, suite.OK, 2},
		"always": {9, suite.NotOK, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			checks := []check{{Run: func(context.Context, *atomic.Int32) error {
				if tries++; tries <= tt.disturbed {
					return errors.New("something came in between")
				}
				return nil
			}}}
			results, _ := suite.Run(t.Context(), nil, checks, suite.Plan{Disturbed: func(time.Time) bool { return true }})
			if results[0].Outcome != tt.want || tries != tt.tries {
				t.Errorf("%s after %d tries, want %s after %d", results[0].Outcome, tries, tt.want, tt.tries)
			}
		})
	}
	tries := 0
	failing := []check{{Run: func(context.Context, *atomic.Int32) error { tries++; return errors.New("wrong") }}}
	_, _ = suite.Run(t.Context(), nil, failing, suite.Plan{Disturbed: func(time.Time) bool { return false }})
	if tries != 1 {
		t.Errorf("a case that nobody disturbed was tried %d times", tries)
	}
}

func TestInterruptedRunEndsWithoutTheRest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	checks := []check{
		returning("done", suite.Core, nil),
		{When: suite.Alone, Run: func(ctx context.Context, _ *atomic.Int32) error { cancel(); <-ctx.Done(); return ctx.Err() }},
		{When: suite.Last, Run: func(context.Context, *atomic.Int32) error { t.Error("the last phase ran"); return nil }},
	}
	results, err := suite.Run(ctx, nil, checks, suite.Plan{})
	if !errors.Is(err, context.Canceled) || len(results) != 1 || results[0].Name != "done" {
		t.Errorf("results = %+v, error = %v", results, err)
	}
}
