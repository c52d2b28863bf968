package router

import (
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"time"
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

// The headers that routers put on requests and answers, as net/http writes them: to HTTP, capitals are all the same.
const (
	trailHeader     = "X-Vcap-Router-Trail" // the ids of the routers that a request has passed, so that one that comes round again is recognised
	requestIDHeader = "X-Vcap-Request-Id"
	appHeader       = "X-Cf-Applicationid" // to which app a request goes
	instanceHeader  = "X-Cf-Instanceid"    // and to which of its instances

	// Who asks with the right key learns who answered.
	traceHeader        = "X-Vcap-Trace"
	traceBackendHeader = "X-Vcap-Backend"
	traceRouterHeader  = "X-Vcap-Router"

	// Why an answer is the router's own and not an app's.
	routerErrorHeader = "X-Cf-Routererror"
	unknownRoute      = "unknown_route"
	endpointFailure   = "endpoint_failure"
)

// proxy is what all exchanges have in common.
type proxy struct {
	transport *http.Transport
	buffers   buffers
	errors    *log.Logger // of net/http, about the two ends of an exchange
}

func newProxy(l *slog.Logger) *proxy {
	h1 := new(http.Protocols)
	h1.SetHTTP1(true)
	return &proxy{
		errors: slog.NewLogLogger(l.Handler(), slog.LevelDebug),
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

// loops reports whether this router has had the request before.
func (r *Router) loops(req *http.Request) bool {
	return slices.Contains(req.Header[trailHeader], r.component.UUID())
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
