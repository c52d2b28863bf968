package router

import (
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"time"
)

// retryTime is how long after its arrival a request may still be sent to a next instance.
const retryTime = 5 * time.Second

// exchange is one request of the world and its answer. ReverseProxy does what is the same for every proxy; what is not, it
// asks for here:
//
//	ServeHTTP ─► forward ─► ReverseProxy ─► rewrite ─► RoundTrip ─► arrived ─► client
//	                                                    │    ▲         or
//	                                          endpoint gone, next one  failed
type exchange struct {
	router *Router
	req    *http.Request
	w      responder
	began  time.Time

	id       string // of the request, for its two ends to talk about it
	uri      string // what is looked up
	endpoint *endpoint
	failed   []*endpoint // did not answer
	sent     bool        // to one of those; only from then on may the request have done something
	upload   *upload     // the request's body; nil when it has none
}

// responder remembers what a client was sent. Every part of an answer is sent on at once, even when the rest of it takes long; the server
// would wait for more. When all is there, it need not be told so: then head and body go out together.
type responder struct {
	http.ResponseWriter
	status int   // 0 as long as there is none
	bytes  int64 // of the body
	length int64 // of the body as the app announced it; -1 when it did not, and ReverseProxy looks after it
	slow   bool  // the app has sent the head of its answer and nothing of the body yet
}

// WriteHeader sends a status, which is no answer yet when it is one of 1xx.
func (w *responder) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
	if w.slow {
		w.flush()
	}
}

// Write sends a part of the body.
func (w *responder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	if w.bytes < w.length {
		w.flush()
	}
	return n, err
}

func (w *responder) flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // the next Write tells of the error
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *responder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// forward sends the request to the endpoint, and the client what comes back.
func (x *exchange) forward() {
	r := x.router
	x.id = newRequestID()
	r.stats.sent(x.endpoint)
	hop := httputil.ReverseProxy{
		Rewrite: x.rewrite, Transport: x, ModifyResponse: x.arrived, ErrorHandler: x.gaveUp,
		BufferPool: &r.transport.buffers, ErrorLog: r.httpLog,
	}
	if x.req.ContentLength == 0 {
		hop.ServeHTTP(&x.w, x.req)
		return
	}
	x.upload = &upload{body: x.req.Body}
	defer x.upload.finish(&x.w)
	withUpload := *x.req // the server looks at its own request's body afterwards
	withUpload.Body = x.upload
	hop.ServeHTTP(&x.w, &withUpload)
}

// rewrite makes the request to the app from the client's: the same but for the connection, and who forwarded it.
func (x *exchange) rewrite(pr *httputil.ProxyRequest) {
	in, out := pr.In, pr.Out
	out.Host = in.Host
	out.URL.Scheme, out.URL.RawQuery = "http", in.URL.RawQuery // as it came, also where it cannot be parsed
	// Appended to, as all routers of the time did: the last entry is what this router saw.
	out.Header["X-Forwarded-For"] = in.Header["X-Forwarded-For"]
	pr.SetXForwarded()
	if in.Header.Get("X-Forwarded-Proto") == "https" {
		out.Header["X-Forwarded-Proto"] = []string{"https"} // to whoever sent the request on to here
	}
	out.Header[trailHeader] = append(out.Header[trailHeader], x.router.component.UUID())
	out.Header[requestIDHeader] = []string{x.id}
	x.address(out)
	out.Trailer = in.Trailer // filled when the body has been read
	if x.upload != nil {
		out.Body = x.upload // protects the server's own body as ReverseProxy's wrapper does
	}
}

// address says on a request which endpoint it is for.
func (x *exchange) address(out *http.Request) {
	e := x.endpoint
	out.URL.Host = e.addr
	out.Header[instanceHeader] = []string{e.instance()}
	delete(out.Header, appHeader)
	if e.app != "" {
		out.Header[appHeader] = []string{string(e.app)}
	}
}

