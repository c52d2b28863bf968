package filer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/internal/webserver"
)

func TestViewerListensWhereItSays(t *testing.T) {
	t.Parallel()
	f := New(Config{Apps: t.TempDir(), IP: "127.0.0.1", User: "user", Password: "secret", Log: testkit.Logger(t)})
	if err := f.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- f.Serve(ctx) }()
	req, err := http.NewRequest(http.MethodGet, f.URI(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(f.Credentials()[0], f.Credentials()[1])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.HasSuffix(f.URI(), "/droplets/") {
		t.Errorf("GET %s = %s", f.URI(), res.Status)
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

func TestViewerWithoutPort(t *testing.T) {
	t.Parallel()
	f := New(Config{IP: "127.0.0.1", Port: NoPort, Log: testkit.Logger(t)})
	if err := f.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Serve(t.Context()); err != nil { // returns at once
		t.Fatal(err)
	}
	if f.Port() != nil || f.URI() != "http://127.0.0.1/droplets/" {
		t.Errorf("port %v at %s, want none", f.Port(), f.URI())
	}
}

func TestTakenPortIsAnErrorThatHelps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f := New(Config{IP: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Log: testkit.Logger(t)})
		began := time.Now()
		err = f.Listen(t.Context())
		taken, ok := errors.AsType[*webserver.TakenError](err)
		if !ok || !strings.Contains(taken.Hint(), "`filer_port` in dea.yml") || time.Since(began) != 4*time.Second {
			t.Errorf("Listen on a port that is taken = %v after %v, want a hint at filer_port after 4 s", err, time.Since(began))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.Listen(ctx); err != nil {
			t.Errorf("Listen when told to stop = %v, want nothing", err)
		}
	})
}
