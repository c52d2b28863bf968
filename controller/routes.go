package controller

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// routes is everything the controller serves.
func (c *Controller) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(c.count)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { c.fail(w, errNoRoute) })
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) { c.fail(w, errNoMethod) })
	r.Get("/", c.index)

	// The tutorial's fake cloud controller: no passwords, any id.
	r.Get("/download_unstaged_app/{id}", c.downloadUnstagedApp)
	r.Head("/download_unstaged_app/{id}", c.downloadUnstagedApp)
	r.Post("/upload_droplet/{id}/{upload_id}", c.uploadDroplet)
	r.Get("/staged_droplets/{id}/{hash}", c.stagedDroplet)
	r.Head("/staged_droplets/{id}/{hash}", c.stagedDroplet)

	// Ours: how an app gets here, and how a staging by the real routes below begins.
	r.Put("/packages/{id}", c.putPackage)
	r.Post("/packages/{id}/stagings", c.beginStaging)

	// The real cloud controller's: Basic auth, and an upload id that is good for one upload.
	r.Group(func(r chi.Router) {
		r.Use(c.authenticate)
		r.Get("/staging/app/{id}", c.stagingApp)
		r.Head("/staging/app/{id}", c.stagingApp)
		r.Post("/staging/droplet/{id}/{upload_id}", c.stagingDroplet)
	})
	return r
}
