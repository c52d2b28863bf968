package story

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// observer listens to the whole bus, so that the story shows the messages that were really sent.
type observer struct {
	began time.Time

	mu   sync.Mutex
	seen []bus.Message
	more chan struct{} // closed and replaced at every message
}

func newObserver() *observer {
	return &observer{began: time.Now(), more: make(chan struct{})}
}

func (o *observer) note(m bus.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, m)
	close(o.more)
	o.more = make(chan struct{})
}

// await returns the first message that fits, seen already or yet to come.
func (o *observer) await(ctx context.Context, what string, fits func(bus.Message) bool) (bus.Message, error) {
	for from := 0; ; {
		o.mu.Lock()
		fresh, more := o.seen[from:], o.more
		from = len(o.seen)
		o.mu.Unlock()
		for _, m := range fresh {
			if fits(m) {
				return m, nil
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return bus.Message{}, fmt.Errorf("wait for %s: %w", what, ctx.Err())
		}
	}
}

// find returns the first message that fits, if one was seen already.
func (o *observer) find(fits func(bus.Message) bool) (bus.Message, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.seen {
		if fits(m) {
			return m, true
		}
	}
	return bus.Message{}, false
}

// on fits the messages of a subject.
func on(subject string) func(bus.Message) bool {
	return func(m bus.Message) bool { return m.Subject == subject }
}

// exhibit shows a message.
func (o *observer) exhibit(label string, m bus.Message) Exhibit {
	e := Exhibit{Label: label, Subject: m.Subject, At: m.Time.Sub(o.began)}
	if len(m.Payload) > 0 {
		e.Payload = bus.Mask(protocol.Readable(m.Subject, m.Payload))
	}
	return e
}
