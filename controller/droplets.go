package controller

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
)

// dropletField is the form field that stagers upload a droplet in.
const dropletField = "upload[droplet]"

// uploadDroplet stores what a stager uploads as the app's droplet.
func (c *Controller) uploadDroplet(w http.ResponseWriter, r *http.Request) {
	c.log.Info("RECEIVING DROPLET", "app_id", param(r, "id"), "upload_id", param(r, "upload_id"))
	if err := c.receiveDroplet(w, r, param(r, "id")); err != nil {
		c.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// receiveDroplet streams the form's file to disk and makes it the app's droplet.
func (c *Controller) receiveDroplet(w http.ResponseWriter, r *http.Request, id string) error {
	// A form is a little larger than the file in it.
	r.Body = http.MaxBytesReader(w, r.Body, c.droplets.limit+1<<20)
	part, err := dropletPart(r)
	if err != nil {
		return err
	}
	in, err := c.droplets.receive(http.MaxBytesReader(w, part, c.droplets.limit))
	if err != nil {
		return uploadError(err)
	}
	defer in.discard()
	if _, err := io.Copy(io.Discard, r.Body); err != nil { // the form must be complete, or the file may not be
		return uploadError(err)
	}
	c.log.Info("RECEIVED DROPLET: stager uploaded staged droplet "+in.file.Name(), "app_id", id)
	what, err := c.droplets.keep(id, in)
	if err != nil {
		return err
	}
	c.figures.uploads.Add(1)
	c.log.Info("droplet stored at "+c.droplets.bits(what.SHA1), "app_id", id, "bytes", what.Size)
	return nil
}

// dropletPart finds the droplet in the form.
func dropletPart(r *http.Request) (*multipart.Part, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, badRequest("want a multipart form with the field %s (%v)", dropletField, err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, badRequest("the form has no field %s", dropletField)
		}
		if err != nil {
			return nil, uploadError(err)
		}
		if part.FormName() == dropletField {
			return part, nil
		}
	}
}

// uploadError tells a broken upload, the sender's affair, from a broken disk, ours.
func uploadError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return badRequest("the upload ended too early")
	}
	return err
}

// stagedDroplet serves an app's droplet to DEAs. A hash that is a SHA1 must be the droplet's; the tutorial's literal "SHA1",
// or anything else, is not checked.
func (c *Controller) stagedDroplet(w http.ResponseWriter, r *http.Request) {
	id, hash := param(r, "id"), param(r, "hash")
	f, what, err := c.droplets.get(id)
	if err != nil {
		c.fail(w, err)
		return
	}
	defer f.Close()
	if isSHA1(hash) && hash != what.SHA1 {
		c.fail(w, errAppNotFound)
		return
	}
	if r.Method == http.MethodGet {
		if !isSHA1(hash) {
			c.log.Warn("droplet asked for by something that is no SHA1, so which one it is was not checked", "app_id", id, "hash", hash)
		}
		c.log.Info("droplet found at "+f.Name(), "app_id", id)
	}
	serveBits(w, r, f, what, "application/octet-stream")
}

// isSHA1 reports whether s is 40 lower-case hex digits.
func isSHA1(s string) bool {
	if len(s) != 40 {
		return false
	}
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}
