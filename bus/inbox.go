package bus

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// inboxSize is how many messages may wait for the handlers of a Bus. NATS reports and drops what exceeds it. The 20,000 instances of 200
// DEAs may all register at once; each message is 8 bytes of memory, whether it comes or not, in each component.
const inboxSize = 1 << 15

// inbox hands messages to handlers one after the other in the order in which they came, whatever their subjects: a
// dea.stop that follows a start is handled after it. NATS itself keeps the order only within a subscription. In 2012
// there was one event loop, and the same promise.
type inbox struct {
	messages chan *nats.Msg // all subscriptions write here, in the order of arrival
	quit     chan struct{}
	ended    chan struct{}

	mu       sync.Mutex
	handlers map[*nats.Subscription]nats.MsgHandler
}

func newInbox() *inbox {
	return &inbox{
		messages: make(chan *nats.Msg, inboxSize), quit: make(chan struct{}), ended: make(chan struct{}),
		handlers: map[*nats.Subscription]nats.MsgHandler{},
	}
}

// run hands out messages until close is called, and then those that are there already.
func (i *inbox) run() {
	defer close(i.ended)
	for {
		select {
		case m := <-i.messages:
			i.handle(m)
		case <-i.quit:
			for len(i.messages) > 0 {
				i.handle(<-i.messages)
			}
			return
		}
	}
}

func (i *inbox) handle(m *nats.Msg) {
	i.mu.Lock()
	f := i.handlers[m.Sub]
	i.mu.Unlock()
	if f != nil {
		f(m)
	}
}

// subscribe adds a subject to the inbox.
func (i *inbox) subscribe(conn *nats.Conn, subject string, f nats.MsgHandler) (*Subscription, error) {
	i.mu.Lock() // no message is handed out before its handler is known
	defer i.mu.Unlock()
	sub, err := conn.ChanSubscribe(subject, i.messages)
	if err != nil {
		return nil, err
	}
	i.handlers[sub] = f
	return &Subscription{sub: sub, inbox: i}, nil
}

// forget makes an inbox hand nothing more to a handler.
func (i *inbox) forget(sub *nats.Subscription) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.handlers, sub)
}

// settle waits until what is in the inbox now has been handled. It must not be called by a handler.
func (i *inbox) settle(ctx context.Context) error {
	fence := &nats.Msg{Sub: &nats.Subscription{}}
	passed := make(chan struct{})
	i.mu.Lock()
	i.handlers[fence.Sub] = func(*nats.Msg) { close(passed) }
	i.mu.Unlock()
	defer i.forget(fence.Sub)
	select {
	case i.messages <- fence:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-passed:
		return nil
	case <-i.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the inbox when what is in it has been handled; false says that a handler took longer than the limit.
func (i *inbox) close(limit time.Duration) bool {
	close(i.quit)
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	select {
	case <-i.ended:
		return true
	case <-deadline.C:
		return false
	}
}
