// Package webserver runs the HTTP server of a component: it listens, serves until a context ends, gives running requests a
// short time to finish, and leaves neither a connection nor a handler behind.
//
// What net/http has for this forgets two things that components need: a stop that lets nothing of it run on (a handler may
// own half an upload, a proxied websocket is not even counted), and an error a person can act on when the port is taken.
package webserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

const (
	// headerTimeout ends a connection whose request header is not complete by then. Bodies may take as long as they need.
	headerTimeout = 10 * time.Second
	// idleTimeout ends a connection that waits for its next request; longer than any client of ours keeps one.
	idleTimeout = 2 * time.Minute
	// defaultGrace is what running requests get to finish.
	defaultGrace = 2 * time.Second
)

// Server says how to serve. All but Handler may be left zero.
type Server struct {
	Handler   http.Handler
	Grace     time.Duration // how long running requests may take to end after a stop; 0 means 2 s
	MaxHeader int           // bytes of a request's header; 0 means 1 MiB
	Log       *slog.Logger  // nil discards
}

// Listen opens a TCP port for a component; port 0 is any free one. When the port is somebody else's the error is a
// *TakenError.
func Listen(component, host string, port int) (net.Listener, error) {
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &TakenError{Component: component, Addr: addr, Err: err}
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// URL is where a listener is reached from this machine.
func URL(l net.Listener) string {
	a := l.Addr().(*net.TCPAddr)
	host := a.IP.String()
	if a.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(a.Port))
}

// TakenError says that another program has the port.
type TakenError struct {
	Component string // whose configuration names the port
	Key       string // by which it does; empty means "port"
	Addr      string
	Err       error // is syscall.EADDRINUSE
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("listen on %s: the port is taken by another program", e.Addr)
}

// Unwrap makes errors.Is(err, syscall.EADDRINUSE) work.
func (e *TakenError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *TakenError) Hint() string {
	_, port, _ := net.SplitHostPort(e.Addr)
	return fmt.Sprintf("`lsof -i :%s` shows which program it is; stop that, or give the %s another port with `%s` in %s.yml (0 is any free port)",
		port, e.Component, cmp.Or(e.Key, "port"), e.Component)
}

// Serve answers requests on l until ctx ends, and closes l. Requests that are running then may take as long as Grace; after that
// their contexts are cancelled and their connections closed. Every handler has returned when Serve does. The error is nil
// after an ordinary stop.
func (s Server) Serve(ctx context.Context, l net.Listener) error {
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var running gate
	server := s.build(base, running.guard(s.Handler))
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()

	var failure error
	select {
	case err := <-served:
		failure = fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
		s.quiesce(base, server)
		defer func() { <-served }() //nolint:errcheck // it is http.ErrServerClosed
	}
	cut() // reaches what Shutdown does not know: requests that became websockets
	_ = server.Close()
	<-running.shut()
	return failure
}

func (s Server) build(base context.Context, h http.Handler) *http.Server {
	log := s.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h1 := new(http.Protocols)
	h1.SetHTTP1(true)
	return &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return base },
		Protocols:         h1,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    s.MaxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// quiesce lets running requests end, for as long as they may.
func (s Server) quiesce(base context.Context, server *http.Server) {
	grace := s.Grace
	if grace == 0 {
		grace = defaultGrace
	}
	ctx, cancel := context.WithTimeout(base, grace)
	defer cancel()
	_ = server.Shutdown(ctx) // what is not over in time is closed by the caller
}
