// Package records keeps values of a type by their id, on the bus, where nobody sees them.
//
// It is all that the controller knows of a database: Get, Edit, Remove, All. Below it is bus.Bucket, which is NATS's key-value store. In 2012 the
// cloud controller had PostgreSQL and ActiveRecord.
package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/minicf/minicf/bus"
)

// Records keeps values of one type by their id. What was answered is on the disk, and of two who change a value at once
// neither overwrites what the other wrote: Edit begins again with the newer one.
//
// Values are JSON, so a field that is added later is simply zero in what was kept before.
type Records[T any] struct{ bucket *bus.Bucket }

// New keeps them under the name of their kind, "apps".
func New[T any](b *bus.Bus, kind string) Records[T] { return Records[T]{b.Bucket(kind)} }

// maxAttempts is how often an edit begins again; that so many others come first means that they never end.
const maxAttempts = 100

// Get returns a value, or bus.ErrNoRecord.
func (r Records[T]) Get(ctx context.Context, id string) (T, error) {
	v, _, err := r.read(ctx, id)
	return v, err
}

// read also tells the revision.
func (r Records[T]) read(ctx context.Context, id string) (v T, revision uint64, err error) {
	e, err := r.bucket.Get(ctx, id)
	if err != nil {
		return v, 0, err
	}
	v, err = decodeRecord[T](e)
	return v, e.Revision, err
}

// Edit replaces a value by what change makes of it; old is nil when there is none yet. An error of change is returned as it
// is, and nothing is changed then. It may be called several times.
func (r Records[T]) Edit(ctx context.Context, id string, change func(old *T) (T, error)) (T, error) {
	for range maxAttempts {
		v, err := r.tryEdit(ctx, id, change)
		if !errors.Is(err, bus.ErrConflict) {
			return v, err
		}
	}
	var none T
	return none, fmt.Errorf("edit the record of %s: %w", id, bus.ErrConflict)
}

func (r Records[T]) tryEdit(ctx context.Context, id string, change func(old *T) (T, error)) (fresh T, err error) {
	old := new(T)
	v, revision, err := r.read(ctx, id)
	switch {
	case errors.Is(err, bus.ErrNoRecord):
		old = nil
	case err != nil:
		return fresh, err
	default:
		*old = v
	}
	if fresh, err = change(old); err != nil {
		return fresh, err
	}
	value, err := json.Marshal(fresh)
	if err != nil {
		return fresh, err
	}
	if old == nil {
		_, err = r.bucket.Create(ctx, id, value)
	} else {
		_, err = r.bucket.Update(ctx, id, value, revision)
	}
	return fresh, err
}

// Remove forgets a value of which still is true; one that is not there is no error.
func (r Records[T]) Remove(ctx context.Context, id string, still func(T) bool) error {
	v, revision, err := r.read(ctx, id)
	if errors.Is(err, bus.ErrNoRecord) || err == nil && !still(v) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.bucket.Delete(ctx, id, revision)
}

// All returns every value, in no order.
func (r Records[T]) All(ctx context.Context) ([]T, error) {
	entries, err := r.bucket.List(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, len(entries))
	for _, e := range entries {
		v, err := decodeRecord[T](e)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func decodeRecord[T any](e bus.Entry) (v T, err error) {
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return v, fmt.Errorf("the record of %s is broken: %w", e.Key, err)
	}
	return v, nil
}
