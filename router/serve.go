package router

import (
	"io"
	"net"
	"net/http"
	"time"
)

// balancer is the User-Agent by which load balancers of the time asked whether a router is well.
const balancer = "HTTP-Monitor/1.1"

// ServeHTTP answers one request of the world.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	x := &exchange{router: r, req: req, w: responder{ResponseWriter: w}, began: time.Now()}
	if r.access != nil {
		defer func() { r.access.add(func(b []byte) []byte { return x.appendLine(b, time.Now()) }) }()
	}
	switch {
	case req.ProtoMajor != 1 || req.ProtoMinor > 1:
		x.refuseProtocol()
	case req.UserAgent() == balancer:
		_, _ = io.WriteString(&x.w, "ok\n")
	default:
		r.stats.requests.Add(1)
		r.route(x)
	}
}

func (r *Router) route(x *exchange) {
	req := x.req
	switch {
	case req.Host == "":
		x.refuse(http.StatusBadRequest, "The request has no Host header, which would say which app is meant.")
		return
	case req.Method == http.MethodConnect:
		x.refuse(http.StatusMethodNotAllowed, "This router reaches apps, not the world.")
		return
	case r.loops(req):
		r.stats.badRequests.Add(1)
		loopPage(req.Host).write(&x.w, req)
		return
	}
	x.uri = uriKey(req.Host)
	if x.endpoint = r.registry.pick(x.uri, sessionOf(req)); x.endpoint == nil {
		r.notFound(x)
		return
	}
	r.registry.count(x.uri, req.RemoteAddr)
	x.forward()
}

func (r *Router) notFound(x *exchange) {
	r.stats.badRequests.Add(1)
	if r.cfg.Redirect404 != "" {
		http.Redirect(&x.w, x.req, r.cfg.Redirect404, http.StatusFound)
		return
	}
	x.w.Header().Set(routerErrorHeader, unknownRoute)
	notFoundPage(x.req.Host, r.registry.uris()).write(&x.w, x.req)
}

// refuse says what is wrong with a request that cannot be routed at all.
func (x *exchange) refuse(status int, text string) {
	x.router.stats.badRequests.Add(1)
	refusalPage(status, text).write(&x.w, x.req)
}

// refuseProtocol answers what is HTTP of a version that is none of ours, such as the first words of HTTP/2, as gorouter did: with bare
// words, in the hope that they are understood.
func (x *exchange) refuseProtocol() {
	x.w.status = http.StatusBadRequest
	rc := http.NewResponseController(&x.w)
	conn, _, err := rc.Hijack()
	if err != nil {
		x.refuse(http.StatusBadRequest, "This router speaks HTTP/1.0 and HTTP/1.1.")
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\n") // an error means that nobody is there to be told
	leave(conn)
}

// leave ends a connection whose other end may still be sending, so that it gets to read what it was told.
func leave(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = conn.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.CopyN(io.Discard, conn, maxRequestHead)
}
