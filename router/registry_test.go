package router

import (
	"maps"
	"slices"
	"testing"
	"time"
)

func TestRegistryFollowsItsMessages(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	r := newRegistry()
	first := &endpoint{addr: "h:1", app: "first", session: "s1"}
	if got := r.register([]string{"a", "b"}, first, now); !slices.Equal(got, []change{{"a", 1}, {"b", 1}}) {
		t.Errorf("registered %v", got)
	}
	if got := r.register([]string{"a", "b"}, first, now); got != nil {
		t.Errorf("registered again: %v is new, want nothing", got)
	}
	if got := r.register([]string{"a"}, &endpoint{addr: "h:2"}, now); !slices.Equal(got, []change{{"a", 2}}) {
		t.Errorf("second endpoint: %v", got)
	}
	if u, d := r.size(); u != 2 || d != 3 {
		t.Errorf("size = %d URIs, %d droplets, want 2 and 3", u, d)
	}
	if got := r.unregister([]string{"a", "b", "unknown"}, "h:1"); !slices.Equal(got, []change{{"a", 1}, {"b", 0}, {"unknown", 0}}) {
		t.Errorf("unregistered %v", got)
	}
	if got := r.uris(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("URIs left = %v, want only a", got)
	}
	if e := r.pick("b", ""); e != nil {
		t.Errorf("b is still served at %s", e.addr)
	}
}

// A DEA that was killed and started again may give a port to another app before the router has missed the first.
func TestNewInstanceOnAKnownPortTakesThePlaceOfTheOld(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.register([]string{"a"}, &endpoint{addr: "h:1", app: "old", session: "s1"}, time.Time{})
	r.register([]string{"a"}, &endpoint{addr: "h:1", app: "new", session: "s2"}, time.Time{})
	if e := r.pick("a", ""); e.app != "new" || e.session != "s2" {
		t.Errorf("a is served by %s with session %s, want new with s2", e.app, e.session)
	}
	if _, d := r.size(); d != 1 {
		t.Errorf("droplets = %d, want 1", d)
	}
}

func TestEndpointsTakeTurns(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	addrs := []string{"h:1", "h:2", "h:3"}
	for _, addr := range addrs {
		r.register([]string{"a"}, &endpoint{addr: addr, session: "s" + addr}, time.Time{})
	}
	first := slices.Index(addrs, r.pick("a", "").addr)
	for i := range 10 {
		if got, want := r.pick("a", "").addr, addrs[(first+1+i)%3]; got != want {
			t.Fatalf("pick %d is %s, want %s, whose turn it is", i, got, want)
		}
	}
	for _, addr := range addrs {
		if e := r.pick("a", "s"+addr); e.addr != addr {
			t.Errorf("session of %s leads to %s", addr, e.addr)
		}
	}
	if r.pick("a", "a session that is over") == nil {
		t.Error("a stale session finds nobody")
	}
}

func TestPickLeavesOutWhoFailed(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	one, two := &endpoint{addr: "h:1", session: "s1"}, &endpoint{addr: "h:2"}
	r.register([]string{"a"}, one, time.Time{})
	r.register([]string{"a"}, two, time.Time{})
	for range 4 {
		if e := r.pick("a", "s1", one); e != two {
			t.Errorf("picked %v, want the one that has not failed, whoever has the session", e)
		}
	}
	if e := r.pick("a", "", one, two); e != nil {
		t.Errorf("picked %v, though all have failed", e)
	}
}

func TestDropTakesAnEndpointFromAllURIsUnlessItIsNew(t *testing.T) {
	t.Parallel()
	tried := time.Unix(1000, 0)
	r := newRegistry()
	dead := &endpoint{addr: "h:1"}
	r.register([]string{"b", "a"}, dead, tried.Add(-time.Second))
	r.register([]string{"again"}, dead, tried)
	r.register([]string{"a"}, &endpoint{addr: "h:2"}, tried.Add(-time.Second))
	if got := r.drop("h:1", tried); !slices.Equal(got, []change{{"a", 1}, {"b", 0}}) {
		t.Errorf("dropped %v, want a, where one is left, and b", got)
	}
	want := map[string][]string{"a": {"h:2"}, "again": {"h:1"}}
	if got := r.routes(); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("routes = %v, want %v", got, want)
	}
}

func TestPruneTakesOnlyTheSilent(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	r := newRegistry()
	r.register([]string{"silent", "both"}, &endpoint{addr: "h:1"}, start)
	r.register([]string{"both"}, &endpoint{addr: "h:2"}, start.Add(time.Minute))
	if got := r.prune(start); got != nil {
		t.Errorf("pruned %v that is not older than the cutoff", got)
	}
	want := []stale{{"both", "h:1"}, {"silent", "h:1"}}
	if got := r.prune(start.Add(time.Second)); !slices.Equal(got, want) {
		t.Errorf("pruned %v, want %v", got, want)
	}
	if e := r.pick("both", ""); e == nil || e.addr != "h:2" {
		t.Errorf("both is served by %v, want h:2", e)
	}
	r.touch(start.Add(time.Hour))
	if got := r.prune(start.Add(59 * time.Minute)); got != nil {
		t.Errorf("pruned %v that was just touched", got)
	}
}
