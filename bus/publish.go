package bus

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/minicf/minicf/protocol"
)

// Publish sends v. While the server is away it is kept and sent when it is back.
func Publish[T any](b *Bus, s protocol.Subject[T], v T) error {
	return b.publish(s.String(), v)
}

func (b *Bus) publish(subject string, v any) error {
	payload, err := encode(v)
	if err != nil {
		return fmt.Errorf("publish %s: %w", subject, err)
	}
	if err := b.conn.Publish(subject, payload); err != nil {
		return fmt.Errorf("publish %s: %w", subject, err)
	}
	return nil
}

// encode writes a payload; what is ignored on arrival is sent empty, as the originals did.
func encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case protocol.Ignored:
		return nil, nil
	case encoding.BinaryMarshaler:
		return v.MarshalBinary()
	}
	return marshal(v)
}

// marshal writes JSON as the originals did: <, > and & stand for themselves.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Subscribe calls f for each message on s. All handlers of a Bus, except those of Serve and Tap, are called one after the
// other in the order in which the messages arrived, whatever their subjects; so none of them may wait for another.
func Subscribe[T any](b *Bus, s protocol.Subject[T], f func(T)) (*Subscription, error) {
	return b.subscribe(s.String(), func(m *nats.Msg) {
		v, err := decode[T](m.Data)
		if err != nil {
			b.drop(m, err)
			return
		}
		f(v)
	})
}

// Share calls f for each message on s that this member of the queue group is given, one after the other, on a goroutine of its own.
func Share[T any](b *Bus, s protocol.Subject[T], queue string, f func(T)) (*Subscription, error) {
	return b.subscribeAlone(s.String(), queue, func(m *nats.Msg) {
		v, err := decode[T](m.Data)
		if err != nil {
			b.drop(m, err)
			return
		}
		f(v)
	})
}

// Answer calls f for each request on c, in order with everything that Subscribe hears. Every subscriber of c hears it;
// whether f replies, and when, is its own affair.
func Answer[Req, Rep any](b *Bus, c protocol.Call[Req, Rep], f func(req Req, reply func(Rep))) (*Subscription, error) {
	return b.subscribe(c.String(), func(m *nats.Msg) {
		req, err := decode[Req](m.Data)
		if err != nil {
			b.drop(m, err)
			return
		}
		f(req, func(rep Rep) { b.reply(m, rep) })
	})
}

// Request is a request as it arrived, for services that answer even what does not decode.
type Request[Rep any] struct {
	Payload []byte

	bus *Bus
	msg *nats.Msg
}

// Reply answers the request. Without a reply subject nobody waits, and nothing is sent.
func (r Request[Rep]) Reply(rep Rep) { r.bus.reply(r.msg, rep) }

// Drop notes that the request does not decode, as for a handler that never sees such; it may be answered all the same.
func (r Request[Rep]) Drop(err error) { r.bus.drop(r.msg, err) }

// Serve calls f for each request on c that this member of the queue group is given, one after the other.
func Serve[Req, Rep any](b *Bus, c protocol.Call[Req, Rep], queue string, f func(Request[Rep])) (*Subscription, error) {
	return b.subscribeAlone(c.String(), queue, func(m *nats.Msg) { f(Request[Rep]{Payload: m.Data, bus: b, msg: m}) })
}

// Do sends a request and returns the first answer. It fails with ErrNobody when no component listens, and with ErrNoAnswer
// when ctx ends first; ctx should have a deadline.
func Do[Req, Rep any](ctx context.Context, b *Bus, c protocol.Call[Req, Rep], req Req) (Rep, error) {
	var none Rep
	payload, err := encode(req)
	if err != nil {
		return none, &CallError{c.String(), err}
	}
	m, err := b.conn.RequestWithContext(ctx, c.String(), payload)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return none, &CallError{c.String(), ErrNobody}
	case errors.Is(err, context.DeadlineExceeded):
		return none, &CallError{c.String(), ErrNoAnswer}
	case err != nil:
		return none, &CallError{c.String(), err}
	}
	rep, err := decode[Rep](m.Data)
	if err != nil {
		return none, &CallError{c.String(), fmt.Errorf("answer: %w", err)}
	}
	return rep, nil
}

// Gather sends a request and returns the answers that arrive before ctx ends or there are limit of them (0: no limit). No answer is no
// error.
func Gather[Req, Rep any](ctx context.Context, b *Bus, c protocol.Call[Req, Rep], req Req, limit int) ([]Rep, error) {
	payload, err := encode(req)
	if err != nil {
		return nil, &CallError{c.String(), err}
	}
	inbox := b.conn.NewInbox()
	sub, err := b.conn.SubscribeSync(inbox)
	if err != nil {
		return nil, &CallError{c.String(), err}
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := b.conn.PublishRequest(c.String(), inbox, payload); err != nil {
		return nil, &CallError{c.String(), err}
	}
	var all []Rep
	for limit == 0 || len(all) < limit {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil || isNobody(m) {
			break
		}
		rep, err := decode[Rep](m.Data)
		if err != nil {
			b.drop(m, err)
			continue
		}
		all = append(all, rep)
	}
	return all, nil
}

// isNobody recognises the server's own answer to a request that nobody listens to.
func isNobody(m *nats.Msg) bool {
	return len(m.Data) == 0 && m.Header.Get("Status") == "503"
}

func (b *Bus) reply(m *nats.Msg, v any) {
	if m.Reply == "" {
		return
	}
	if err := b.publish(m.Reply, v); err != nil {
		b.log.Error("reply was not sent", "subject", m.Subject, "error", err)
	}
}
