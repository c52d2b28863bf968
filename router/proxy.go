package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/minicf/minicf/protocol"
)

const (
	dialTimeout = 2 * time.Second
	// backendIdle is how long a connection to an app is kept for the next request. Servers close theirs after 5 s (Node)
	// and more; a request that meets such an end fails.
	backendIdle = 4 * time.Second
	// idlePerBackend is how many of them are kept. Beyond the number in use at once they save nothing; below it every request
	// leaves a connection in TIME_WAIT, until the machine has no ports left.
	idlePerBackend = 256
	maxBackendHead = 256 << 10 // bytes of an app's response header
	copyBuffer     = 32 << 10  // bytes
)

// trailHeader carries the ids of the routers that a request has passed, so that one that comes round again is recognised.
const trailHeader = "X-Vcap-Router-Trail"

// The headers of a traced request: who asks with the right key learns who answered.
const (
	traceHeader        = "X-Vcap-Trace"
	traceBackendHeader = "X-Vcap-Backend"
	traceRouterHeader  = "X-Vcap-Router"
)

// endpoint is a place where an app is served. It never changes: a new instance at the same place is a new endpoint.
type endpoint struct {
	addr    string // host:port, exactly what is dialled
	app     protocol.ID
	session string // the instance's private id, which sticky sessions go by; may be empty
	proxy   http.Handler
}

// proxy is what the endpoints have in common.
type proxy struct {
	id       string // of this router
	ip       string // that this router advertises
	traceKey string
	log      *slog.Logger
	stats    *stats
	pages    *pages

	transport *http.Transport
	buffers   buffers
}

func newProxy(id, ip, traceKey string, log *slog.Logger, s *stats, pg *pages) *proxy {
	h1 := new(http.Protocols)
	h1.SetHTTP1(true)
	return &proxy{
		id: id, ip: ip, traceKey: traceKey, log: log, stats: s, pages: pg,
		transport: &http.Transport{
			Proxy:                  nil, // what was registered is dialled, whatever the environment says
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			MaxIdleConnsPerHost:    idlePerBackend,
			IdleConnTimeout:        backendIdle,
			MaxResponseHeaderBytes: maxBackendHead,
			ExpectContinueTimeout:  time.Second,
			DisableCompression:     true,
			Protocols:              h1,
		},
	}
}

// endpoint returns the endpoint of a registration, with the handler that sends requests there. Each has a ReverseProxy of
// its own, which costs nothing, so that no request has to carry where it goes.
func (p *proxy) endpoint(addr string, m protocol.Route) *endpoint {
	e := &endpoint{addr: addr, app: m.App, session: m.PrivateInstanceID}
	e.proxy = &httputil.ReverseProxy{
		Rewrite:        func(pr *httputil.ProxyRequest) { p.rewrite(pr, addr) },
		Transport:      p.transport,
		BufferPool:     &p.buffers,
		FlushInterval:  -1, // every write of the app reaches the client at once
		ModifyResponse: func(res *http.Response) error { p.arrived(res, e); return nil },
		ErrorHandler:   func(w http.ResponseWriter, out *http.Request, err error) { p.failed(w, out, e, err) },
		ErrorLog:       slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	return e
}

// rewrite makes the request to the app from the client's: the same but for the connection, and who forwarded it.
func (p *proxy) rewrite(pr *httputil.ProxyRequest, addr string) {
	in, out := pr.In, pr.Out
	out.URL.Scheme, out.URL.Host = "http", addr
	out.Host = in.Host
	out.URL.RawQuery = in.URL.RawQuery // as it came, also where it cannot be parsed
	// Appended to, as all routers of the time did: the last entry is what this router saw.
	out.Header["X-Forwarded-For"] = in.Header["X-Forwarded-For"]
	pr.SetXForwarded()
	out.Header[trailHeader] = append(out.Header[trailHeader], p.id)
	if out.Body != nil {
		out.Body = in.Body // a *upload, which protects the server's own body as ReverseProxy's wrapper does
	}
}

// loops reports whether this router has had the request before.
func (p *proxy) loops(r *http.Request) bool {
	return slices.Contains(r.Header[trailHeader], p.id)
}

// arrived sees the head of each response of an app before the client does.
func (p *proxy) arrived(res *http.Response, e *endpoint) {
	p.stats.response(res.StatusCode)
	stick(res, e.session)
	if u, ok := res.Request.Body.(*upload); ok {
		u.answered(res)
	}
	if p.traceKey != "" && res.Request.Header.Get(traceHeader) == p.traceKey {
		res.Header.Set(traceBackendHeader, e.addr)
		res.Header.Set(traceRouterHeader, p.ip)
	}
	if ctx := res.Request.Context(); p.log.Enabled(ctx, slog.LevelDebug) {
		p.log.Debug("request routed", "host", res.Request.Host, "method", res.Request.Method, "path", res.Request.URL.Path,
			"backend", e.addr, "app_id", string(e.app), "status", res.StatusCode)
	}
}

// failed answers for an app that did not.
func (p *proxy) failed(w http.ResponseWriter, out *http.Request, e *endpoint, err error) {
	u, _ := out.Body.(*upload)
	if out.Context().Err() != nil || u != nil && u.failed.Load() {
		p.log.Debug("client went away", "host", out.Host, "backend", e.addr, "error", err)
		w.WriteHeader(http.StatusBadRequest) // nobody reads it
		return
	}
	reason := reasonOf(e.addr, err)
	p.log.Warn("app did not answer", "host", out.Host, "app_id", string(e.app), "backend", e.addr, "reason", reason, "error", err)
	p.stats.badRequests.Add(1)
	p.stats.response(http.StatusBadGateway)
	p.pages.badGateway(w, out, reason)
}

// reasonOf says in a few words why the app at addr could not answer.
func reasonOf(addr string, err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return fmt.Sprintf("connect to %s: %s", addr, dialReason(op))
	}
	if hungUp(err) {
		return addr + " closed the connection without an answer"
	}
	return fmt.Sprintf("%s did not answer: %v", addr, err)
}

// hungUp recognises the ways in which net/http says that the other end has closed the connection. One has no name.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), "server closed idle connection")
}

func dialReason(op *net.OpError) string {
	dns, isDNS := errors.AsType[*net.DNSError](op)
	switch {
	case errors.Is(op, syscall.ECONNREFUSED):
		return "refused"
	case isDNS:
		return "there is no host " + dns.Name
	case op.Timeout(), errors.Is(op, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", dialTimeout)
	default:
		return op.Err.Error()
	}
}

// buffers lends what bodies are copied through.
type buffers struct{ pool sync.Pool }

var _ httputil.BufferPool = (*buffers)(nil)

// Get returns a buffer of 32 KiB.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[copyBuffer]byte); ok {
		return p[:]
	}
	return make([]byte, copyBuffer)
}

// Put takes one back.
func (b *buffers) Put(p []byte) {
	if cap(p) >= copyBuffer {
		b.pool.Put((*[copyBuffer]byte)(p[:copyBuffer]))
	}
}
