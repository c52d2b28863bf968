package bus

import (
	"time"

	"github.com/nats-io/nats.go"
)

// Message is anything seen on the bus.
type Message struct {
	Time    time.Time
	Subject string
	Reply   string // where an answer would go; empty when none is wanted
	Payload []byte
}

// Tap calls f for every message on a subject, wildcards allowed (">" is everything), without taking part: it is not a
// member of any queue group and answers nothing. Messages come in the order in which they were sent, all subjects together.
func (b *Bus) Tap(subject string, f func(Message)) (*Subscription, error) {
	return b.subscribeAlone(subject, "", func(m *nats.Msg) {
		f(Message{Time: time.Now(), Subject: m.Subject, Reply: m.Reply, Payload: m.Data})
	})
}

// PublishRaw sends bytes as they are, for tools that let people try things on the bus.
func (b *Bus) PublishRaw(subject, reply string, payload []byte) error {
	return b.conn.PublishMsg(&nats.Msg{Subject: subject, Reply: reply, Data: payload})
}
