package router

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
)

// hear collects what is published on a subject.
func hear[T any](tb testing.TB, b *bus.Bus, s protocol.Subject[T]) <-chan T {
	tb.Helper()
	got := make(chan T, 100)
	if _, err := bus.Subscribe(b, s, func(v T) { got <- v }); err != nil {
		tb.Fatal(err)
	}
	if err := b.Connected(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return got
}

// follow lets r listen to the bus, without HTTP, until the test ends.
func follow(tb testing.TB, r *Router) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- r.follow(ctx, func() { close(ready) }) }()
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("follow ended with %v", err)
		}
	})
	<-ready
}

func TestRouterIntroducesItselfAndAsksForRoutes(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	other := bustest.Join(t, s)
	starts, announced := hear(t, other, protocol.RouterStart), hear(t, other, protocol.ComponentAnnounce)
	log := newLines()
	run(t, newRouter(t, bustest.Join(t, s), nil, slog.New(log)))
	c, hello := <-announced, <-starts
	if c.Type != "Router" || hello.ID != c.UUID || hello.Version != 0.98 || !slices.Equal(hello.Hosts, []string{"127.0.0.1"}) {
		t.Errorf("component %+v said %+v", c, hello)
	}
	log.await(t, "Starting VCAP Router (0.98)")
}

func TestGreetIsAnsweredWithWhatRouterStartSaysAndMore(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	starts := hear(t, b, protocol.RouterStart)
	run(t, newRouter(t, b, nil, slog.New(slog.DiscardHandler)))
	start := <-starts
	answers := make(chan []byte, 3)
	if _, err := b.Tap("answers", func(m bus.Message) { answers <- m.Payload }); err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{"", "{}", "garbage"} { // nobody reads it
		if err := b.PublishRaw("router.greet", "answers", []byte(payload)); err != nil {
			t.Fatal(err)
		}
		answer := <-answers
		hello, err := protocol.Decode[protocol.RouterHello](answer)
		if err != nil || hello.ID != start.ID || hello.Version != 0.98 || !slices.Equal(hello.Hosts, start.Hosts) || hello.RegisterInterval != 30 || hello.PruneThreshold != 120 {
			t.Errorf("greeted with %q, the router said %s, %v, want what is in router.start, 30 and 120", payload, answer, err)
		}
	}
	if start.RegisterInterval != 0 || start.PruneThreshold != 0 {
		t.Errorf("router.start is %+v, with keys that router 0.98 did not have", start)
	}
}

func TestUnusableRegistrationIsOneLineOfTheLog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload string
		want    []string
	}{
		"one URI that is none": {`{"host":"127.0.0.1","port":1,"uris":["a b"]}`, []string{
			"URIs passed over that no request can ask for",
		}},
		"several, and one that is": {`{"host":"127.0.0.1","port":1,"uris":["http://a/","","good.localhost",null]}`, []string{
			"URIs passed over that no request can ask for", "Registering good.localhost at 127.0.0.1:1", "1 servers available for good.localhost",
		}},
		"a host that is none": {`{"host":"a b","port":1,"uris":["a.localhost"]}`, []string{"registration passed over: there is no such address"}},
		"no port":             {`{"host":"127.0.0.1","port":null,"uris":["a.localhost"]}`, nil},
		"no URIs":             {`{"host":"127.0.0.1","port":1,"uris":[]}`, nil},
		"null for URIs":       {`{"host":"127.0.0.1","port":1,"uris":null}`, nil},
	} {
		log := newLines()
		r := newRouter(t, bustest.New(t), nil, slog.New(log))
		m, err := protocol.Decode[protocol.Route]([]byte(c.payload))
		if err != nil {
			t.Fatal(err)
		}
		r.onRegister(m)
		close(log.out)
		var got []string
		for line := range log.out {
			got = append(got, line)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: logged %q, want %q", name, got, c.want)
		}
	}
}

