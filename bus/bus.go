// Package bus carries the messages of package protocol over NATS. It is the only package that knows NATS.
//
// Everything on the bus is typed by its subject: what goes in is a payload, what comes out is the same payload, and a
// message that does not decode is logged, counted and dropped before any handler sees it.
//
//	b := bus.New(bus.Options{URL: "nats://127.0.0.1:4222", Name: "stager"})
//	b.Open()                                       // returns at once; a missing server is retried for ever
//	bus.Subscribe(b, protocol.DEAHeartbeat, func(h protocol.Heartbeat) { … })
//	bus.Publish(b, protocol.DEALocate, protocol.Ignored{})
//
// In one process the components share the embedded Server without a socket; apart, they meet over TCP. Neither they nor
// their order of start can tell the difference: subscriptions made before the server is there are made again when it comes.
//
// In 2012 this was the ruby-nats client, which gave up after ten attempts, and wedged for good on the first message that
// made a handler raise.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

const closeTimeout = 2 * time.Second

// Bus is one connection to the message bus. Its methods may be used by many goroutines.
type Bus struct {
	opts    Options
	log     *slog.Logger
	conn    *nats.Conn
	up      chan struct{} // closed at the first connection
	closed  chan struct{} // closed when the connection is gone for good
	inbox   *inbox
	reached sync.Once // closes up
	hooks   hooks
	records records
	dropped atomic.Int64
	repeats repeats
}

// New returns a Bus that is not open yet.
func New(o Options) *Bus {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Bus{opts: o, log: o.Log, up: make(chan struct{}), closed: make(chan struct{}), inbox: newInbox()}
}

// Open connects. Unless Options.Once, a server that is not there is no error: the bus goes on trying, and what is
// subscribed or published meanwhile is kept. Open must come before everything else.
func (b *Bus) Open() error {
	url, opts, err := address(b.opts.URL)
	if err != nil {
		return err
	}
	opts = append(opts, b.natsOptions()...)
	if b.opts.Server != nil {
		url = ""
		opts = append(opts, nats.InProcessServer(b.opts.Server))
	}
	conn, err := nats.Connect(url, opts...)
	if err != nil {
		return &UnreachableError{URL: RedactURL(b.opts.URL), Err: err}
	}
	b.conn = conn
	go b.inbox.run() // until Close
	if conn.IsConnected() {
		b.connected()
	} else {
		b.log.Info("waiting for the bus", "url", RedactURL(b.opts.URL))
	}
	return nil
}

func (b *Bus) connected() { b.reached.Do(func() { close(b.up) }) }

// Connected waits until the bus has been reached once and has heard of all subscriptions made so far.
func (b *Bus) Connected(ctx context.Context) error {
	select {
	case <-b.up:
	case <-ctx.Done():
		return fmt.Errorf("reach the bus at %s: %w", RedactURL(b.opts.URL), ctx.Err())
	}
	return b.Flush(ctx)
}

// Flush waits until the server has everything that was published and subscribed so far. A ctx without a deadline gets
// one of 10 s.
func (b *Bus) Flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := b.conn.FlushWithContext(ctx)
	// NATS calls it a closed connection, too, when the server goes away meanwhile: what was to be flushed is sent when it
	// is back.
	for errors.Is(err, nats.ErrConnectionClosed) && !b.conn.IsClosed() && ctx.Err() == nil {
		err = b.conn.FlushWithContext(ctx)
	}
	if err != nil {
		return fmt.Errorf("flush the bus: %w", err)
	}
	return nil
}

// WhileUp returns a context that ends with ctx, and also when the connection is gone for good, as that of a Once bus is when
// the server goes away. Its cause is an *UnreachableError then. end releases it.
func (b *Bus) WhileUp(ctx context.Context) (up context.Context, end func()) {
	up, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-b.closed:
			cancel(&UnreachableError{URL: b.URL(), Err: errLost})
		case <-up.Done():
		}
	})
	return up, func() {
		cancel(nil)
		watch.Wait()
	}
}

// Close lets running handlers end, sends what is still to be sent and disconnects, within two seconds.
func (b *Bus) Close() error {
	if b.conn == nil {
		return nil
	}
	// Handlers first, so that what they still have to say goes out with the rest.
	handled := b.inbox.close(closeTimeout)
	b.records.close()
	b.hang()
	deadline := time.NewTimer(closeTimeout)
	defer deadline.Stop()
	select {
	case <-b.closed:
	case <-deadline.C:
		b.conn.Close()
		<-b.closed
		return errors.New("bus closed before all was sent")
	}
	if !handled {
		return errors.New("bus closed while a handler was still running")
	}
	return nil
}

func (b *Bus) hang() {
	if b.conn.IsConnected() && b.drains() && b.conn.Drain() == nil {
		return
	}
	if b.conn.IsConnected() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		// What cannot be flushed now is lost with the connection; closing says no more than that.
		_ = b.conn.FlushWithContext(ctx)
	}
	b.conn.Close()
}

// drains reports whether NATS's own draining can be used. It shares timers between all connections of the process, which
// testing/synctest forbids, so a server that only tests use goes without.
func (b *Bus) drains() bool { return b.opts.Server == nil || !b.opts.Server.cfg.NoListen }

// URL is where the bus is, without any password.
func (b *Bus) URL() string {
	if b.opts.Server != nil {
		return b.opts.Server.URL()
	}
	return RedactURL(b.opts.URL)
}

// Dropped is the number of messages that did not decode since the bus was opened.
func (b *Bus) Dropped() int64 { return b.dropped.Load() }

// OnReconnect calls f each time the bus is back after it was gone. Calling the result ends that.
func (b *Bus) OnReconnect(f func()) (cancel func()) { return b.hooks.add(f) }
