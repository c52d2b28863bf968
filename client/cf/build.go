package cf

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"

	"github.com/minicf/minicf/droplet"
)

// Package is an app's files, as the controller keeps them.
type Package struct {
	GUID  string `json:"guid"`
	State string `json:"state"`
}

// PutFiles makes a package of an app's files; of those, only what u says is uploaded. sent hears how many bytes of the zip are, and may be nil.
func (c *Client) PutFiles(ctx context.Context, app string, f *Files, u *Upload, sent func(int64)) (Package, error) {
	var zip func(io.Writer) error
	if len(u.want) > 0 {
		zip = func(w io.Writer) error {
			return droplet.PackZipOf(ctx, f.Dir, w, func(n droplet.Node) bool { return u.want[n.Path] })
		}
	}
	return c.put(ctx, app, u.here, zip, sent)
}

// PutArchive makes a package of what is a zip already, such as a war.
func (c *Client) PutArchive(ctx context.Context, app, file string, sent func(int64)) (Package, error) {
	return c.put(ctx, app, nil, func(w io.Writer) error {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	}, sent)
}

func (c *Client) put(ctx context.Context, app string, here []resource, zip func(io.Writer) error, sent func(int64)) (Package, error) {
	var p Package
	body := map[string]any{"type": "bits", "relationships": map[string]relation{"app": to(app)}}
	if err := c.do(ctx, http.MethodPost, "/v3/packages", body, &p); err != nil {
		return p, err
	}
	path := "/v3/packages/" + p.GUID + "/upload"
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	packed := make(chan error, 1)
	go func() {
		err := writeForm(form, here, zip, sent)
		w.CloseWithError(err) // nil is the end of the form
		packed <- err
	}()
	resp, err := c.send(ctx, http.MethodPost, path, form.FormDataContentType(), r)
	_ = r.CloseWithError(io.ErrClosedPipe) // ends the packing, if the controller did not want it all
	if e := <-packed; e != nil && !errors.Is(e, io.ErrClosedPipe) {
		err = e
	}
	if err != nil {
		return p, err
	}
	return p, c.take(ctx, http.MethodPost, path, resp, &p)
}

// writeForm writes the list of files that are there already, and the zip of the others.
func writeForm(form *multipart.Writer, here []resource, zip func(io.Writer) error, sent func(int64)) error {
	if len(here) > 0 {
		part, err := form.CreateFormField("resources")
		if err != nil {
			return err
		}
		if err := json.NewEncoder(part).Encode(here); err != nil {
			return err
		}
	}
	if zip != nil {
		part, err := form.CreateFormFile("bits", "package.zip")
		if err != nil {
			return err
		}
		if err := zip(&counting{Writer: part, tell: sent}); err != nil {
			return err
		}
	}
	return form.Close()
}

// counting tells how much was written.
type counting struct {
	io.Writer
	n    int64
	tell func(int64)
}

func (w *counting) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.n += int64(n)
	if w.tell != nil {
		w.tell(w.n)
	}
	return n, err
}

// Build is a staging.
type Build struct {
	GUID    string `json:"guid"`
	State   string `json:"state"` // STAGING, STAGED, FAILED
	Error   string `json:"error"`
	Droplet struct {
		GUID string `json:"guid"`
	} `json:"droplet"`
}

// BuildError says why there is no droplet.
type BuildError struct{ App, Reason string }

func (e *BuildError) Error() string { return "staging " + e.App + ": " + e.Reason }

// Hint says where to look.
func (e *BuildError) Hint() string {
	return "`minicf detect DIR --explain` says what the app is taken for, `minicf push -b NAME` names another framework, `minicf doctor` looks for what staging needs"
}

// Stage makes a droplet of a package. The error may be a *BuildError.
func (c *Client) Stage(ctx context.Context, app App, p Package) (Build, error) {
	var b Build
	body := map[string]any{"package": map[string]string{"guid": p.GUID}}
	if err := c.do(ctx, http.MethodPost, "/v3/builds", body, &b); err != nil {
		return b, err
	}
	for path := "/v3/builds/" + b.GUID; ; {
		if err := c.get(ctx, path, &b); err != nil { // answered when it has ended, or after a while
			return b, err
		}
		switch b.State {
		case "STAGED":
			return b, nil
		case "FAILED":
			return b, &BuildError{app.Name, b.Error}
		}
		if err := pause(ctx, jobPause); err != nil {
			return b, err
		}
	}
}

// Use makes a droplet what the next start of an app runs.
func (c *Client) Use(ctx context.Context, app, droplet string) error {
	return c.do(ctx, http.MethodPatch, "/v3/apps/"+app+"/relationships/current_droplet", to(droplet), nil)
}

// Droplet is what a package was made into.
type Droplet struct {
	GUID       string `json:"guid"`
	CreatedAt  string `json:"created_at"`
	Buildpacks []struct {
		Name   string `json:"name"`
		Detect string `json:"detect_output"`
	} `json:"buildpacks"`
}

// Kind is the framework and the runtime that a droplet was made for.
func (d Droplet) Kind() string {
	if len(d.Buildpacks) == 0 {
		return ""
	}
	return d.Buildpacks[0].Detect
}

// Current is an app's droplet.
func (c *Client) Current(ctx context.Context, app string) (Droplet, error) {
	var d Droplet
	return d, c.get(ctx, "/v3/apps/"+app+"/droplets/current", &d)
}

// Droplets lists what is kept of an app, the newest first.
func (c *Client) Droplets(ctx context.Context, app string) ([]Droplet, error) {
	return all[Droplet](ctx, c, "/v3/apps/"+app+"/droplets", url.Values{"order_by": {"-created_at"}})
}