// RoundTrip sends a request to one endpoint after the other until one answers.
func (x *exchange) RoundTrip(out *http.Request) (*http.Response, error) {
	for {
		began := time.Now()
		res, err := x.router.transport.RoundTrip(out)
		if err == nil {
			return res, nil
		}
		if x.clientLeft() {
			return nil, err
		}
		x.router.onFailure(x.endpoint, out.Host, began, err)
		if !x.next(err) {
			return nil, err
		}
		x.address(out)
	}
}

// next chooses another endpoint for a request that failed, if there is one that it may be sent to.
func (x *exchange) next(err error) bool {
	if !neverSent(err) {
		// An app may have done what was asked. Only what may be done twice is sent again, and only once: it may be the request that
		// makes apps fall over.
		if x.sent || x.upload != nil || !idempotent(x.req.Method) {
			return false
		}
		x.sent = true
	}
	if x.upload != nil && !x.upload.again() || time.Since(x.began) > retryTime {
		return false
	}
	x.failed = append(x.failed, x.endpoint)
	e := x.router.registry.pick(x.uri, "", x.failed...)
	if e == nil {
		return false
	}
	x.endpoint = e
	return true
}

// clientLeft reports whether nobody waits for the answer any more.
func (x *exchange) clientLeft() bool {
	return x.req.Context().Err() != nil || x.upload != nil && x.upload.failed.Load()
}

// arrived sees the head of each response of an app before the client does.
func (x *exchange) arrived(res *http.Response) error {
	r, e, now := x.router, x.endpoint, time.Now()
	r.stats.answered(e, res.StatusCode, now, now.Sub(x.began))
	x.w.length = res.ContentLength
	if a, ok := res.Body.(*answer); ok {
		x.w.slow = res.ContentLength > 0 && a.conn.in.Buffered() == 0
	}
	stick(res, e.session)
	if x.upload != nil {
		x.upload.answered(res)
	}
	res.Header[requestIDHeader] = []string{x.id}
	if _, said := res.Header["Content-Type"]; !said {
		x.w.Header()["Content-Type"] = nil // keeps net/http from guessing one
	}
	if r.cfg.TraceKey != "" && x.req.Header.Get(traceHeader) == r.cfg.TraceKey {
		res.Header.Set(traceBackendHeader, e.addr)
		res.Header.Set(traceRouterHeader, r.ip)
	}
	if ctx := x.req.Context(); r.log.Enabled(ctx, slog.LevelDebug) {
		r.log.Debug("request routed", "host", x.req.Host, "method", x.req.Method, "path", x.req.URL.Path,
			"backend", e.addr, "app_id", string(e.app), "status", res.StatusCode)
	}
	return nil
}

// gaveUp answers for an app that did not.
func (x *exchange) gaveUp(_ http.ResponseWriter, out *http.Request, err error) {
	r, e, now := x.router, x.endpoint, time.Now()
	if x.clientLeft() {
		r.log.Debug("client went away", "host", out.Host, "backend", e.addr, "error", err)
		status := http.StatusBadRequest // it ended its upload in a way that is none
		if x.req.Context().Err() != nil {
			status = statusClientLeft
		}
		x.w.WriteHeader(status)
		return
	}
	r.stats.badRequests.Add(1)
	r.stats.answered(e, http.StatusBadGateway, now, now.Sub(x.began))
	x.w.Header().Set(routerErrorHeader, endpointFailure)
	x.w.Header().Set(requestIDHeader, x.id)
	badGatewayPage(x.req.Host, reasonOf(e.addr, err)).write(&x.w, x.req)
}

// newRequestID returns a random UUID in the common form, as gorouter gave one to each request.
func newRequestID() string {
	var b [16]byte
	binary.NativeEndian.PutUint64(b[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(b[8:], rand.Uint64())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4: random
	text := make([]byte, 0, 36)
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}
