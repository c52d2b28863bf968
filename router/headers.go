package router

import (
	"net/http"
	"slices"
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

// loops reports whether this router has had the request before.
func (r *Router) loops(req *http.Request) bool {
	return slices.Contains(req.Header[trailHeader], r.component.UUID())
}
