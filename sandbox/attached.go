package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/internal/lifecycle"
)

// attached is a component together with its connection to the bus and its file under the data dir: what every component
// needs around it, in one process or in many.
type attached struct {
	name    string
	dataDir string
	bus     *bus.Bus // nil for the bus itself
	lifecycle.Component
	log   *slog.Logger
	grace lifecycle.Grace
}

var _ lifecycle.Drainer = (*attached)(nil)

// Run opens the bus, runs the component, and closes the bus behind it.
func (a *attached) Run(ctx context.Context, ready func()) (err error) {
	if a.bus != nil {
		if err := a.bus.Open(); err != nil {
			return err
		}
		defer func() {
			if e := a.bus.Close(); e != nil {
				a.log.Warn("bus not closed in order", "component", a.name, "error", e)
			}
		}()
	}
	defer removeRunFile(a.dataDir, a.name)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var unannounced error
	err = a.Component.Run(ctx, func() {
		if unannounced = a.announce(); unannounced != nil {
			stop()
			return
		}
		ready()
	})
	return errors.Join(unannounced, err)
}

// Drain lets the component finish its work, if it knows how to.
func (a *attached) Drain(ctx context.Context) error {
	if d, ok := a.Component.(lifecycle.Drainer); ok {
		return d.Drain(ctx)
	}
	return nil
}

// URL is where the component serves, empty if it only uses the bus.
func (a *attached) URL() string {
	if s, ok := a.Component.(interface{ URL() string }); ok {
		return s.URL()
	}
	return ""
}

func (a *attached) announce() error {
	me := Running{Component: a.name, PID: os.Getpid(), URL: a.URL(), Started: time.Now().Truncate(time.Second)}
	if err := writeRunFile(a.dataDir, me); err != nil {
		return fmt.Errorf("say where the %s is: %w", a.name, err)
	}
	return nil
}
