package bus

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// listTimeout is how long a List may take.
const listTimeout = 10 * time.Second

// List returns all that the bucket has, in no order.
func (k *Bucket) List(ctx context.Context) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	var all []Entry
	err := k.follow(ctx, func(e Entry) { all = append(all, e) }, nil, jetstream.IgnoreDeletes())
	return all, err
}

// Watch calls seen for all that the bucket has, then current once, and then seen for every change as it happens. It returns when ctx
// ends, with its error.
func (k *Bucket) Watch(ctx context.Context, seen func(Entry), current func()) error {
	return k.follow(ctx, seen, current)
}

// follow hands out what the bucket has and, when current is given, what it gets.
func (k *Bucket) follow(ctx context.Context, seen func(Entry), current func(), opts ...jetstream.WatchOpt) error {
	kv, err := k.bus.openRecords(ctx)
	if err != nil {
		return err
	}
	w, err := kv.Watch(ctx, k.name+".>", opts...)
	if err != nil {
		return fmt.Errorf("watch %s: %w", k.name, k.plain(err))
	}
	defer func() { _ = w.Stop() }() // fails only when the connection is gone, and the watch with it
	for {
		select {
		case e, open := <-w.Updates():
			switch {
			case !open:
				return fmt.Errorf("watch %s: %w", k.name, errLost)
			case e != nil:
				seen(k.entry(e))
			case current == nil: // all that there is was told
				return nil
			default:
				current()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (k *Bucket) entry(e jetstream.KeyValueEntry) Entry {
	entry := Entry{Key: decodeKey(strings.TrimPrefix(e.Key(), k.name+".")), Revision: e.Revision()}
	if e.Operation() == jetstream.KeyValuePut {
		entry.Value = e.Value()
	}
	return entry
}
