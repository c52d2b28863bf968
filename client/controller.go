package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/minicf/minicf/droplet"
)

// Controller is a controller somewhere. Only URL is required.
type Controller struct {
	URL  string       // http://127.0.0.1:9292
	HTTP *http.Client // nil is http.DefaultClient
}

// DownloadURI is where the stager finds an app's package.
func (c *Controller) DownloadURI(id string) string { return c.uri("download_unstaged_app", id) }

// UploadURI is where the stager leaves an app's droplet. The tutorial's scripts had "upload_id" for uploadID, literally.
func (c *Controller) UploadURI(id, uploadID string) string {
	return c.uri("upload_droplet", id, uploadID)
}

// DropletURI is where a DEA finds an app's droplet. hash is its SHA1; anything that is none is not checked.
func (c *Controller) DropletURI(id, hash string) string { return c.uri("staged_droplets", id, hash) }

// PackageURI is where an app's package is put.
func (c *Controller) PackageURI(id string) string { return c.uri("packages", id) }

func (c *Controller) uri(parts ...string) string {
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.TrimSuffix(c.URL, "/") + "/" + strings.Join(parts, "/")
}

// PutPackage stores a zip as the package of an app.
func (c *Controller) PutPackage(ctx context.Context, id string, zip io.Reader) error {
	resp, err := c.do(ctx, http.MethodPut, c.PackageURI(id), zip)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// PutPackageDir zips a directory and stores it as the package of an app.
func (c *Controller) PutPackageDir(ctx context.Context, id, dir string) error {
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := droplet.PackZip(ctx, dir, w)
		w.CloseWithError(err) // nil is the end of the zip
		packed <- err
	}()
	err := c.PutPackage(ctx, id, r)
	_ = r.CloseWithError(io.ErrClosedPipe) // ends the packing, if the controller did not want it all
	if e := <-packed; e != nil && !errors.Is(e, io.ErrClosedPipe) {
		return e
	}
	return err
}

// DropletSHA1 asks which droplet an app has.
func (c *Controller) DropletSHA1(ctx context.Context, id string) (string, error) {
	uri := c.DropletURI(id, "SHA1")
	resp, err := c.do(ctx, http.MethodHead, uri, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	sha1 := strings.Trim(resp.Header.Get("ETag"), `"`)
	if sha1 == "" {
		return "", fmt.Errorf("head %s: the controller does not say which droplet it is (no ETag)", uri)
	}
	return sha1, nil
}

// HTTPError is an answer that is not what was asked for.
type HTTPError struct {
	Method, URI string
	Status      int
	Description string // of the controller, if it gave one
}

func (e *HTTPError) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", strings.ToLower(e.Method), e.URI, e.Status, http.StatusText(e.Status))
	if e.Description != "" {
		text += ": " + e.Description
	}
	return text
}

// do sends a request and returns the answer if it is a good one; the caller closes its body.
func (c *Controller) do(ctx context.Context, method, uri string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, uri, body)
	if err != nil {
		return nil, err
	}
	h := c.HTTP
	if h == nil {
		h = http.DefaultClient
	}
	resp, err := h.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	e := &HTTPError{Method: method, URI: uri, Status: resp.StatusCode}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	var told struct {
		Description string `json:"description"`
	}
	if json.Unmarshal(text, &told) == nil {
		e.Description = told.Description
	}
	return nil, e
}
