// Package wire is how the conformance kit sees the bus: everything on it, in its order, as JSON and not as anybody's types.
//
// The kit must not share the reading of messages with what it tests, or a mistake in that would be no mistake. So nothing here knows
// package protocol's payloads; a message is an Object, and a Shape says which keys it must have.
package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
)

// most is how many messages are remembered; what is older is forgotten. A run of the kit makes a few thousand.
const most = 100_000

// Message is something that was seen on the bus.
type Message struct {
	Subject string
	Reply   string
	Payload []byte
	Object  Object // nil when the payload is no object
	Time    time.Time
}

// String is the message on a line.
func (m Message) String() string {
	text := string(m.Payload)
	if m.Object != nil {
		text = m.Object.String()
	}
	return m.Subject + " " + text
}

// Mark is a moment in what was seen: all later messages are after it.
type Mark int

// Wire is the bus, with a memory. Its methods may be used by many goroutines.
type Wire struct {
	bus *bus.Bus
	tap *bus.Subscription

	mu      sync.Mutex
	seen    []Message
	dropped int           // messages that were before seen[0]
	news    chan struct{} // closed when there is a new one
}

// Join listens to everything on b until Leave.
func Join(ctx context.Context, b *bus.Bus) (*Wire, error) {
	w := &Wire{bus: b, news: make(chan struct{})}
	tap, err := b.Tap(">", w.hear)
	if err != nil {
		return nil, err
	}
	w.tap = tap
	if err := b.Flush(ctx); err != nil { // from here on nothing is missed
		tap.Stop()
		return nil, err
	}
	return w, nil
}

// Leave ends the listening.
func (w *Wire) Leave() { w.tap.Stop() }

// hear remembers a message of the platform. Others are none of the kit's business, and may be any number.
func (w *Wire) hear(m bus.Message) {
	if !relevant(m.Subject) {
		return
	}
	o, _ := Parse(m.Payload)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, Message{Subject: m.Subject, Reply: m.Reply, Payload: m.Payload, Object: o, Time: m.Time})
	if len(w.seen) > most {
		forget := len(w.seen) / 2
		w.seen, w.dropped = slices.Clone(w.seen[forget:]), w.dropped+forget
	}
	close(w.news)
	w.news = make(chan struct{})
}

// inboxPrefix begins the subjects on which the kit is answered.
const inboxPrefix = "_INBOX.conform."

func relevant(subject string) bool {
	for _, p := range []string{inboxPrefix, "dea.", "droplet.", "router.", "healthmanager.", "vcap.component."} {
		if strings.HasPrefix(subject, p) {
			return true
		}
	}
	return false
}

// Now is the present.
func (w *Wire) Now() Mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Mark(w.dropped + len(w.seen))
}

// Send publishes a value as JSON; bytes are sent as they are, and nil as an empty message.
func (w *Wire) Send(subject string, v any) error { return w.send(subject, "", v) }

func (w *Wire) send(subject, reply string, v any) error {
	payload, err := encode(v)
	if err != nil {
		return fmt.Errorf("send %s: %w", subject, err)
	}
	if err := w.bus.PublishRaw(subject, reply, payload); err != nil {
		return fmt.Errorf("send %s: %w", subject, err)
	}
	return nil
}

func encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []byte:
		return v, nil
	}
	return json.Marshal(v)
}

// Question is a request that was sent.
type Question struct {
	wire    *Wire
	subject string
	sent    Mark
	inbox   string
}

// Ask sends a request. Any number of answers may come.
func (w *Wire) Ask(subject string, v any) (*Question, error) {
	q := &Question{wire: w, subject: subject, inbox: inboxPrefix + bus.Hex(8), sent: w.Now()}
	return q, w.send(subject, q.inbox, v)
}

// Answer waits for the first answer that fits; match may be nil. There is none when ctx ends.
func (q *Question) Answer(ctx context.Context, match func(Message) bool) (Message, bool) {
	return q.wire.Wait(ctx, q.sent, func(m Message) bool { return q.Has(m) && (match == nil || match(m)) })
}

// Has reports whether a message is an answer.
func (q *Question) Has(m Message) bool { return m.Subject == q.inbox }

// Answers returns the answers there are so far.
func (q *Question) Answers() []Message {
	return q.wire.Since(q.sent, q.Has)
}

// Wait returns the first message after a mark that fits, which may have been there already. There is none when ctx ends.
func (w *Wire) Wait(ctx context.Context, after Mark, match func(Message) bool) (Message, bool) {
	for {
		w.mu.Lock()
		fresh, news := w.after(after), w.news
		after = Mark(w.dropped + len(w.seen))
		w.mu.Unlock()
		if i := slices.IndexFunc(fresh, match); i >= 0 {
			return fresh[i], true
		}
		select {
		case <-news:
		case <-ctx.Done():
			return Message{}, false
		}
	}
}

// Since returns all messages after a mark that fit.
func (w *Wire) Since(after Mark, match func(Message) bool) []Message {
	w.mu.Lock()
	fresh := w.after(after)
	w.mu.Unlock()
	var fit []Message
	for _, m := range fresh {
		if match(m) {
			fit = append(fit, m)
		}
	}
	return fit
}

// after is what came after a mark. What was seen is never changed, so the caller may read on without the lock.
func (w *Wire) after(mark Mark) []Message { return w.seen[max(int(mark)-w.dropped, 0):] }

// Lines shows messages, one a line; "nothing" when there are none.
func Lines(all []Message) string {
	if len(all) == 0 {
		return "nothing"
	}
	lines := make([]string, len(all))
	for i, m := range all {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}
