package controller

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"sync"

	"github.com/minicf/minicf/bus"
)

// uploads are the upload ids that were given out and not yet used, each with its app.
type uploads struct {
	mu sync.Mutex

	apps map[string]string
}

// begin gives out an upload id, good for one upload.
func (u *uploads) begin(app string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.apps == nil {
		u.apps = map[string]string{}
	}
	id := bus.Hex(16)
	u.apps[id] = app
	return id
}

// use takes an upload id back. It reports whether it was given out for the app.
func (u *uploads) use(id, app string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	owner, ok := u.apps[id]
	if !ok || owner != app {
		return false
	}
	delete(u.apps, id)
	return true
}

// stagingURIs are what a staging request needs to know.
type stagingURIs struct {
	DownloadURI string `json:"download_uri"`
	UploadURI   string `json:"upload_uri"`
}

// beginStaging gives out the URIs with which an app can be staged as the real cloud controller had it: with a password,
// and with an upload id that is good for one upload.
func (c *Controller) beginStaging(w http.ResponseWriter, r *http.Request) {
	id := param(r, "id")
	if !c.packages.has(id) {
		c.fail(w, errAppNotFound)
		return
	}
	base, err := url.Parse(c.URL())
	if err != nil {
		c.fail(w, err)
		return
	}
	base.User = url.UserPassword(c.cfg.Staging.Auth.User, c.cfg.Staging.Auth.Password)
	writeJSON(w, http.StatusCreated, stagingURIs{
		DownloadURI: base.JoinPath("staging", "app", url.PathEscape(id)).String(),
		UploadURI:   base.JoinPath("staging", "droplet", url.PathEscape(id), c.uploads.begin(id)).String(),
	})
}

// authenticate wants the stager's password.
func (c *Controller) authenticate(next http.Handler) http.Handler {
	want := c.cfg.Staging.Auth
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		good := subtle.ConstantTimeCompare([]byte(user), []byte(want.User)) & subtle.ConstantTimeCompare([]byte(password), []byte(want.Password))
		if good != 1 {
			c.figures.refused.Add(1)
			w.Header().Set("WWW-Authenticate", `Basic realm="Application"`)
			http.Error(w, "HTTP Basic: Access denied.", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// stagingApp serves an app's package; here an id without one is an error.
func (c *Controller) stagingApp(w http.ResponseWriter, r *http.Request) {
	f, what, err := c.packages.get(param(r, "id"))
	if err != nil {
		c.fail(w, err)
		return
	}
	defer f.Close()
	serveBits(w, r, f, what, "application/zip")
}

// stagingDroplet takes one upload for an upload id. Whatever comes of it, the id is used up.
func (c *Controller) stagingDroplet(w http.ResponseWriter, r *http.Request) {
	id := param(r, "id")
	if !c.packages.has(id) {
		c.fail(w, errAppNotFound)
		return
	}
	if !c.uploads.use(param(r, "upload_id"), id) {
		c.fail(w, errBadRequest)
		return
	}
	if err := c.receiveDroplet(w, r, id); err != nil {
		c.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}
