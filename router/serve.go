package router

import "net/http"

// ServeHTTP answers one request of the world.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.stats.requests.Add(1)
	switch {
	case req.Host == "":
		r.refuse(w, req, http.StatusBadRequest, "The request has no Host header, which would say which app is meant.")
	case req.Method == http.MethodConnect:
		r.refuse(w, req, http.StatusMethodNotAllowed, "This router reaches apps, not the world.")
	case r.proxy.loops(req):
		r.stats.badRequests.Add(1)
		r.pages.loop(w, req)
	default:
		r.route(w, req)
	}
}

func (r *Router) route(w http.ResponseWriter, req *http.Request) {
	if e := r.registry.pick(uriKey(req.Host), sessionOf(req)); e != nil {
		forward(w, req, e)
		return
	}
	r.stats.badRequests.Add(1)
	if r.cfg.Redirect404 != "" {
		http.Redirect(w, req, r.cfg.Redirect404, http.StatusFound)
		return
	}
	r.pages.notFound(w, req, r.registry.uris())
}

func forward(w http.ResponseWriter, req *http.Request, e *endpoint) {
	if req.ContentLength == 0 {
		e.proxy.ServeHTTP(w, req)
		return
	}
	u := &upload{body: req.Body}
	defer u.finish(w)
	withUpload := *req // the server looks at its own request's body afterwards
	withUpload.Body = u
	e.proxy.ServeHTTP(w, &withUpload)
}

func (r *Router) refuse(w http.ResponseWriter, req *http.Request, status int, text string) {
	r.stats.badRequests.Add(1)
	r.pages.refuse(w, req, status, text)
}
