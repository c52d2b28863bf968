package bus

import (
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// reconnectWait is how long a bus that is not there is left alone between two attempts, give or take a quarter.
const reconnectWait = 200 * time.Millisecond

// Options say where the bus is. The zero value of all but URL and Server is usable; exactly one of those two must be set.
type Options struct {
	URL    string  // nats://[user:password@]host:port[,…]
	Server *Server // the embedded server of this process: no socket is used
	Name   string  // of this connection, as the server's monitoring shows it
	// Records is where minicf's server keeps records when it runs in another process of this machine, ServerConfig.Records there: its
	// password is in it. A Bucket needs it, and nothing else.
	Records string
	Log     *slog.Logger // nil discards
	// Once makes Open fail when no server answers, and a server that goes away the end of the connection, see WhileUp: for
	// commands that a person waits for. Components leave it false.
	Once bool
}

func (b *Bus) natsOptions() []nats.Option {
	opts := []nats.Option{
		nats.Name(b.opts.Name),
		nats.RetryOnFailedConnect(!b.opts.Once),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait/4, reconnectWait/4),
		nats.ConnectHandler(func(*nats.Conn) { b.connected() }),
		nats.ReconnectHandler(func(*nats.Conn) {
			b.connected()
			b.log.Info("bus is back", "url", RedactURL(b.opts.URL))
			b.hooks.run()
		}),
		nats.DisconnectErrHandler(b.disconnected),
		nats.ClosedHandler(func(*nats.Conn) { close(b.closed) }),
		nats.ErrorHandler(b.reported),
	}
	if b.opts.Once {
		opts = append(opts, nats.NoReconnect())
	}
	return opts
}

func (b *Bus) disconnected(_ *nats.Conn, err error) {
	if err != nil && !b.opts.Once {
		b.log.Warn("bus is gone, trying again until it is back", "url", RedactURL(b.opts.URL), "error", err)
	}
}

func (b *Bus) reported(_ *nats.Conn, s *nats.Subscription, err error) {
	subject := ""
	if s != nil {
		subject = s.Subject
	}
	b.log.Error("bus reports an error", "subject", subject, "error", err)
}
