// Package lifecycle starts the parts of minicf in order and stops them in reverse.
//
// In goes a list of components, each with a name. Out comes one Component again: [Group.Run] starts the members one after
// the other (the next only when the one before called ready), runs until its context is cancelled or a member fails, and
// then stops them, last one first, so that each can still use the ones before it to say goodbye: the DEA unregisters
// its routes while the bus is up.
//
// A whole stop takes at most [DefaultBudget]. In 2012 foreman gave each process 5 seconds, goreman gives 10, and what is
// killed then leaves orphans: the apps of a DEA outlive it. A member that does not end in its time is named in the error.
package lifecycle

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// A Component is a part of minicf that runs until it is told to stop.
//
// Run calls ready once it serves (its port is bound, its subscriptions are known to the bus) and returns when ctx is
// cancelled, with nil or the context's error; any other error is a failure of the component. Everything that
// Run started has ended when it returns.
type Component interface {
	Run(ctx context.Context, ready func()) error
}

// A Drainer is a Component that can finish its work before it goes. Drain takes no new work and returns when what it has is
// done, or with ctx's error when ctx ends first. Run is still running meanwhile; it is cancelled afterwards.
type Drainer interface {
	Drain(ctx context.Context) error
}

// ErrPatientStop is the cause with which a caller cancels the context of [Group.Run] when drains may take as long as they
// need: INT or USR2 to a lone stager lets all its tasks finish. Any other cause keeps every drain within the budget.
var ErrPatientStop = errors.New("stop when all work is done")

// Defaults for what [Options] and [Grace] leave zero.
const (
	DefaultBudget  = 9 * time.Second        // for the whole stop: under the 10 s after which goreman kills
	DefaultDrain   = 8 * time.Second        // for one member's Drain
	DefaultStop    = 5 * time.Second        // for one member's Run to return after it was cancelled
	DefaultReserve = 200 * time.Millisecond // what the members stopped earlier leave for one member
)

// Options changes how a Group behaves. The zero value is what `minicf up` wants.
type Options struct {
	// Budget is the longest a whole stop may take, drains included; 0 means DefaultBudget.
	Budget time.Duration
	// Log hears of starts, stops and cut drains; nil means nobody does.
	Log *slog.Logger
}

// Grace is how much time one member gets when it stops; zero fields mean the defaults. All of it is cut to
// what the group's budget has left.
type Grace struct {
	Drain   time.Duration // at most this long for Drain
	Stop    time.Duration // at most this long from cancel to the return of Run
	Reserve time.Duration // kept free for this member whatever the others take: a DEA needs some to stop its apps
	// OnlyPatient skips Drain unless the stop is a patient one: a DEA that evacuates needs more time than an ordinary stop has.
	OnlyPatient bool
}

// Group runs components together. It is a Component itself, so groups nest.
type Group struct {
	budget time.Duration
	log    *slog.Logger
	specs  []spec
	hurry  chan struct{} // closed by Hurry
	rush   func()
}

// spec is what Add was told: a member before it runs.
type spec struct {
	name  string
	c     Component
	grace Grace
}

// New returns an empty Group.
func New(o Options) *Group {
	g := &Group{budget: o.Budget, log: o.Log, hurry: make(chan struct{})}
	if g.budget <= 0 {
		g.budget = DefaultBudget
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.rush = onceClose(g.hurry)
	return g
}

// Add appends a member with the default grace. Call it before Run.
func (g *Group) Add(name string, c Component) { g.AddWith(name, c, Grace{}) }

// AddWith is Add with a grace of its own.
func (g *Group) AddWith(name string, c Component, grace Grace) {
	g.specs = append(g.specs, spec{name: name, c: c, grace: grace.withDefaults()})
}

// Hurry ends all drains, running or still to come, at once: the second Ctrl-C. Members are still stopped in order and waited for.
// It may be called from any goroutine, any number of times.
func (g *Group) Hurry() { g.rush() }

// Run starts the members in the order of Add, calls ready when the last one is ready, and runs until ctx is cancelled or a
// member ends. Then it stops all of them in reverse order.
//
// The error is nil after an ordinary stop. Otherwise it joins the first failure (`dea: no runtime`, `dea ended by itself`)
// and what went wrong while stopping (`router did not stop within 5s`). A member that did not stop is left behind running.
// A Group runs once.
func (g *Group) Run(ctx context.Context, ready func()) error {
	r := &run{group: g, base: context.WithoutCancel(ctx), ended: make(chan *member, len(g.specs))}
	failure := r.start(ctx)
	if failure == nil && ctx.Err() == nil {
		ready()
		failure = r.wait(ctx)
	}
	return errors.Join(failure, r.stop(context.Cause(ctx)))
}

func (o Grace) withDefaults() Grace {
	if o.Drain <= 0 {
		o.Drain = DefaultDrain
	}
	if o.Stop <= 0 {
		o.Stop = DefaultStop
	}
	if o.Reserve <= 0 {
		o.Reserve = DefaultReserve
	}
	return o
}