func TestRouteLivesFromRegisterToUnregister(t *testing.T) {
	t.Parallel()
	log := newLines()
	b := bustest.New(t)
	r := newRouter(t, b, nil, slog.New(log))
	run(t, r)
	m := routeTo(t, "http://127.0.0.1:4711", "Hello.vcap.me")
	for range 2 { // the second time it is no news
		if err := bus.Publish(b, protocol.RouterRegister, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Publish(b, protocol.RouterUnregister, m); err != nil {
		t.Fatal(err)
	}
	log.await(t, "Registering hello.vcap.me at 127.0.0.1:4711")
	between := log.await(t, "Unregistering hello.vcap.me for host 127.0.0.1:4711")
	if !slices.Equal(between, []string{"1 servers available for hello.vcap.me"}) {
		t.Errorf("in between it logged %q", between)
	}
	log.await(t, "0 servers available for hello.vcap.me")
}

// An app that starts and ends at once must not stay in the registry.
func TestMessagesAreTakenInTheirOrder(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	r := newRouter(t, b, nil, slog.New(slog.DiscardHandler))
	run(t, r)
	for i := range 1000 {
		m := routeTo(t, "http://127.0.0.1:4711", fmt.Sprintf("app-%d.localhost", i))
		if err := bus.Publish(b, protocol.RouterRegister, m); err != nil {
			t.Fatal(err)
		}
		if err := bus.Publish(b, protocol.RouterUnregister, m); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, r, b)
	if uris := r.registry.uris(); len(uris) > 0 {
		t.Errorf("%d routes were left, such as %s", len(uris), uris[0])
	}
}

// settle returns when r has handled all that was published so far. It leaves no trace.
func settle(tb testing.TB, r *Router, b *bus.Bus) {
	tb.Helper()
	marker := routeTo(tb, "http://127.0.0.1:1", "marker")
	if err := bus.Publish(b, protocol.RouterRegister, marker); err != nil {
		tb.Fatal(err)
	}
	for r.registry.pick("marker", "") == nil {
		if err := b.Flush(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
	r.onUnregister(marker)
}

func TestRouterForgetsWhatNobodyRegistersAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		dea := bustest.Join(t, s)
		r := newRouter(t, bustest.Join(t, s), nil, slog.New(slog.DiscardHandler))
		starts := hear(t, dea, protocol.RouterStart)
		follow(t, r)
		silent, alive := routeTo(t, "http://127.0.0.1:1", "silent"), routeTo(t, "http://127.0.0.1:2", "alive")
		for _, m := range []protocol.Route{silent, alive} {
			if err := bus.Publish(dea, protocol.RouterRegister, m); err != nil {
				t.Fatal(err)
			}
		}
		for tick := 1; tick <= 6; tick++ {
			time.Sleep(30*time.Second - time.Millisecond)
			if err := bus.Publish(dea, protocol.RouterRegister, alive); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			want := []string{"alive", "silent"}
			if tick > 4 { // 120 s are not more than 120 s
				want = want[:1]
			}
			if got := r.registry.uris(); !slices.Equal(got, want) {
				t.Errorf("after %d s: %v is registered, want %v", tick*30, got, want)
			}
			if asked := len(starts); asked != tick+1 {
				t.Errorf("after %d s: router.start was sent %d times, want %d", tick*30, asked, tick+1)
			}
		}
	})
}

// runBus runs a bus that has a port, until it is stopped.
func runBus(tb testing.TB, port int) (s *bus.Server, stop func()) {
	tb.Helper()
	s, err := bus.NewServer(bus.ServerConfig{Port: port})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		tb.Fatal(err)
	}
	return s, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("the bus stopped with %v", err)
		}
	})
}

// Nobody can register while the bus is away. When it is back everybody is asked, and has the whole threshold to answer.
func TestRoutesSurviveABusThatGoesAway(t *testing.T) {
	t.Parallel()
	s, stop := runBus(t, 0)
	defer stop()
	at, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	b := bus.New(bus.Options{URL: s.URL()})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	r := newRouter(t, b, nil, slog.New(slog.DiscardHandler))
	starts := hear(t, b, protocol.RouterStart)
	t.Cleanup(func() { b.Close() })
	follow(t, r)
	<-starts

	longAgo := time.Now().Add(-time.Hour)
	e := &endpoint{addr: "127.0.0.1:1"}
	r.registry.register([]string{"hello"}, e, longAgo)
	stop()
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r.prune(soon)
	if r.registry.pick("hello", "") == nil {
		t.Fatal("hello was forgotten though nobody could register it")
	}

	r.registry.register([]string{"hello"}, e, longAgo)
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	_, stop = runBus(t, port)
	defer stop()
	<-starts
	r.prune(t.Context())
	if r.registry.pick("hello", "") == nil {
		t.Error("hello was forgotten before it could be registered again")
	}
	r.registry.register([]string{"hello"}, e, longAgo)
	r.prune(t.Context())
	if r.registry.pick("hello", "") != nil {
		t.Error("hello is still there, though the bus is, and nobody registers it")
	}
}

// What the DEA of 2012 was recorded to send.
func TestRecordedTrafficIsFollowed(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile("testdata/v1-dea-router.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	b := bustest.New(t)
	r := newRouter(t, b, nil, slog.New(slog.DiscardHandler))
	follow(t, r)
	var story []string
	for lines := bufio.NewScanner(bytes.NewReader(recorded)); lines.Scan(); {
		var m struct {
			Subject string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if string(m.Payload) == `""` {
			m.Payload = nil
		}
		if err := b.PublishRaw(m.Subject, "", m.Payload); err != nil {
			t.Fatal(err)
		}
		settle(t, r, b)
		now := strings.Join(r.registry.uris(), " ")
		if len(story) == 0 || story[len(story)-1] != now {
			story = append(story, now)
		}
	}
	want := []string{
		"envapp.vcap.me", "envapp.vcap.me new.vcap.me", "new.vcap.me", "", "app2.vcap.me", "", "app2.vcap.me", "", "numericid.vcap.me", "", "again.vcap.me", "",
	}
	if !slices.Equal(story, want) {
		t.Errorf("registered were, one after the other:\n%q\nwant\n%q", story, want)
	}
}
