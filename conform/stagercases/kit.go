// Package stagercases has the cases that a stager is tested with: everything that the protocol of stager 0.1.15 promises and that can
// be seen from outside, on the bus, by what it downloads and by what it uploads.
//
// Each file has the cases of one subject: a table of names and sentences, and below it the functions that try them. kit.go and
// task.go are what they share. The apps are Sinatra's, without Bundler, so that no stager needs the network for them.
package stagercases

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform/component"
	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// ErrNobody is returned by New when there is no stager on the bus.
var ErrNobody = errors.New("no stager answers")

// Options are what the kit has to be told. The zero value of everything is usable.
type Options struct {
	// Queue is the subject that is served, "" being staging.
	Queue string
	// Drain asks the stager's process to finish its work and end, by USR2; nil is that the kit may not.
	Drain func() error
	// Secrets are what no /varz may show.
	Secrets []string
	// Patience is how long is waited for a reply, 0 being 60 s; Quiet how long for what must not come, 0 being 2 s.
	Patience, Quiet time.Duration
}

// check is a case of a stager.
type check = suite.Check[*Kit]

// Kit is the stager under test and all that is needed to test it. Where several share the queue, it is all of them.
type Kit struct {
	Options
	wire  *wire.Wire
	depot *depot.Depot

	uuid     string // "" when it does not tell
	gone     atomic.Bool
	draining atomic.Bool // it was asked to end
	sample   fixture
	failed   fixture
}

// Checks are all cases of a stager.
func Checks() []check {
	var all []check
	for _, part := range [][]check{
		component.Cases("staging §1.8", (*Kit).subject), replyChecks(), logChecks(), requestChecks(), downloadChecks(), unpackChecks(),
		pluginChecks(), uploadChecks(), dropletChecks(), scriptChecks(), invalidChecks(), endChecks(),
	} {
		all = append(all, part...)
	}
	return all
}

const (
	introduction = 2 * time.Second // how long a stager has to introduce itself
	firstSign    = 6 * time.Second // and otherwise for a sign that it takes a request
)

// New finds a stager. It fails with ErrNobody when none is there.
func New(ctx context.Context, b *bus.Bus, d *depot.Depot, o Options) (*Kit, error) {
	if o.Queue == "" {
		o.Queue = protocol.Staging.String()
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Quiet == 0 {
		o.Quiet = 2 * time.Second
	}
	w, err := wire.Join(ctx, b)
	if err != nil {
		return nil, err
	}
	k := &Kit{Options: o, wire: w, depot: d}
	if err := k.find(ctx); err != nil {
		w.Leave()
		return nil, err
	}
	return k, nil
}

// find takes a stager that introduces itself, or one that does not but takes a request.
func (k *Kit) find(ctx context.Context) error {
	s := k.subject()
	s.Patience = min(introduction, k.Patience)
	if o, err := s.Describe(ctx, nil); err == nil {
		k.uuid = o.Text("uuid")
		return nil
	}
	t := k.task(app{})
	if err := t.send(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, firstSign)
	defer cancel()
	if _, err := t.file.Fetched(limited); err != nil && ctx.Err() == nil {
		return ErrNobody
	}
	return ctx.Err()
}

// Close forgets the bus. Tasks that are under way end by themselves, or with the depot.
func (k *Kit) Close() { k.wire.Leave() }

// ID is what the stager calls itself, or "".
func (k *Kit) ID() string { return k.uuid }

// About says what is tested.
func (k *Kit) About() string { return "queue " + k.Queue }

func (k *Kit) subject() *component.Subject {
	return &component.Subject{Wire: k.wire, Type: "Stager", UUID: k.uuid, Patience: min(k.Patience, 15*time.Second), Secrets: k.Secrets}
}

// Alive returns an error when a stager that has introduced itself no longer does.
func (k *Kit) Alive(ctx context.Context) error {
	switch {
	case k.uuid == "" || k.draining.Load():
		return nil
	case k.gone.Load():
		return errGone
	}
	if _, err := k.subject().Describe(ctx, nil); err != nil {
		k.gone.Store(true)
		return errGone
	}
	return nil
}

var errGone = errors.New("the stager no longer answers vcap.component.discover")

// Disturbed is never so: a task has nothing to do with those of others.
func (k *Kit) Disturbed(time.Time) bool { return false }

// pause is how long is waited for what must not come.
func (k *Kit) pause(ctx context.Context) {
	select {
	case <-time.After(k.Quiet):
	case <-ctx.Done():
	}
}

// missing says that something did not come.
func (k *Kit) missing(what, seen string) error {
	return &suite.Mismatch{Why: fmt.Sprintf("no %s within %s", what, k.Patience), Expected: what, Seen: seen}
}
