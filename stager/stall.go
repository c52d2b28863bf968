package stager

import (
	"context"
	"fmt"
	"io"
	"time"
)

// stallError says that a transfer stood still.
type stallError struct{ limit time.Duration }

func (e *stallError) Error() string { return fmt.Sprintf("not a byte moved for %s", e.limit) }

// watchdog cancels a transfer in which nothing moves for a while. It starts when it is made.
type watchdog struct {
	timer  *time.Timer
	limit  time.Duration
	cancel context.CancelCauseFunc
}

// newWatchdog returns a context that ends with a *stallError once limit passes without a kick. stop releases it.
func newWatchdog(ctx context.Context, limit time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{limit: limit, cancel: cancel}
	w.timer = time.AfterFunc(limit, func() { cancel(&stallError{limit}) })
	return ctx, w
}

func (w *watchdog) kick() { w.timer.Reset(w.limit) }

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// watch kicks the watchdog each time r gives something.
func (w *watchdog) watch(r io.Reader) io.Reader { return &watchedReader{r, w} }

type watchedReader struct {
	r io.Reader
	w *watchdog
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if n > 0 {
		r.w.kick()
	}
	return n, err
}

// whyEnded replaces "context canceled" by why it was.
func whyEnded(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}
