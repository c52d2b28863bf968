package controller

import (
	"errors"
	"net/http"

	"github.com/minicf/minicf/controller/bits"
)

// downloadUnstagedApp serves an app's package; for an id that never had one, the sample, as the tutorial's fake did for
// every id.
func (c *Controller) downloadUnstagedApp(w http.ResponseWriter, r *http.Request) error {
	c.log.Info("UNSTAGED APP BEING REQUESTED", "app_id", param(r, "id"))
	err := c.servePackage(w, r)
	if errors.Is(err, bits.ErrNotStored) {
		return c.serveSample(w, r)
	}
	return err
}

// servePackage serves an app's package; the error is bits.ErrNotStored when it has none.
func (c *Controller) servePackage(w http.ResponseWriter, r *http.Request) error {
	f, what, err := c.packages.Get(param(r, "id"))
	if err != nil {
		return err
	}
	defer f.Close()
	bits.Serve(w, r, f, what, "application/zip")
	return nil
}

// putPackage stores a zip as an app's package: 201 for a new id, 200 for one that had a package.
func (c *Controller) putPackage(w http.ResponseWriter, r *http.Request) error {
	in, err := c.receiveBody(w, r, c.packages)
	if err != nil {
		return err
	}
	defer in.Discard()
	if err := bits.CheckZip(in.File, in.Size); err != nil {
		return badRequest("the package is no zip: %v", err)
	}
	what, created, err := c.packages.Keep(param(r, "id"), in)
	if err != nil {
		return err
	}
	c.figures.uploads.Add(1)
	c.log.Info("package stored", "app_id", what.ID, "sha1", what.SHA1, "bytes", what.Size)
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	writeJSON(w, status, what)
	return nil
}
