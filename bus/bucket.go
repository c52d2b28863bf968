package bus

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bucket keeps small values under keys, on the disk of the bus. What a method has answered survives a kill of everything.
//
// Each value has a revision, a number that grows with every change of the bucket. Who changes a value says which revision the change was
// made for, and fails with ErrConflict when there is a newer one: of two writers none overwrites what it has not seen.
//
//	e, err := b.Bucket("apps").Get(ctx, "hello")
//	rev, err := b.Bucket("apps").Update(ctx, "hello", changed(e.Value), e.Revision)
//
// It is NATS's key-value store (JetStream). In the server inside of minicf it has an account of its own, so that nobody on the bus
// sees a record go by or can write one; in any other NATS it is where the URL of the bus leads. A bus without a place for records
// fails with a *NoRecordsError. In 2012 the cloud controller had PostgreSQL for this.
type Bucket struct {
	bus  *Bus
	name string
}

// Entry is what a bucket has under a key.
type Entry struct {
	Key      string
	Value    []byte // nil when it was deleted, which only Watch tells
	Revision uint64
}

var (
	// ErrNoRecord is returned by Get for a key that has no value.
	ErrNoRecord = errors.New("there is no such record")
	// ErrConflict is returned by Create when the key has a value, and by Update and Delete when it has none, or of another revision.
	ErrConflict = errors.New("somebody else has changed the record")
)

// maxKey is how long a key may be, in bytes.
const maxKey = 512

// Bucket returns the bucket of a name: letters, digits, - and _. It needs not exist, and it is not looked for yet.
func (b *Bus) Bucket(name string) *Bucket { return &Bucket{bus: b, name: name} }

// Get returns the value of a key, or ErrNoRecord.
func (k *Bucket) Get(ctx context.Context, key string) (Entry, error) {
	var e jetstream.KeyValueEntry
	err := k.do(ctx, "read", key, func(kv jetstream.KeyValue, path string) (err error) {
		e, err = kv.Get(ctx, path)
		return err
	})
	if err != nil {
		return Entry{}, err
	}
	return Entry{Key: key, Value: e.Value(), Revision: e.Revision()}, nil
}

// Create gives a value to a key that has none, and returns its revision; else it fails with ErrConflict.
func (k *Bucket) Create(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	err = k.do(ctx, "create", key, func(kv jetstream.KeyValue, path string) (err error) {
		revision, err = kv.Create(ctx, path, value)
		return err
	})
	return revision, err
}

// Update replaces the value of a key that has this revision, and returns the new one; else it fails with ErrConflict.
func (k *Bucket) Update(ctx context.Context, key string, value []byte, old uint64) (revision uint64, err error) {
	err = k.do(ctx, "update", key, func(kv jetstream.KeyValue, path string) (err error) {
		revision, err = kv.Update(ctx, path, value, old)
		return err
	})
	return revision, err
}

// Delete removes the value of a key that has this revision; else it fails with ErrConflict.
func (k *Bucket) Delete(ctx context.Context, key string, old uint64) error {
	return k.do(ctx, "delete", key, func(kv jetstream.KeyValue, path string) error {
		return kv.Delete(ctx, path, jetstream.LastRevision(old))
	})
}

// do runs one operation on a key, and puts its error into our words.
func (k *Bucket) do(ctx context.Context, verb, key string, f func(kv jetstream.KeyValue, path string) error) error {
	if len(key) > maxKey {
		return fmt.Errorf("%s a record of %s: its key has %d bytes, more than %d", verb, k.name, len(key), maxKey)
	}
	kv, err := k.bus.openRecords(ctx)
	if err != nil {
		return err
	}
	if err := k.plain(f(kv, k.name+"."+encodeKey(key))); err != nil {
		return fmt.Errorf("%s %s/%s: %w", verb, k.name, key, err)
	}
	return nil
}

// plain makes one error of all that mean the same.
func (k *Bucket) plain(err error) error {
	wrong, told := errors.AsType[*jetstream.APIError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return ErrNoRecord
	case errors.Is(err, jetstream.ErrKeyExists), told && wrong.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
		return ErrConflict
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, jetstream.ErrStreamNotFound):
		k.bus.records.forget()
		return &NoRecordsError{URL: k.bus.URL(), Err: errAway}
	}
	return err
}

// encodeKey makes any key one of the letters that NATS allows, and one word of it: all others are = and two hex digits.
func encodeKey(key string) string {
	const literal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	var path strings.Builder
	for _, c := range []byte(key) {
		if strings.IndexByte(literal, c) >= 0 {
			path.WriteByte(c)
		} else {
			path.WriteString("=" + hex.EncodeToString([]byte{c}))
		}
	}
	if path.Len() == 0 {
		return "="
	}
	return path.String()
}

// decodeKey is the key that encodeKey made a path of.
func decodeKey(path string) string {
	var key []byte
	for path != "" && path != "=" {
		literal, rest, coded := strings.Cut(path, "=")
		key = append(key, literal...)
		if !coded {
			break
		}
		c, _ := hex.DecodeString(rest[:min(2, len(rest))]) // encodeKey wrote nothing else
		key, path = append(key, c...), rest[min(2, len(rest)):]
	}
	return string(key)
}
