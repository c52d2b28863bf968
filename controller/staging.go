package controller

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/minicf/minicf/bus"
)

// maxPending is how many upload ids may be out at once; beyond, the oldest is forgotten.
const maxPending = 10_000

// uploads are the upload ids that were given out and not yet used, each with its app. They are not kept over a restart.
type uploads struct {
	mu sync.Mutex

	apps  map[string]string
	given []string // in order, the used ones among the last maxPending included
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
	u.given = append(u.given, id)
	if len(u.given) > maxPending {
		delete(u.apps, u.given[0])
		u.given = u.given[1:]
	}
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
func (c *Controller) beginStaging(w http.ResponseWriter, r *http.Request) error {
	id := param(r, "id")
	if !c.packages.Has(id) {
		return errAppNotFound
	}
	writeJSON(w, http.StatusCreated, c.stagingURIs(id))
	return nil
}

// stagingURIs gives out the URIs for one staging of what is stored under an id.
func (c *Controller) stagingURIs(id string) stagingURIs {
	auth := c.cfg.Staging.Auth
	base := strings.Replace(c.URL(), "://", "://"+auth.User+":"+auth.Password+"@", 1)
	app := url.PathEscape(id)
	return stagingURIs{
		DownloadURI: base + "/staging/app/" + app,
		UploadURI:   base + "/staging/droplet/" + app + "/" + c.uploads.begin(id),
	}
}

// stagingApp serves an app's package; here an id without one is an error.
func (c *Controller) stagingApp(w http.ResponseWriter, r *http.Request) error {
	c.log.Info("app requested by a stager", "app_id", param(r, "id"))
	return c.servePackage(w, r)
}

// stagingDroplet takes one upload for an upload id. Whatever comes of it, the id is used up.
func (c *Controller) stagingDroplet(w http.ResponseWriter, r *http.Request) error {
	id := param(r, "id")
	if !c.packages.Has(id) {
		return errAppNotFound
	}
	if !c.uploads.use(param(r, "upload_id"), id) {
		return errBadRequest
	}
	return c.receiveDroplet(w, r, id)
}
