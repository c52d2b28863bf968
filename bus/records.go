package bus

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// recordsBucket is what NATS calls the place where all records are. Who wants it replicated in a cluster makes it before minicf
// does.
const recordsBucket = "minicf"

// records is a Bus's way to the records. It is found when it is first needed, and found again when the records turn out to be
// gone.
type records struct {
	mu sync.Mutex

	conn *nats.Conn // of its own, to the embedded server; nil when there is none yet, or none is needed
	kv   jetstream.KeyValue
}

// open returns the store of the records. The error is a *NoRecordsError unless ctx ended.
func (b *Bus) openRecords(ctx context.Context) (jetstream.KeyValue, error) {
	b.records.mu.Lock()
	defer b.records.mu.Unlock()
	if b.records.kv != nil {
		return b.records.kv, nil
	}
	kv, err := b.findRecords(ctx)
	if err != nil && ctx.Err() == nil {
		err = &NoRecordsError{URL: b.URL(), Err: err}
	}
	if err != nil {
		return nil, err
	}
	b.records.kv = kv
	return kv, nil
}

func (b *Bus) findRecords(ctx context.Context) (jetstream.KeyValue, error) {
	conn, err := b.recordsConn()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	kv, err := js.KeyValue(ctx, recordsBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: recordsBucket, Description: "the records of minicf's controller", Storage: jetstream.FileStorage, History: 1,
		})
	}
	if errors.Is(err, jetstream.ErrBucketExists) { // somebody else was quicker
		return js.KeyValue(ctx, recordsBucket)
	}
	return kv, err
}

// recordsConn is the connection over which the records are reached: a second one, with a password, to the server inside of minicf,
// the bus itself to any other.
func (b *Bus) recordsConn() (*nats.Conn, error) {
	if b.records.conn != nil {
		return b.records.conn, nil
	}
	password := ""
	switch {
	case b.opts.Server != nil && b.opts.Server.door == nil:
		return nil, errNothingKept
	case b.opts.Server != nil:
		password = b.opts.Server.door.password
	case !b.conn.IsConnected():
		return nil, errAway
	case b.conn.ConnectedServerName() != serverName:
		return b.conn, nil
	default:
		var err error
		if password, err = readPassword(b.opts.Records); err != nil {
			return nil, &lockedError{err}
		}
	}
	conn, err := b.connect(nats.UserInfo(recordsUser, password))
	if errors.Is(err, nats.ErrAuthorization) {
		return nil, &lockedError{err}
	}
	if err != nil {
		return nil, err
	}
	b.records.conn = conn
	return conn, nil
}

// connect opens one more connection to where the bus is. Unlike the first one it must succeed at once.
func (b *Bus) connect(extra ...nats.Option) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(b.opts.Name + " records"), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait/4, reconnectWait/4),
	}
	where := ""
	if b.opts.Server != nil {
		opts = append(opts, nats.InProcessServer(b.opts.Server))
	} else if u, err := url.Parse(b.conn.ConnectedUrl()); err == nil {
		u.User = nil // it would win over the option
		where = u.String()
	}
	return nats.Connect(where, append(opts, extra...)...)
}

// forget makes the next use look for the records anew: the server may have come back without them.
func (r *records) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kv = nil
}

func (r *records) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		r.conn.Close()
	}
	r.conn, r.kv = nil, nil
}

var (
	errNothingKept = errors.New("it was started without records")
	errAway        = errors.New("it is away")
)

// lockedError says that the password of the records is not known here.
type lockedError struct{ error }

func (e *lockedError) Unwrap() error { return e.error }

// NoRecordsError says that there is no place for records on the bus.
type NoRecordsError struct {
	URL string // of the bus, without a password
	Err error
}

func (e *NoRecordsError) Error() string {
	reason := e.Err
	if lacksJetStream(e.Err) {
		reason = errors.New("it has no JetStream")
	}
	return fmt.Sprintf("keep records on the bus %s: %v", e.URL, reason)
}

func (e *NoRecordsError) Unwrap() error { return e.Err }

// Hint says what to start.
func (e *NoRecordsError) Hint() string {
	_, locked := errors.AsType[*lockedError](e.Err)
	switch {
	case locked:
		return "run this on the data dir of that bus (--data-dir), where the password of its records is"
	case errors.Is(e.Err, errNothingKept):
		return "name a directory for them in nats.yml: `records: nats/records`"
	case lacksJetStream(e.Err):
		return "start that NATS with JetStream (nats-server -js -sd DIR), or leave --nats away: the NATS inside of minicf has it"
	}
	return "the bus must be there for that: `minicf up` or `minicf nats` starts it"
}

func lacksJetStream(err error) bool {
	return errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) ||
		errors.Is(err, nats.ErrNoResponders)
}
