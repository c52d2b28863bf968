// Package deacases has the cases that a DEA is tested with: everything that the protocol of DEA 0.99 promises and that can be seen from
// outside, on the bus, over HTTP and from inside the apps that it runs.
//
// Each file has the cases of one subject: a table of names and sentences, and below it the functions that try them. kit.go and app.go
// are what they share. Nothing here knows how any DEA is made.
package deacases

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform/component"
	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// Options are what the kit has to be told. The zero value of all but Puppet is usable.
type Options struct {
	// Puppet is the command line of a program that calls puppet.Main with what is appended to it. Its first word is an absolute path.
	Puppet []string
	// DEA is the id of the one to test; "" is the first that answers.
	DEA string
	// Runtime is the name of the runtime of the kit's apps; "" is the first of those advertised that the DEA serves.
	Runtime string
	// Droplet is somebody's own droplet that is also to be run; nil is none.
	Droplet []byte
	// Signal sends a signal to the DEA's process; nil is that the kit may not.
	Signal *Signal
	// Secrets are what no /varz may show.
	Secrets []string
	// Patience is how long is waited for what must come, 0 being 15 s; Quiet how long for what must not, 0 being 1 s.
	Patience, Quiet time.Duration
}

// check is a case of a DEA.
type check = suite.Check[*Kit]

// Kit is the DEA under test and all that is needed to test it.
type Kit struct {
	Options
	wire  *wire.Wire
	depot *depot.Depot

	id       string      // of the DEA
	run      string      // in the name of everything that this run makes
	runtime  wire.Object // runtime_info that the DEA serves
	names    []string    // of the runtimes that it advertises
	lenient  bool        // it serves a runtime by a program of its own, whatever the message names
	single   bool        // it runs one instance and no more, multi_tenant: false
	embedded bool        // the puppet's program is packed into the droplets
	program  string      // its content then
	room     *room       // memory of the DEA

	apps    atomic.Int64 // started so far, for their names
	wedged  atomic.Bool  // a malformed message stopped it, as in 2012
	gone    atomic.Bool  // it no longer answers
	model   fixture
	crashed fixture
	bye     farewell
	leaving atomic.Bool // it was sent a signal

	mu      sync.Mutex
	started []*app
	asked   []time.Time // when the kit sent router.start
}

// ID is the DEA's.
func (k *Kit) ID() string { return k.id }

// Runtime is the name of the runtime of the kit's apps.
func (k *Kit) Runtime() string { return k.runtime.Text("name") }

// Checks are all cases of a DEA.
func Checks() []check {
	var all []check
	for _, part := range [][]check{
		component.Cases("running §1.2, §1.3", (*Kit).subject), statusChecks(), advertiseChecks(), discoverChecks(), taintChecks(),
		startChecks(), downloadChecks(), refusalChecks(), readinessChecks(), environmentChecks(), valueChecks(), launchChecks(),
		heartbeatChecks(), findChecks(), instanceStatusChecks(), stopChecks(), killChecks(), crashChecks(), routerChecks(), updateChecks(),
		fileChecks(), limitChecks(), roomChecks(), garbageChecks(), ownDropletChecks(), signalChecks(),
	} {
		all = append(all, part...)
	}
	return all
}

// subject is the DEA as a component.
func (k *Kit) subject() *component.Subject {
	return &component.Subject{Wire: k.wire, Type: "DEA", UUID: k.id, Patience: k.Patience, Secrets: k.Secrets}
}

// Alive returns an error when the DEA answers nothing any more, so that no further case is worth its time.
func (k *Kit) Alive(ctx context.Context) error {
	switch {
	case k.leaving.Load():
		return nil // it may well be gone
	case k.wedged.Load():
		return &suite.Skip{Why: "a malformed message of an earlier case has wedged the DEA (known 2012 behaviour)"}
	case k.gone.Load() || !k.answers(ctx, k.Patience):
		k.gone.Store(true)
		return fmt.Errorf("the DEA answers neither dea.status nor dea.discover any more")
	}
	return nil
}

// Disturbed reports whether, since a moment, somebody else has used the DEA, or has made everybody register again.
func (k *Kit) Disturbed(since time.Time) bool {
	ours, asked := map[string]bool{}, 0
	k.mu.Lock()
	for _, a := range k.started {
		ours[a.droplet] = true
	}
	for _, t := range k.asked {
		if t.After(since) {
			asked++
		}
	}
	k.mu.Unlock()
	heard := 0
	used := k.wire.Since(0, func(m wire.Message) bool {
		switch {
		case m.Time.Before(since):
		case m.Subject == protocol.RouterStart.String():
			heard++
		case m.Subject == "dea."+k.id+".start", m.Subject == protocol.DropletExited.String():
			return !ours[strings.Trim(wire.Show(m.Object["droplet"]), `"`)]
		}
		return false
	})
	return heard > asked || len(used) > 0
}

