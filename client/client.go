// Package client is what anyone may ask of the platform: over the bus, and of the controller over HTTP.
//
// In goes an App; out comes what became of it. Each function here is one step of the tutorial, and takes and returns
// exactly what travels on the wire, so that tools, the demo and the lessons show what they do by doing it:
//
//	reply, err := client.Stage(ctx, b, request)         // staging
//	hello, err := client.Discover(ctx, b, discover)     // dea.discover
//	route, err := client.Run(ctx, b, hello.ID, start)   // dea.<id>.start … router.register
//
// In 2012 these were three Ruby scripts, bin/request_stager_to_stage_app, bin/dea_deploy and bin/deploy_app.
package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// discoverTimeout is how long the cloud controller waited for the first answer to dea.discover.
const discoverTimeout = 2 * time.Second

// ErrNoDEA is returned by Discover when there is no DEA (it is bus.ErrNobody as well then) or none that can run the app.
var ErrNoDEA = errors.New("no DEA can run it")

// DiscoverError says that no DEA came forward.
type DiscoverError struct {
	App     protocol.ID
	Runtime string
	Memory  int // MB
	Err     error
}

func (e *DiscoverError) Error() string {
	return fmt.Sprintf("find a DEA for %s (%s, %d MB): %v", e.App, e.Runtime, e.Memory, e.Err)
}

func (e *DiscoverError) Unwrap() error { return e.Err }

// Hint says where to look.
func (e *DiscoverError) Hint() string {
	if errors.Is(e.Err, bus.ErrNobody) {
		return "no DEA is running: `minicf up` runs one, `minicf dea` another"
	}
	return "each DEA that kept silent says why in its log: no room (`minicf dea status`), or no such runtime (`minicf doctor`)"
}

// Discover returns the first DEA that answers, the least busy one, within two seconds as in 2012. If all keep silent it asks once
// more.
func Discover(ctx context.Context, b *bus.Bus, req protocol.DiscoverRequest) (protocol.DEAHello, error) {
	hello, err := discover(ctx, b, req)
	if errors.Is(err, bus.ErrNoAnswer) && ctx.Err() == nil {
		hello, err = discover(ctx, b, req)
	}
	if err == nil {
		return hello, nil
	}
	switch {
	case errors.Is(err, bus.ErrNobody):
		err = fmt.Errorf("%w: %w", ErrNoDEA, bus.ErrNobody)
	case errors.Is(err, bus.ErrNoAnswer):
		err = ErrNoDEA
	}
	e := &DiscoverError{App: req.Droplet, Runtime: req.RuntimeInfo.Name, Err: err}
	if req.Limits.Mem != nil {
		e.Memory = int(*req.Limits.Mem)
	}
	return hello, e
}

// discover asks once. A DEA that has to run a program first, to see its version, may take longer than that the first time on a
// busy machine; it remembers what it saw, and answers the second time.
func discover(ctx context.Context, b *bus.Bus, req protocol.DiscoverRequest) (protocol.DEAHello, error) {
	ctx, cancel := context.WithTimeout(ctx, discoverTimeout)
	defer cancel()
	return bus.Do(ctx, b, protocol.DEADiscover, req)
}

// Start asks a DEA to run an instance, and does not wait: nobody answers. What a DEA would drop without a word is an error
// here.
func Start(b *bus.Bus, dea string, req protocol.StartRequest) error {
	subject, err := protocol.DEAStart(dea)
	if err != nil {
		return err
	}
	if err := req.Validate(); err != nil {
		return fmt.Errorf("start %s: %w", req.Droplet, err)
	}
	return bus.Publish(b, subject, req)
}

// Stop stops the instances that fit, on all DEAs.
func Stop(b *bus.Bus, req protocol.StopRequest) error { return bus.Publish(b, protocol.DEAStop, req) }
