package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Subscription is an interest in a subject.
type Subscription struct {
	sub    *nats.Subscription
	inbox  *inbox        // nil when the subscription has a goroutine of its own
	drains bool          // of those: whether NATS can drain it
	ended  chan struct{} // of those: closed when the last handler has returned
}

// subscribe hears a subject in order with all others.
func (b *Bus) subscribe(subject string, f nats.MsgHandler) (*Subscription, error) {
	s, err := b.inbox.subscribe(b.conn, subject, f)
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
	}
	return s, nil
}

// subscribeAlone hears a subject on a goroutine of its own, so that slow handlers hold up nothing else.
func (b *Bus) subscribeAlone(subject, queue string, f nats.MsgHandler) (*Subscription, error) {
	sub, err := b.conn.QueueSubscribe(subject, queue, f)
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
	}
	// A slow handler must not lose messages of the tutorial: keep up to 256 MB for it rather than NATS's default 64.
	if err := sub.SetPendingLimits(-1, 256<<20); err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
	}
	ended := make(chan struct{})
	sub.SetClosedHandler(func(string) { close(ended) })
	return &Subscription{sub: sub, drains: b.drains(), ended: ended}, nil
}

// Stop ends the interest at once: nothing more is handed to the handler, and what had arrived is forgotten.
func (s *Subscription) Stop() {
	if s.inbox != nil {
		s.inbox.forget(s.sub)
	}
	// The only error is that the connection is gone already, which is just as well.
	_ = s.sub.Unsubscribe()
}

// Drain ends the interest, but what had arrived is still handled, for Serve and Tap on a listening server also what is still under
// way. It returns when the last handler has, or with ctx's error. A handler must not drain its own subscription.
func (s *Subscription) Drain(ctx context.Context) error {
	if s.inbox != nil {
		_ = s.sub.Unsubscribe() // as in Stop
		defer s.inbox.forget(s.sub)
		return s.inbox.settle(ctx)
	}
	if !s.drains || s.sub.Drain() != nil {
		s.Stop()
	}
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
