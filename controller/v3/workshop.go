package v3

import (
	"context"
	"sync"
)

// workshop is where work is done that no request waits for: each piece at once, in a goroutine that Run waits for.
type workshop struct {
	pieces chan func(context.Context)
	closed chan struct{} // when nothing is done any more
}

func newWorkshop() *workshop {
	return &workshop{pieces: make(chan func(context.Context)), closed: make(chan struct{})}
}

// run does what is given until ctx ends, which the pieces hear of.
func (w *workshop) run(ctx context.Context) {
	var busy sync.WaitGroup
	defer busy.Wait()
	defer close(w.closed)
	for {
		select {
		case f := <-w.pieces:
			busy.Go(func() { f(ctx) })
		case <-ctx.Done():
			return
		}
	}
}

// do has a piece done. After the end of run it is left: what was recorded of it is settled at the next start.
func (w *workshop) do(f func(context.Context)) {
	select {
	case w.pieces <- f:
	case <-w.closed:
	}
}
