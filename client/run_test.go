package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// dea plays the messages of a DEA, as a script says.
type dea struct {
	tb testing.TB
	b  *bus.Bus
}

func publish[T any](d dea, s protocol.Subject[T], v T) {
	if err := bus.Publish(d.b, s, v); err != nil {
		d.tb.Error(err)
	}
}

// beat says that an instance runs since a time.
func (d dea) beat(instance string, since time.Time) {
	publish(d, protocol.DEAHeartbeat, protocol.Heartbeat{DEA: "dea-1", Droplets: []protocol.HeartbeatEntry{
		{Droplet: "hello", Version: "1-1", Instance: instance, State: protocol.Running, StateTimestamp: since.Unix()},
	}})
}

func (d dea) register(port int) {
	p := protocol.Int(port)
	publish(d, protocol.RouterRegister, protocol.Route{DEA: "dea-1", App: "hello", Host: "127.0.0.1", Port: &p, URIs: []string{"hello.localhost"}})
}

func (d dea) exit(instance string, reason protocol.ExitReason) {
	e := protocol.Exited{Droplet: "hello", Version: "1-1", Instance: instance, Reason: reason}
	if reason == protocol.ExitCrashed {
		e.CrashTimestamp = time.Now().Unix()
	}
	publish(d, protocol.DropletExited, e)
}

func (d dea) routerAsks() { publish(d, protocol.RouterStart, protocol.RouterHello{}) }

func TestRunFollowsTheInstanceItStarted(t *testing.T) {
	t.Parallel()
	long := time.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		script func(dea)
		uris   []string
		port   int   // that the route has, when all goes well
		err    error // that is found in the error
	}{
		"it runs and is registered": {
			script: func(d dea) { d.beat("new", time.Now()); d.register(4711) },
			uris:   []string{"hello.localhost"}, port: 4711,
		},
		"a DEA that only registers": {
			script: func(d dea) { d.register(4711) },
			uris:   []string{"hello.localhost"}, port: 4711,
		},
		"an older instance is registered again in between": {
			script: func(d dea) { d.routerAsks(); d.register(1); d.beat("new", time.Now()); d.register(4711) },
			uris:   []string{"hello.localhost"}, port: 4711,
		},
		"the heartbeat of an older instance": {
			script: func(d dea) {
				d.routerAsks()
				d.beat("old", long)
				d.register(1)
				d.beat("new", time.Now())
				d.register(4711)
			},
			uris: []string{"hello.localhost"}, port: 4711,
		},
		"an app without URIs": {
			script: func(d dea) { d.beat("old", long); d.beat("new", time.Now()) },
		},
		"the older instance is stopped": {
			script: func(d dea) {
				d.exit("old", protocol.ExitStopped)
				d.beat("new", time.Now())
				d.exit("old", protocol.ExitCrashed)
				d.register(4711)
			},
			uris: []string{"hello.localhost"}, port: 4711,
		},
		"it crashes": {
			script: func(d dea) { d.exit("new", protocol.ExitCrashed) },
			uris:   []string{"hello.localhost"}, err: client.ErrCrashed,
		},
		"nothing of it is heard": {
			script: func(d dea) { d.beat("old", long); d.routerAsks(); d.register(1) },
			uris:   []string{"hello.localhost"}, err: context.DeadlineExceeded,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bustest.NewServer(t)
			d := dea{t, bustest.Join(t, s)}
			subject, err := protocol.DEAStart("dea-1")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bus.Subscribe(d.b, subject, func(protocol.StartRequest) { c.script(d) }); err != nil {
				t.Fatal(err)
			}
			if err := d.b.Connected(t.Context()); err != nil {
				t.Fatal(err)
			}
			wait := time.Minute
			if errors.Is(c.err, context.DeadlineExceeded) {
				wait = 200 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			route, err := client.Run(ctx, bustest.Join(t, s), "dea-1", protocol.StartRequest{
				Droplet: "hello", Version: "1-1", URIs: c.uris, RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19"},
			})
			if c.err != nil {
				if _, ok := errors.AsType[*client.StartError](err); !ok || !errors.Is(err, c.err) || hintOf(t, err) == "" {
					t.Errorf("error = %v, want a StartError of %v", err, c.err)
				}
				return
			}
			port := 0
			if route.Port != nil {
				port = int(*route.Port)
			}
			if err != nil || port != c.port {
				t.Errorf("route = %+v (port %d), %v, want port %d", route, port, err, c.port)
			}
		})
	}
}

func TestInstanceThatIsStoppedBeforeItIsRoutedDoesNotCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		d := dea{t, bustest.Join(t, s)}
		subject, err := protocol.DEAStart("dea-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bus.Subscribe(d.b, subject, func(protocol.StartRequest) {
			d.beat("new", time.Now())
			d.exit("new", protocol.ExitStopped)
		}); err != nil {
			t.Fatal(err)
		}
		if err := d.b.Connected(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err = client.Run(ctx, bustest.Join(t, s), "dea-1", protocol.StartRequest{
			Droplet: "hello", Version: "1-1", URIs: []string{"hello.localhost"}, RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19"},
		})
		if e, ok := errors.AsType[*client.StartError](err); !ok || e.Instance != "new" {
			t.Errorf("error = %+v, want one that names the instance", err)
		}
		if want := "start hello/0: it was ended (droplet.exited STOPPED)"; err == nil || err.Error() != want {
			t.Errorf("error = %v, want %q", err, want)
		}
		if took := time.Since(began); took >= time.Minute {
			t.Errorf("it took %s to notice", took)
		}
	})
}

// A DEA drops such messages, and nobody would ever answer.
func TestStartThatNoDEACouldUnderstandIsNotSent(t *testing.T) {
	t.Parallel()
	good := protocol.StartRequest{Droplet: "hello", RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19"}}
	for want, start := range map[string]struct {
		dea string
		req protocol.StartRequest
	}{
		"cannot be a DEA's id":         {"a.b *", good},
		"runtime_info.name is missing": {"dea-1", protocol.StartRequest{Droplet: "hello"}},
	} {
		if _, err := client.Run(t.Context(), bustest.New(t), start.dea, start.req); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q in it", err, want)
		}
	}
}
