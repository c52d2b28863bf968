package main

import (
	"context"
	"errors"
	"io"
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
	// evacuate: USR2, once, gives others the time to take over, as with the DEA of 2012; the others stop quickly.
	evacuate
)

// onSignals returns a context that ends when the process is told to stop, or nobody reads its output any more. The second
// time it is told, hurry is called; the third time the process ends on the spot, should even hurry hang.
func onSignals(ctx context.Context, m manners, out *output, hurry func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals, pipes := make(chan os.Signal, 4), make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR2)
	// Unless somebody wants to know of SIGPIPE, it ends the process, apps and all left behind. It comes for sockets, too, where
	// it means nothing; that it was standard output is seen there.
	signal.Notify(pipes, syscall.SIGPIPE)
	var listener sync.WaitGroup
	listener.Go(func() { listen(signals, m, cancel, hurry) })
	listener.Go(func() {
		select {
		case <-out.unread:
			cancel(context.Canceled)
		case <-ctx.Done():
		}
	})
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		cancel(nil)
		close(signals) // nothing is sent to it after signal.Stop
		listener.Wait()
		signal.Stop(pipes)
	})
}

// listen acts on signals until there are no more.
func listen(signals <-chan os.Signal, m manners, cancel context.CancelCauseFunc, hurry func()) {
	told := 0
	for sig := range signals {
		if sig == syscall.SIGUSR2 && (m == stopQuickly || m == evacuate && told > 0) {
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
}

func causeOf(sig os.Signal, m manners) error {
	if m == finishWork && sig == syscall.SIGINT || m != stopQuickly && sig == syscall.SIGUSR2 {
		return lifecycle.ErrPatientStop
	}
	return context.Canceled
}

// output is standard output of a process that must outlive its reader, as in `minicf up | head`: there are apps to stop.
type output struct {
	io.Writer
	unread chan struct{} // closed by the first write that nobody will ever read
	noted  sync.Once
}

func newOutput(w io.Writer) *output { return &output{Writer: w, unread: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		o.noted.Do(func() { close(o.unread) })
	}
	return n, err
}
