// Package conform tests any DEA and any stager of Cloud Foundry v1, over the message bus and HTTP, and says what is wrong.
//
// In goes a bus that the component under test is on; out comes a Report of named cases, each with the paragraph that it comes
// from (of the notes on the protocol, "running" for the DEA's half and "staging" for the stager's) and what was seen when it is not
// as it must be. It knows nothing of how any component is made: it brings its own apps, downloads and uploads, and the DEA of 2012, that of
// minicf and one that you write this afternoon are all the same to it. Where those of 2012 were wrong, their behaviour is known and no failure.
//
//	report, err := conform.DEA(ctx, b, conform.Options{Puppet: []string{"/path/of/minicf", "conform", "puppet"}})
//
// Package suite runs cases, wire sees the bus, depot serves and puppet is what the kit's apps run; deacases and stagercases are
// the cases, a file for each subject. Package conformtest makes Go tests of them.
//
// In 2012 each component was only tested by its own authors, and what the others relied on was nowhere written down.
package conform

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform/deacases"
	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/stagercases"
	"github.com/minicf/minicf/conform/suite"
)

// Options say what is tested and how. The zero value of everything is usable, but for Puppet to test a DEA.
type Options struct {
	Match    *regexp.Regexp // only the cases whose names it finds; nil is all
	CoreOnly bool           // only those without which nothing works at all
	Slow     bool           // also those that take a minute or more
	Parallel int            // how many cases at once; 0 is 8
	Host     string         // address that the component reaches the kit at; "" is 127.0.0.1

	// Puppet is a command line whose program calls puppet.Main with the arguments that follow: the apps that a DEA is given
	// to run. Its first word must be an absolute path.
	Puppet  []string
	DEA     string           // id of the DEA to test; "" is the first that answers
	Runtime string           // name of the runtime of the apps; "" is the first that the DEA serves
	Droplet []byte           // somebody's own droplet, which the DEA must run, too; nil is none
	Signal  *deacases.Signal // what may be done to the DEA at the end; nil is nothing

	Queue string       // subject that the stager serves; "" is staging
	Drain func() error // asks the stager to finish its work and end; nil is that the kit may not

	Secrets []string // what no component may show in /varz
	// Patience is how long is waited for what must come, 0 being 15 s (a reply to staging: a minute); Quiet how long for what must
	// not, 0 being 1 s (2 s).
	Patience, Quiet time.Duration

	Progress Progress // hears how it goes; nil is nobody
}

// Progress hears how a test goes.
type Progress interface {
	Begin(Target)
	Result(suite.Result) // in the order of the cases
}

// Target is what is tested.
type Target struct {
	Kind  string `json:"kind"`         // "dea" or "stager"
	ID    string `json:"id,omitempty"` // of the DEA, or the stager if it tells
	About string `json:"about"`        // in a few words
	Bus   string `json:"bus"`          // URL, without a password
	Cases int    `json:"cases"`        // that are going to be tried or skipped
}

// Report is what came of a test.
type Report struct {
	Target  Target
	Results []suite.Result
	Took    time.Duration
}

// Passed reports whether no core or required case has failed.
func (r Report) Passed() bool { return suite.Summarize(r.Results).Failed == 0 }

// NobodyError says that there was nothing to test.
type NobodyError struct {
	Kind string // "DEA" or "stager"
	Bus  string
	Err  error
}

func (e *NobodyError) Error() string {
	return "test the " + e.Kind + " at " + e.Bus + ": " + e.Err.Error()
}

func (e *NobodyError) Unwrap() error { return e.Err }

// Hint says what to look at.
func (e *NobodyError) Hint() string {
	return "is a " + e.Kind + " running, and on this bus? `minicf tap --nats URL` shows what is said there"
}

// DEACases are all cases of a DEA.
func DEACases() []suite.Case { return suite.Cases(deacases.Checks()) }

// DEA tests a DEA on b, which must be open. When nothing answers at all, that is a *NobodyError within ten seconds. When ctx
// ends, what was started is stopped, and the report has what there was until then.
func DEA(ctx context.Context, b *bus.Bus, o Options) (Report, error) {
	began := time.Now()
	d, err := depot.Open(o.host())
	if err != nil {
		return Report{}, err
	}
	defer d.Close()
	if len(o.Puppet) == 0 {
		return Report{}, errors.New("test a DEA: there is no program for its apps to run (Options.Puppet)")
	}
	kit, err := deacases.New(ctx, b, d, deacases.Options{
		Puppet: o.Puppet, DEA: o.DEA, Runtime: o.Runtime, Droplet: o.Droplet, Signal: o.Signal, Secrets: o.Secrets,
		Patience: o.Patience, Quiet: o.Quiet,
	})
	if errors.Is(err, deacases.ErrNobody) {
		err = &NobodyError{Kind: "DEA", Bus: b.URL(), Err: err}
	}
	if err != nil {
		return Report{}, err
	}
	defer kit.Close(ctx)
	t := Target{Kind: "dea", ID: kit.ID(), About: kit.About(), Bus: b.URL()}
	results, err := run(ctx, kit, deacases.Checks(), &t, o)
	return Report{Target: t, Results: results, Took: time.Since(began)}, err
}

// StagerCases are all cases of a stager.
func StagerCases() []suite.Case { return suite.Cases(stagercases.Checks()) }

// Stager tests the stagers of a queue on b, which must be open. It ends as DEA does.
func Stager(ctx context.Context, b *bus.Bus, o Options) (Report, error) {
	began := time.Now()
	d, err := depot.Open(o.host())
	if err != nil {
		return Report{}, err
	}
	defer d.Close()
	kit, err := stagercases.New(ctx, b, d, stagercases.Options{
		Queue: o.Queue, Drain: o.Drain, Secrets: o.Secrets, Patience: o.Patience, Quiet: o.Quiet,
	})
	if errors.Is(err, stagercases.ErrNobody) {
		err = &NobodyError{Kind: "stager", Bus: b.URL(), Err: err}
	}
	if err != nil {
		return Report{}, err
	}
	defer kit.Close()
	t := Target{Kind: "stager", ID: kit.ID(), About: kit.About(), Bus: b.URL()}
	results, err := run(ctx, kit, stagercases.Checks(), &t, o)
	return Report{Target: t, Results: results, Took: time.Since(began)}, err
}

// guarded is a kit that notices when its component is gone or somebody else uses it.
type guarded interface {
	Alive(context.Context) error
	Disturbed(since time.Time) bool
}

// run tries the checks that o asks for.
func run[K guarded](ctx context.Context, kit K, checks []suite.Check[K], t *Target, o Options) ([]suite.Result, error) {
	plan := suite.Plan{
		Match: o.Match, CoreOnly: o.CoreOnly, Slow: o.Slow, Parallel: o.Parallel, Before: kit.Alive, Disturbed: kit.Disturbed,
	}
	if plan.Parallel == 0 {
		plan.Parallel = 8
	}
	for _, c := range checks {
		if plan.Wants(c.Case) {
			t.Cases++
		}
	}
	if o.Progress != nil {
		o.Progress.Begin(*t)
		plan.Report = o.Progress.Result
	}
	return suite.Run(ctx, kit, checks, plan)
}

func (o Options) host() string {
	if o.Host == "" {
		return "127.0.0.1"
	}
	return o.Host
}
