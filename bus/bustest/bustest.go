// Package bustest gives each test a message bus of its own: a real nats-server in the test's process, without a port, which also works
// inside a testing/synctest bubble. Records (ServerConfig.Records) do not: JetStream has one clock for all servers of a process.
package bustest

import (
	"context"
	"testing"

	"github.com/minicf/minicf/bus"
)

// New returns an open bus on a server of its own. Both are gone when the test ends.
func New(tb testing.TB) *bus.Bus {
	tb.Helper()
	return Join(tb, NewServer(tb))
}

// NewServer starts a server that only this process can reach.
func NewServer(tb testing.TB) *bus.Server {
	tb.Helper()
	return Start(tb, bus.ServerConfig{NoListen: true})
}

// Start runs a server until the test ends.
func Start(tb testing.TB, cfg bus.ServerConfig) *bus.Server {
	tb.Helper()
	s, err := bus.NewServer(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		stop()
		tb.Fatalf("the bus did not start: %v", err)
	}
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("the bus stopped with: %v", err)
		}
	})
	return s
}

// Join connects one more member to a server, as a second process would.
func Join(tb testing.TB, s *bus.Server) *bus.Bus {
	tb.Helper()
	b := bus.New(bus.Options{Server: s, Name: tb.Name()})
	if err := b.Open(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Close(); err != nil {
			tb.Errorf("close the bus: %v", err)
		}
	})
	return b
}
