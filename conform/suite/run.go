package suite

import (
	"context"
	"regexp"
	"sync"
	"time"
)

// Plan says which cases are run, and how.
type Plan struct {
	Match    *regexp.Regexp // only cases whose name it finds; nil is all
	CoreOnly bool
	Slow     bool // also the slow ones; otherwise they are skipped
	Parallel int  // of those that may; less than 1 is 1
	// Before is called before each case; its error is the outcome then. It tells that what is tested is gone, which every case would
	// otherwise find out anew, slowly. nil is no such thing.
	Before func(context.Context) error
	// Disturbed reports whether somebody else has interfered since a moment, so that a case which failed since then is tried again; nil is
	// never.
	Disturbed func(since time.Time) bool
	// Report is called with each result, in the order of the cases, as soon as it and all before it are there; may be nil.
	Report func(Result)
}

// attempts is how often a case is tried that others disturb.
const attempts = 3

// Run tries the checks that the plan asks for on kit. It returns the results in the order of the checks. When ctx ends, what has not
// ended by then is not among them, and the error is ctx's.
func Run[K any](ctx context.Context, kit K, checks []Check[K], p Plan) ([]Result, error) {
	chosen := choose(checks, p)
	t := &table{results: make([]*Result, len(chosen)), report: p.Report}
	for _, phase := range []When{Together, Alone, Last} {
		parallel := 1
		if phase == Together {
			parallel = max(p.Parallel, 1)
		}
		slots := make(chan struct{}, parallel)
		var running sync.WaitGroup
		for i, c := range chosen {
			if c.When != phase || ctx.Err() != nil {
				continue
			}
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				if r := try(ctx, kit, c, p); ctx.Err() == nil {
					t.put(i, r)
				}
			})
		}
		running.Wait()
	}
	return t.all(), ctx.Err()
}

// choose returns what the plan is about.
func choose[K any](checks []Check[K], p Plan) []Check[K] {
	var chosen []Check[K]
	for _, c := range checks {
		if p.Wants(c.Case) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// Wants reports whether a case is part of the plan. A slow one that is skipped is part of it.
func (p Plan) Wants(c Case) bool {
	return (p.Match == nil || p.Match.MatchString(c.Name)) && (!p.CoreOnly || c.Level == Core)
}

// try runs one check.
func try[K any](ctx context.Context, kit K, c Check[K], p Plan) Result {
	if c.Slow && !p.Slow {
		return resultOf(c.Case, &Skip{"it takes a minute or more: --slow runs it"}, 0)
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit())
	defer cancel()
	for attempt := 1; ; attempt++ {
		began := time.Now()
		if p.Before != nil {
			if err := p.Before(ctx); err != nil {
				return resultOf(c.Case, err, time.Since(began))
			}
		}
		r := resultOf(c.Case, c.Run(ctx, kit), time.Since(began))
		if r.Outcome != NotOK || attempt == attempts || p.Disturbed == nil || !p.Disturbed(began) {
			return r
		}
	}
}

// table collects results and reports them in order.
type table struct {
	report func(Result)

	mu      sync.Mutex
	results []*Result // nil: not there yet
	next    int       // the first that was not reported
}

func (t *table) put(i int, r Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results[i] = &r
	for t.next < len(t.results) && t.results[t.next] != nil {
		if t.report != nil {
			t.report(*t.results[t.next])
		}
		t.next++
	}
}

// all returns the results there are.
func (t *table) all() []Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []Result{}
	for _, r := range t.results {
		if r != nil {
			all = append(all, *r)
		}
	}
	return all
}
