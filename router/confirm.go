package router

import (
	"context"
	"time"
)

// When the bus is back after it was gone, each route is in doubt: its app may have died meanwhile, and what its DEA said of that may
// have been sent before the router was back to hear it. Another app may have the port by now.
//
//	bus is back ─► router.start, asked 5 times, 2 s apart ─► forget who said nothing
//	                    ▲                │ bus is away: count from the beginning
//	                    └────────────────┘
//
// Who registered once and does not listen to router.start is forgotten after these 10 seconds too, rather than after 120.
const (
	confirmQuestions = 5
	confirmInterval  = 2 * time.Second
)

// onBusBack runs when the bus was gone: nobody could register meanwhile, so nobody is to blame for it yet.
func (r *Router) onBusBack() {
	since := time.Now()
	r.registry.touch(since.Add(-1)) // older than what is registered from now on
	r.publishStart()
	select {
	case <-r.back: // an earlier return, not taken up yet
	default:
	}
	r.back <- since
}

// confirm forgets, each time the bus is back, what is not registered again soon.
func (r *Router) confirm(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case since := <-r.back:
			r.resolve(ctx, since)
		}
	}
}

// resolve asks until everybody who is there must have heard it. It gives up when the bus is back once more: that is another doubt.
func (r *Router) resolve(ctx context.Context, since time.Time) {
	pause := time.NewTicker(r.askAgain)
	defer pause.Stop()
	for asked := 1; ; asked++ { // onBusBack was the first
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		switch {
		case len(r.back) > 0:
			return
		case !r.busThere(ctx):
			asked = 0
		case asked < confirmQuestions:
			r.publishStart()
		default:
			r.forget(since, "not registered again since the bus is back")
			return
		}
	}
}
