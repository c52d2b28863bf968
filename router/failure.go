package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// statusClientLeft is what the access log says when nobody waited for the answer; nginx calls it that.
const statusClientLeft = 499

// onFailure tells of an endpoint that did not answer a request, and forgets it when that means that there is none. It was tried
// at that time: who was registered since is another.
func (r *Router) onFailure(e *endpoint, host string, at time.Time, err error) {
	r.log.Warn("app did not answer", "host", host, "app_id", string(e.app), "backend", e.addr, "reason", reasonOf(e.addr, err), "error", err)
	if !gone(err) {
		return
	}
	for _, c := range r.registry.drop(e.addr, at) {
		r.log.Info(fmt.Sprintf("Unregistering %s for host %s", c.uri, e.addr), "reason", "nobody is there")
		r.log.Info(fmt.Sprintf("%d servers available for %s", c.servers, c.uri))
	}
}

// neverSent reports whether nothing of a request can have come to an app.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// gone reports whether an endpoint cannot be there. One that takes long may be busy, and that this machine has no port or file
// left says nothing about it.
func gone(err error) bool {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	return neverSent(err) && (isDNS && dns.IsNotFound || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH))
}

// idempotent reports whether a request may be sent twice (RFC 9110, 9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
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

// hungUp recognises the ways to say that the other end has closed the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
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
