package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
)

// newKeeper starts a server that keeps records, without a socket.
func newKeeper(tb testing.TB) *bus.Server {
	tb.Helper()
	return bustest.Start(tb, bus.ServerConfig{NoListen: true, Records: tb.TempDir()})
}

func TestRecordIsCreatedReadUpdatedAndDeleted(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := bustest.Join(t, newKeeper(t)).Bucket("apps")
	if _, err := b.Get(ctx, "hello"); !errors.Is(err, bus.ErrNoRecord) {
		t.Errorf("get before create: error = %v, want ErrNoRecord", err)
	}
	first, err := b.Create(ctx, "hello", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, "hello", []byte("other")); !errors.Is(err, bus.ErrConflict) {
		t.Errorf("second create: error = %v, want ErrConflict", err)
	}
	second, err := b.Update(ctx, "hello", []byte("two"), first)
	if err != nil || second <= first {
		t.Errorf("update: revision = %d, %v, want more than %d", second, err, first)
	}
	if _, err := b.Update(ctx, "hello", []byte("lost"), first); !errors.Is(err, bus.ErrConflict) {
		t.Errorf("update of an old revision: error = %v, want ErrConflict", err)
	}
	e, err := b.Get(ctx, "hello")
	if err != nil || string(e.Value) != "two" || e.Revision != second || e.Key != "hello" {
		t.Errorf("get = %+v, %v, want two at revision %d", e, err, second)
	}
	if err := b.Delete(ctx, "hello", first); !errors.Is(err, bus.ErrConflict) {
		t.Errorf("delete of an old revision: error = %v, want ErrConflict", err)
	}
	if err := b.Delete(ctx, "hello", second); err != nil {
		t.Error(err)
	}
	if _, err := b.Get(ctx, "hello"); !errors.Is(err, bus.ErrNoRecord) {
		t.Errorf("get after delete: error = %v, want ErrNoRecord", err)
	}
	if _, err := b.Create(ctx, "hello", []byte("again")); err != nil {
		t.Errorf("create after delete: %v", err)
	}
}

func TestAnyKeyIsAKey(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := bustest.Join(t, newKeeper(t)).Bucket("apps")
	keys := []string{"", ".", "a.b", "a b", "*", ">", "=", "=2e", "%", "é", "A", "a", "a/b", "\x00\n", strings.Repeat("x", 512)}
	for _, key := range keys {
		if _, err := b.Create(ctx, key, []byte("value of "+key)); err != nil {
			t.Errorf("create %q: %v", key, err)
		}
		if e, err := b.Get(ctx, key); err != nil || string(e.Value) != "value of "+key {
			t.Errorf("get %q = %q, %v", key, e.Value, err)
		}
	}
	all, err := b.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		got = append(got, e.Key)
	}
	slices.Sort(got)
	slices.Sort(keys)
	if !slices.Equal(got, keys) {
		t.Errorf("keys = %q, want %q", got, keys)
	}
	if _, err := b.Create(ctx, strings.Repeat("x", 513), nil); err == nil {
		t.Error("a key of 513 bytes was taken")
	}
}

func TestBucketsDoNotMix(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	conn := bustest.Join(t, newKeeper(t))
	if _, err := conn.Bucket("apps").Create(ctx, "x", []byte("app")); err != nil {
		t.Fatal(err)
	}
	if all, err := conn.Bucket("app").List(ctx); err != nil || len(all) != 0 {
		t.Errorf("another bucket has %v, %v, want nothing", all, err)
	}
	if _, err := conn.Bucket("routes").Create(ctx, "x", []byte("route")); err != nil {
		t.Errorf("create of the same key elsewhere: %v", err)
	}
}

// Two writers that read, change and write back lose nothing: each of 2 × 25 additions is in the sum.
func TestTwoWritersNeverLoseAnUpdate(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newKeeper(t)
	if _, err := bustest.Join(t, s).Bucket("n").Create(ctx, "sum", []byte("0")); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for range 2 {
		b := bustest.Join(t, s).Bucket("n")
		writers.Go(func() {
			for range 25 {
				add(ctx, t, b)
			}
		})
	}
	writers.Wait()
	if e, err := bustest.Join(t, s).Bucket("n").Get(ctx, "sum"); err != nil || string(e.Value) != "50" {
		t.Errorf("sum = %s, %v, want 50", e.Value, err)
	}
}

// add adds one, however often others come first.
func add(ctx context.Context, t *testing.T, b *bus.Bucket) {
	for {
		e, err := b.Get(ctx, "sum")
		if err != nil {
			t.Error(err)
			return
		}
		n := 0
		if _, err := fmt.Sscan(string(e.Value), &n); err != nil {
			t.Error(err)
			return
		}
		_, err = b.Update(ctx, "sum", []byte(fmt.Sprint(n+1)), e.Revision)
		if err == nil {
			return
		}
		if !errors.Is(err, bus.ErrConflict) {
			t.Error(err)
			return
		}
	}
}

func TestWatchTellsWhatThereIsAndThenWhatChanges(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := bustest.Join(t, newKeeper(t)).Bucket("apps")
	old, err := b.Create(ctx, "a.b", []byte("old"))
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- b.Watch(ctx, func(e bus.Entry) {
			if e.Value == nil {
				told <- e.Key + " deleted"
				return
			}
			told <- e.Key + "=" + string(e.Value)
		}, func() { told <- "current" })
	}()
	for _, want := range []string{"a.b=old", "current"} {
		if got := <-told; got != want {
			t.Fatalf("told %q, want %q", got, want)
		}
	}
	if _, err := b.Create(ctx, "c", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "a.b", old); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"c=new", "a.b deleted"} {
		if got := <-told; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("watch ended with %v, want context.Canceled", err)
	}
}

// BenchmarkRecordUpdate is a change of a record that is on the disk when it is answered.
func BenchmarkRecordUpdate(b *testing.B) {
	k := bustest.Join(b, newKeeper(b)).Bucket("apps")
	rev, err := k.Create(b.Context(), "hello", []byte("0"))
	if err != nil {
		b.Fatal(err)
	}
	value := make([]byte, 1000)
	for b.Loop() {
		if rev, err = k.Update(b.Context(), "hello", value, rev); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecordList reads a thousand records.
func BenchmarkRecordList(b *testing.B) {
	k := bustest.Join(b, newKeeper(b)).Bucket("apps")
	for i := range 1000 {
		if _, err := k.Create(b.Context(), fmt.Sprint(i), make([]byte, 1000)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if all, err := k.List(b.Context()); err != nil || len(all) != 1000 {
			b.Fatalf("%d records, %v", len(all), err)
		}
	}
}
