package controller

import (
	"archive/zip"
	"errors"
	"net/http"
	"os"
	"time"
)

// downloadUnstagedApp serves an app's package; for an id that never had one, the sample, as the tutorial's fake did for
// every id.
func (c *Controller) downloadUnstagedApp(w http.ResponseWriter, r *http.Request) {
	id := param(r, "id")
	c.log.Info("UNSTAGED APP BEING REQUESTED", "app_id", id)
	f, what, err := c.packages.get(id)
	if errors.Is(err, errNotStored) {
		c.serveSample(w, r)
		return
	}
	if err != nil {
		c.fail(w, err)
		return
	}
	defer f.Close()
	serveBits(w, r, f, what, "application/zip")
}

func (c *Controller) serveSample(w http.ResponseWriter, r *http.Request) {
	zipped, err := c.sample.zip(r.Context())
	if err != nil {
		c.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	http.ServeContent(w, r, "app.zip", time.Time{}, zipped)
}

// serveBits serves stored content, whole or in ranges; its ETag is its SHA1.
func serveBits(w http.ResponseWriter, r *http.Request, f *os.File, what stored, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", `"`+what.SHA1+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
}

// putPackage stores a zip as an app's package: 201 for a new id, 200 for one that had a package.
func (c *Controller) putPackage(w http.ResponseWriter, r *http.Request) {
	id := param(r, "id")
	in, err := c.packages.receive(http.MaxBytesReader(w, r.Body, c.packages.limit))
	if err != nil {
		c.fail(w, err)
		return
	}
	defer in.discard()
	if _, err := zip.NewReader(in.file, in.size); err != nil {
		c.fail(w, badRequest("the package is no zip (%v)", err))
		return
	}
	status := http.StatusCreated
	if c.packages.has(id) {
		status = http.StatusOK
	}
	what, err := c.packages.keep(id, in)
	if err != nil {
		c.fail(w, err)
		return
	}
	c.figures.uploads.Add(1)
	c.log.Info("package stored", "app_id", id, "sha1", what.SHA1, "bytes", what.Size)
	writeJSON(w, status, what)
}