// routerStart makes everybody register again. Only cases that run alone do that: it would disturb others.
func (k *Kit) routerStart(payload any) error {
	k.mu.Lock()
	k.asked = append(k.asked, time.Now())
	k.mu.Unlock()
	return k.wire.Send(protocol.RouterStart.String(), payload)
}

// answers reports whether the DEA reacts to anything.
func (k *Kit) answers(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	began := k.wire.Now()
	status, err := k.wire.Ask(protocol.DEAStatus.String(), nil)
	if err != nil {
		return false
	}
	offer, err := k.wire.Ask(protocol.DEADiscover.String(), k.fit("alive"))
	if err != nil {
		return false
	}
	_, ok := k.wire.Wait(ctx, began, func(m wire.Message) bool {
		return (status.Has(m) || offer.Has(m)) && m.Object.Text("id") == k.id
	})
	return ok
}

// status asks the DEA for its figures.
func (k *Kit) status(ctx context.Context, payload any) (wire.Object, error) {
	return k.answer(ctx, protocol.DEAStatus.String(), payload, "an answer to dea.status", func(o wire.Object) bool { return o.Text("id") == k.id })
}

// answer asks and waits for an answer that fits.
func (k *Kit) answer(ctx context.Context, subject string, payload any, what string, fits func(wire.Object) bool) (wire.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	q, err := k.wire.Ask(subject, payload)
	if err != nil {
		return nil, err
	}
	m, ok := q.Answer(ctx, func(m wire.Message) bool { return m.Object != nil && fits(m.Object) })
	if !ok {
		return nil, k.missing(what, wire.Lines(q.Answers()))
	}
	return m.Object, nil
}

// silence asks and wants no answer that fits.
func (k *Kit) silence(ctx context.Context, subject string, payload any, fits func(wire.Object) bool) error {
	q, err := k.wire.Ask(subject, payload)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, k.Quiet)
	defer cancel()
	m, answered := q.Answer(ctx, func(m wire.Message) bool { return m.Object != nil && fits(m.Object) })
	if answered {
		return &suite.Mismatch{Why: subject + " was answered", Expected: "silence", Seen: m.Object.String()}
	}
	return nil
}

// await waits for the first message after a mark that fits. seen are those that are shown when it does not come.
func (k *Kit) await(
	ctx context.Context, after wire.Mark, what string, fits func(wire.Message) bool, seen func(wire.Mark) []wire.Message,
) (wire.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	m, ok := k.wire.Wait(ctx, after, fits)
	if !ok {
		return m, k.missing(what, wire.Lines(seen(after)))
	}
	return m, nil
}

// never waits a while and wants no message after a mark that fits.
func (k *Kit) never(ctx context.Context, after wire.Mark, what string, fits func(wire.Message) bool) error {
	ctx, cancel := context.WithTimeout(ctx, k.Quiet)
	defer cancel()
	m, ok := k.wire.Wait(ctx, after, fits)
	if ok {
		return &suite.Mismatch{Why: "there was " + what, Expected: "no " + what, Seen: m.String()}
	}
	return nil
}

// pause is how long is waited for what must not come.
func (k *Kit) pause(ctx context.Context) { k.wait(ctx, k.Quiet) }

func (k *Kit) wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// eventually asks again and again until there is something.
func (k *Kit) eventually(ctx context.Context, what string, ask func() (wire.Object, error)) (wire.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	for {
		o, err := ask()
		if err != nil || o != nil {
			return o, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, k.missing(what, "nothing")
		}
	}
}

// missing says that something did not come.
func (k *Kit) missing(what, seen string) error {
	return &suite.Mismatch{Why: fmt.Sprintf("no %s within %s", strings.TrimPrefix(strings.TrimPrefix(what, "an "), "a "), k.Patience), Expected: what, Seen: seen}
}

// newID makes an id of the length that DEAs give to instances.
func newID() string { return bus.Hex(16) }

// About says what the DEA is like that is tested.
func (k *Kit) About() string {
	about := "runtime " + k.Runtime()
	if k.lenient {
		about += ", served by a program of the DEA's own"
	}
	if k.single {
		about += ", one instance at a time"
	}
	if k.embedded {
		about += ", apps that cannot read the kit's program"
	}
	return about
}
