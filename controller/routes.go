package controller

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// routes is everything the controller serves.
func (c *Controller) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(c.count, c.refuseForeignPages)
	r.NotFound(c.answer(func(http.ResponseWriter, *http.Request) error { return errNoRoute }))
	r.MethodNotAllowed(c.answer(func(w http.ResponseWriter, req *http.Request) error { return wrongMethod(w, r, req) }))
	r.Get("/", c.answer(c.index))
	r.Head("/", c.answer(c.index))

	// The tutorial's fake cloud controller: no passwords, any id.
	r.Get("/download_unstaged_app/{id}", c.answer(c.downloadUnstagedApp))
	r.Head("/download_unstaged_app/{id}", c.answer(c.downloadUnstagedApp))
	r.Post("/upload_droplet/{id}/{upload_id}", c.answer(c.uploadDroplet))
	r.Get("/staged_droplets/{id}/{hash}", c.answer(c.stagedDroplet))
	r.Head("/staged_droplets/{id}/{hash}", c.answer(c.stagedDroplet))

	// Ours: how an app gets here, and how a staging by the real routes below begins.
	r.Put("/packages/{id}", c.answer(c.putPackage))
	r.Post("/packages/{id}/stagings", c.answer(c.beginStaging))

	// The real cloud controller's: Basic auth, and an upload id that is good for one upload.
	r.Group(func(r chi.Router) {
		r.Use(c.authenticate)
		r.Get("/staging/app/{id}", c.answer(c.stagingApp))
		r.Head("/staging/app/{id}", c.answer(c.stagingApp))
		r.Post("/staging/droplet/{id}/{upload_id}", c.answer(c.stagingDroplet))
	})
	return r
}
