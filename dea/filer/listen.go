package filer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/minicf/minicf/internal/webserver"
)

// How often, and how far apart, a port that is taken is tried.
const (
	attempts   = 5
	retryPause = time.Second
)

// grace is what requests get to end when the DEA stops. Those that follow a file have ended then: their instances are gone.
const grace = 500 * time.Millisecond

// Listen takes the port. One that is taken is tried again for four seconds, as in 2012, since another DEA may be on its way out; the error then
// is a *webserver.TakenError.
func (f *Filer) Listen(ctx context.Context) (err error) {
	if f.cfg.Port == NoPort {
		return nil
	}
	for n := 1; ; n++ {
		f.listener, err = webserver.Listen("dea", f.cfg.IP, f.cfg.Port)
		if err == nil {
			f.cfg.Log.Info(fmt.Sprintf("File service started on port: %d", *f.Port()))
			return nil
		}
		if taken, ok := errors.AsType[*webserver.TakenError](err); ok {
			taken.Key = "filer_port"
		}
		if n == attempts || !errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("start the file viewer: %w", err)
		}
		f.cfg.Log.Error(fmt.Sprintf("Filer service failed to start: %d already in use?", f.cfg.Port), "error", err)
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return nil // told to stop; there is nothing to serve then
		}
	}
}

// Serve answers until ctx ends, and gives the port back. Nobody serves who does not listen.
func (f *Filer) Serve(ctx context.Context) error {
	if f.listener == nil {
		return nil
	}
	return webserver.Server{Handler: f, Grace: grace, Log: f.cfg.Log}.Serve(ctx, f.listener)
}

// Close gives the port back when Serve is not called.
func (f *Filer) Close() {
	if f.listener != nil {
		f.listener.Close()
	}
}

// Port is the one that it listens on, nil when there is none.
func (f *Filer) Port() *int {
	if f.listener == nil {
		return nil
	}
	port := f.listener.Addr().(*net.TCPAddr).Port
	return &port
}

// URI is what the names of instance directories are appended to. Without a port it leads nowhere, as that of a DEA did that had no filer_port.
func (f *Filer) URI() string {
	host := f.cfg.IP
	if port := f.Port(); port != nil {
		host = net.JoinHostPort(host, fmt.Sprint(*port))
	}
	return "http://" + host + mount + "/"
}
