// Package audited is isolation with a witness: plain processes, of which a log tells who was started and how it ended. It is the backend of
// docs/howto/isolation.md, to be copied.
package audited

import (
	"context"
	"log/slog"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/process"
)

// Backend does what package process does, and tells.
type Backend struct {
	*process.Backend
	log *slog.Logger
}

var _ isolation.Backend = (*Backend)(nil)

// New returns a backend that writes to log.
func New(log *slog.Logger) *Backend {
	return &Backend{process.New(process.Options{Name: "audited", Log: log}), log}
}

// Start implements isolation.Backend.
func (b *Backend) Start(ctx context.Context, s isolation.Spec) (isolation.Container, error) {
	c, err := b.Backend.Start(ctx, s)
	if err != nil {
		b.log.Info("refused", "instance", s.ID, "error", err)
		return nil, err
	}
	b.log.Info("started", "instance", s.ID, "pid", c.Handle().PID)
	go func() {
		<-c.Done()
		b.log.Info("ended", "instance", s.ID, "exit", c.Exit().Reason)
	}()
	return c, nil
}
