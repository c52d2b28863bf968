package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/minicf/minicf/internal/lifecycle"
)

// manners say how a process takes a request to stop.
type manners int

const (
	// stopQuickly: any of INT, TERM and HUP stops within seconds; USR2 is ignored. A second signal stops now.
	stopQuickly manners = iota
	// finishWork: INT and USR2 let all work be done first, as the stager of 2012 did; TERM and HUP stop quickly.
	finishWork
)

// onSignals returns a context that ends when the process is told to stop. The second time it is told, hurry is called;
// the third time the process ends on the spot, should even hurry hang.
func onSignals(ctx context.Context, m manners, hurry func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		told := 0
		for sig := range signals {
			if sig == syscall.SIGUSR2 && m == stopQuickly {
				continue
			}
			switch told++; told {
			case 1:
				cancel(causeOf(sig, m))
			case 2:
				hurry()
			default:
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		cancel(nil)
		close(signals) // nothing is sent to it after signal.Stop
		<-done
	})
}

func causeOf(sig os.Signal, m manners) error {
	if m == finishWork && (sig == syscall.SIGINT || sig == syscall.SIGUSR2) {
		return lifecycle.ErrPatientStop
	}
	return context.Canceled
}
