package router

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// playDEA registers these routes whenever a router asks.
func playDEA(tb testing.TB, b *bus.Bus, routes ...protocol.Route) {
	tb.Helper()
	_, err := bus.Subscribe(b, protocol.RouterStart, func(protocol.RouterHello) {
		for _, m := range routes {
			if err := bus.Publish(b, protocol.RouterRegister, m); err != nil {
				tb.Error(err)
			}
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := b.Connected(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func TestRouteOfAnAppThatDiedWithTheBusIsForgottenSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		dea := bustest.Join(t, s)
		r := newRouter(t, bustest.Join(t, s), nil, slog.New(slog.DiscardHandler))
		playDEA(t, dea, routeTo(t, "http://127.0.0.1:1", "alive"))
		follow(t, r)
		settle(t, r, dea)
		r.onRegister(routeTo(t, "http://127.0.0.1:2", "dead"))
		time.Sleep(5 * time.Second)

		r.onBusBack()
		back := time.Now()
		for _, step := range []struct {
			after time.Duration
			want  []string
		}{
			{0, []string{"alive", "dead"}},
			{9 * time.Second, []string{"alive", "dead"}}, // a DEA may come back later than the router
			{11 * time.Second, []string{"alive"}},
			{5 * time.Minute, []string{"alive"}},
		} {
			time.Sleep(time.Until(back.Add(step.after)))
			synctest.Wait()
			if got := r.registry.uris(); !slices.Equal(got, step.want) {
				t.Errorf("%v after the bus was back: %v is registered, want %v", step.after, got, step.want)
			}
		}
	})
}

// Whoever comes back later than the router has not heard its first question.
func TestDEAThatComesBackLaterThanTheRouterKeepsItsRoutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		r := newRouter(t, bustest.Join(t, s), nil, slog.New(slog.DiscardHandler))
		follow(t, r)
		late := routeTo(t, "http://127.0.0.1:1", "late")
		r.onRegister(late)
		time.Sleep(5 * time.Second)
		r.onBusBack()
		time.Sleep(7 * time.Second)
		playDEA(t, bustest.Join(t, s), late)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := r.registry.uris(); !slices.Equal(got, []string{"late"}) {
			t.Errorf("%v is registered, want late", got)
		}
	})
}

func TestNoRouteIsForgottenWhileTheBusIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := bus.NewServer(bus.ServerConfig{NoListen: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ready, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
		<-ready
		b := bustest.Join(t, s)
		r := newRouter(t, b, nil, slog.New(slog.DiscardHandler))
		follow(t, r)
		r.onRegister(routeTo(t, "http://127.0.0.1:1", "hello"))
		time.Sleep(5 * time.Second)
		r.onBusBack() // and away again
		time.Sleep(time.Second)
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := r.registry.uris(); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("%v is registered, want hello", got)
		}
	})
}

func TestDeadRouteGoesWithARealRestartOfTheBus(t *testing.T) {
	t.Parallel()
	s, stop := runBus(t, 0)
	defer stop()
	at, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	join := func() *bus.Bus {
		b := bus.New(bus.Options{URL: s.URL()})
		if err := b.Open(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	dea, b := join(), join()
	r := newRouter(t, b, nil, slog.New(slog.DiscardHandler))
	r.askAgain = 200 * time.Millisecond
	playDEA(t, dea, routeTo(t, "http://127.0.0.1:1", "alive"))
	follow(t, r)
	settle(t, r, dea)
	r.onRegister(routeTo(t, "http://127.0.0.1:2", "dead"))

	stop()
	_, stop = runBus(t, port)
	defer stop()
	testkit.Eventually(t, 30*time.Second, "the dead route to go, and the other to stay", func() bool {
		return slices.Equal(r.registry.uris(), []string{"alive"})
	})
}
