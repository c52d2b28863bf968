package controller

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// routes is everything the controller serves.
func (c *Controller) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(c.count, c.refuseForeignHosts, c.refuseForeignPages)
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

	// Ours: apps that have a record. `minicf apps` and its kin use these.
	r.Get("/minicf/apps", c.answer(c.listApps))
	r.Get("/minicf/apps/{id}", c.answer(c.showApp))
	r.Put("/minicf/apps/{id}", c.answer(c.putApp))
	r.Patch("/minicf/apps/{id}", c.answer(c.patchApp))
	r.Delete("/minicf/apps/{id}", c.answer(c.deleteApp))

	// The CF API of today, for the cf command. GET / leads there, when JSON is asked for.
	r.Mount("/v3", c.api.Routes())
	r.Get("/login", c.uaa.Login)
	r.Post("/oauth/token", c.uaa.Token)
	r.Get("/api/v1/info", c.logs.Info)
	r.Get("/api/v1/read/{app}", c.api.LoggedIn(c.logs.Read))

	// The real cloud controller's: Basic auth, and an upload id that is good for one upload.
	staging := c.cfg.Staging.Auth
	r.Group(func(r chi.Router) {
		r.Use(c.authenticate(staging.User, staging.Password))
		r.Get("/staging/app/{id}", c.answer(c.stagingApp))
		r.Head("/staging/app/{id}", c.answer(c.stagingApp))
		r.Post("/staging/droplet/{id}/{upload_id}", c.answer(c.stagingDroplet))
	})
	r.Group(func(r chi.Router) { // for the health manager
		r.Use(c.authenticate(c.bulk.User, c.bulk.Password))
		r.Get("/bulk/apps", c.answer(c.bulkApps))
		r.Get("/bulk/counts", c.answer(c.bulkCounts))
	})
	return r
}
