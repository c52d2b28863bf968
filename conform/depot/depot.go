// Package depot is the conformance kit's HTTP server: it has the droplets and the apps that components download, takes what they upload,
// and holds the strings of the puppets that DEAs run.
//
// It listens on a loopback port of its own, and every file has a path of its own, so that cases that run at the same time
// never meet.
package depot

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
)

// Depot is the server. Its methods may be used by many goroutines.
type Depot struct {
	url    string
	server *http.Server
	served chan struct{}

	mu    sync.Mutex
	paths map[string]http.Handler // by the first segment of the path
}

// Open starts a server on a free port of host, which is 127.0.0.1 unless components run on other machines.
func Open(host string) (*Depot, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen for the components' downloads: %w", err)
	}
	d := &Depot{url: "http://" + l.Addr().String(), paths: map[string]http.Handler{}, served: make(chan struct{})}
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(d.served)
		_ = d.server.Serve(l) // ends with ErrServerClosed, when it is closed
	}()
	return d, nil
}

// Close ends the server and all that is under way. Puppets end with it.
func (d *Depot) Close() {
	_ = d.server.Close()
	<-d.served
}

// ServeHTTP finds the file that is meant.
func (d *Depot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	d.mu.Lock()
	h := d.paths[first]
	d.mu.Unlock()
	if h == nil {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

// handle gives a handler a URL.
func (d *Depot) handle(h http.Handler) (url string) {
	id := bus.Hex(8)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paths[id] = h
	return d.url + "/" + id
}

// Refused is a URL at which nobody listens.
func Refused() string { return "http://127.0.0.1:1/nothing" }

// noted collects what arrives, and wakes who waits for it.
type noted[T any] struct {
	mu   sync.Mutex
	all  []T
	more chan struct{} // closed when there is another; nil when nobody waits
}

func (n *noted[T]) add(v T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, v)
	if n.more != nil {
		close(n.more)
		n.more = nil
	}
}

// list is what has arrived so far.
func (n *noted[T]) list() []T {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]T(nil), n.all...)
}

// wait returns the i-th that arrives, from 0. The error is ctx's.
func (n *noted[T]) wait(ctx context.Context, i int) (T, error) {
	for {
		n.mu.Lock()
		if len(n.all) > i {
			defer n.mu.Unlock()
			return n.all[i], nil
		}
		if n.more == nil {
			n.more = make(chan struct{})
		}
		more := n.more
		n.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		}
	}
}
