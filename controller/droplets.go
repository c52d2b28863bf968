package controller

import (
	"net/http"
	"os"
	"strings"

	"github.com/minicf/minicf/controller/bits"
)

// uploadDroplet stores what a stager uploads as the app's droplet.
func (c *Controller) uploadDroplet(w http.ResponseWriter, r *http.Request) error {
	return c.receiveDroplet(w, r, param(r, "id"))
}

// receiveDroplet streams the form's file to disk and makes it the app's droplet. The answer is an empty 200.
func (c *Controller) receiveDroplet(w http.ResponseWriter, r *http.Request, id string) error {
	c.log.Info("RECEIVING DROPLET", "app_id", id, "upload_id", param(r, "upload_id"))
	in, err := c.receiveForm(w, r, c.droplets)
	if err != nil {
		return err
	}
	defer in.Discard()
	c.log.Info("RECEIVED DROPLET: stager uploaded staged droplet " + in.File.Name())
	what, _, err := c.droplets.Keep(id, in)
	if err != nil {
		return err
	}
	c.figures.uploads.Add(1)
	c.log.Info("droplet stored at " + c.droplets.Path(what.SHA1))
	w.WriteHeader(http.StatusOK)
	return nil
}

// stagedDroplet serves an app's droplet to DEAs. A hash that is a SHA1 must be the droplet's; the tutorial's literal "SHA1",
// or anything else, is not checked.
func (c *Controller) stagedDroplet(w http.ResponseWriter, r *http.Request) error {
	id, hash := param(r, "id"), param(r, "hash")
	checked := bits.IsSHA1(strings.ToLower(hash))
	f, what, err := c.openDroplet(id, strings.ToLower(hash), checked)
	if err != nil {
		return err
	}
	defer f.Close()
	if r.Method == http.MethodGet {
		if !checked {
			c.log.Warn("droplet asked for by something that is no SHA1, so which one it is was not checked", "app_id", id, "hash", hash)
		}
		c.log.Info("droplet found at " + f.Name())
	}
	bits.Serve(w, r, f, what, "application/octet-stream")
	return nil
}

// openDroplet opens the app's newest droplet or, when that has another hash and the hash counts, an older one that is still needed.
func (c *Controller) openDroplet(id, hash string, checked bool) (*os.File, bits.Stored, error) {
	f, what, err := c.droplets.Get(id)
	if err != nil || !checked || hash == what.SHA1 {
		return f, what, err
	}
	f.Close()
	return c.droplets.Held(id, hash)
}
