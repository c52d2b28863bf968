package v3

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/controller/records"
)

// head is what every record begins with.
type head struct {
	GUID        string            `json:"guid"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// record is anything that begins with a head.
type record interface{ top() head }

func (h head) top() head { return h }

// newHead is that of something that is made now.
func newHead() head {
	now := time.Now().UTC()
	return head{GUID: newGUID(), CreatedAt: now, UpdatedAt: now}
}

// newGUID is a random one (RFC 9562, version 4).
func newGUID() string {
	h := bus.Hex(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-" + "89ab"[h[16]&3:][:1] + h[17:20] + "-" + h[20:32]
}

// stamp is a time as the API writes it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// view is what a resource shows of its head; the keys of more are added.
func (h head) view(more object) object {
	o := object{
		"guid": h.GUID, "created_at": stamp(h.CreatedAt), "updated_at": stamp(h.UpdatedAt),
		"metadata": object{"labels": orEmpty(h.Labels), "annotations": orEmpty(h.Annotations)},
	}
	maps.Copy(o, more)
	return o
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// metadata is a change of labels and annotations; null takes one away.
type metadata struct {
	Labels      map[string]*string `json:"labels" yaml:"labels"`
	Annotations map[string]*string `json:"annotations" yaml:"annotations"`
}

// note takes a change over.
func (h *head) note(m *metadata) {
	if m == nil {
		return
	}
	h.Labels, h.Annotations = merged(h.Labels, m.Labels), merged(h.Annotations, m.Annotations)
}

// merged returns a map with changes; nil values take away. The map that went in stays as it was.
func merged(old map[string]string, changes map[string]*string) map[string]string {
	fresh := maps.Clone(old)
	if fresh == nil {
		fresh = map[string]string{}
	}
	for k, v := range changes {
		if v == nil {
			delete(fresh, k)
		} else {
			fresh[k] = *v
		}
	}
	return fresh
}

// relation is one end of a relationship: {"data":{"guid":…}}.
type relation struct {
	Data *struct {
		GUID string `json:"guid"`
	} `json:"data"`
}

// guid is "" when nothing was said.
func (r relation) guid() string {
	if r.Data == nil {
		return ""
	}
	return r.Data.GUID
}

// related is a relationship in an answer.
func related(guid string) object {
	if guid == "" {
		return object{"data": nil}
	}
	return object{"data": object{"guid": guid}}
}

// find returns a record, or says that there is no such thing.
func find[T any](ctx context.Context, table records.Records[T], what, guid string) (T, error) {
	v, err := table.Get(ctx, guid)
	if errors.Is(err, bus.ErrNoRecord) {
		return v, notFound(what)
	}
	return v, err
}

// add writes a record that is new.
func add[T record](ctx context.Context, table records.Records[T], v T) error {
	_, err := table.Edit(ctx, v.top().GUID, func(*T) (T, error) { return v, nil })
	return err
}

// edit changes a record that is there.
func edit[T any](ctx context.Context, table records.Records[T], what, guid string, change func(*T) error) (T, error) {
	return table.Edit(ctx, guid, func(old *T) (T, error) {
		if old == nil {
			var none T
			return none, notFound(what)
		}
		err := change(old)
		return *old, err
	})
}

// drop forgets a record.
func drop[T any](ctx context.Context, table records.Records[T], guid string) error {
	return table.Remove(ctx, guid, func(T) bool { return true })
}

// only returns those that fit, the oldest first.
func only[T record](all []T, fits func(T) bool) []T {
	some := slices.DeleteFunc(slices.Clone(all), func(v T) bool { return !fits(v) })
	slices.SortFunc(some, byAge)
	return some
}

// byAge orders the oldest first; of the same age, by GUID.
func byAge[T record](a, b T) int {
	x, y := a.top(), b.top()
	return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), cmp.Compare(x.GUID, y.GUID))
}

// byGUID is all records by their GUID.
func byGUID[T record](all []T) map[string]T {
	m := make(map[string]T, len(all))
	for _, v := range all {
		m[v.top().GUID] = v
	}
	return m
}
