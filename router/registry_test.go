package router

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/protocol"
)

func TestHostIsLookedUpWithoutPortCaseAndFinalDot(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"hello.localhost":       "hello.localhost",
		"HELLO.LocalHost":       "hello.localhost",
		"hello.localhost:8080":  "hello.localhost",
		"hello.localhost.":      "hello.localhost",
		"hello.localhost.:8080": "hello.localhost",
		"hello.localhost:":      "hello.localhost",
		"127.0.0.1:8080":        "127.0.0.1",
		"[::1]:8080":            "[::1]",
		"[::1]":                 "[::1]",
		"::1":                   "::1",
		"hello:port":            "hello:port",
		"":                      "",
	} {
		if got := uriKey(host); got != want {
			t.Errorf("uriKey(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestOnlyWhatCanBeDialledIsTakenFromAMessage(t *testing.T) {
	t.Parallel()
	port := func(n int) *protocol.Int { i := protocol.Int(n); return &i }
	for name, c := range map[string]struct {
		m    protocol.Route
		want string
	}{
		"an address":                  {protocol.Route{Host: "127.0.0.1", Port: port(80)}, "127.0.0.1:80"},
		"a name":                      {protocol.Route{Host: "dea-1.example", Port: port(80)}, "dea-1.example:80"},
		"IPv6":                        {protocol.Route{Host: "::1", Port: port(80)}, "[::1]:80"},
		"IPv6 in brackets":            {protocol.Route{Host: "[::1]", Port: port(80)}, "[::1]:80"},
		"no port":                     {protocol.Route{Host: "127.0.0.1"}, ""},
		"port 0":                      {protocol.Route{Host: "127.0.0.1", Port: port(0)}, ""},
		"port 65536":                  {protocol.Route{Host: "127.0.0.1", Port: port(65536)}, ""},
		"no host":                     {protocol.Route{Port: port(80)}, ""},
		"a host with a port":          {protocol.Route{Host: "127.0.0.1:22", Port: port(80)}, ""},
		"a host with a user":          {protocol.Route{Host: "a@b", Port: port(80)}, ""},
		"a host with a path":          {protocol.Route{Host: "a/b", Port: port(80)}, ""},
		"a host with a line break":    {protocol.Route{Host: "a\r\nb", Port: port(80)}, ""},
		"an interface":                {protocol.Route{Host: "fe80::1%eth0", Port: port(80)}, ""},
		"a host that is far too long": {protocol.Route{Host: strings.Repeat("a", 256), Port: port(80)}, ""},
	} {
		if got, _ := addrOf(c.m); got != c.want {
			t.Errorf("%s: dials %q, want %q", name, got, c.want)
		}
	}
}

func TestURIsThatNoHostHeaderCanBeAreDropped(t *testing.T) {
	t.Parallel()
	got := keysOf([]string{"A.vcap.me", "a.vcap.me", "", " ", "b c", "d\x00", "é.vcap.me", strings.Repeat("x", 256), "*.vcap.me", "a.vcap.me/path"})
	want := []string{"a.vcap.me", "*.vcap.me", "a.vcap.me/path"}
	if !slices.Equal(got, want) {
		t.Errorf("keys = %q, want %q", got, want)
	}
}

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

func TestEveryEndpointGetsItsShare(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	for _, addr := range []string{"h:1", "h:2", "h:3"} {
		r.register([]string{"a"}, &endpoint{addr: addr, session: "s" + addr}, time.Time{})
	}
	got := map[string]int{}
	for range 3000 {
		got[r.pick("a", "").addr]++
	}
	for _, addr := range []string{"h:1", "h:2", "h:3"} {
		if got[addr] < 800 || got[addr] > 1200 {
			t.Errorf("%s was picked %d times of 3000, want about 1000", addr, got[addr])
		}
		if e := r.pick("a", "s"+addr); e.addr != addr {
			t.Errorf("session of %s leads to %s", addr, e.addr)
		}
	}
	if r.pick("a", "a session that is over") == nil {
		t.Error("a stale session finds nobody")
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
