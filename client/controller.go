package client

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/framework"
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

// PutPackageDir zips a directory and stores it as the package of an app. A war in it, or a zip of Play's, is a zip already, and
// is all of the app.
func (c *Controller) PutPackageDir(ctx context.Context, id, dir string) error {
	archive, err := framework.Archive(ctx, dir)
	if err != nil {
		return err
	}
	if archive == "" {
		return c.packAndPut(ctx, id, dir)
	}
	f, err := os.Open(filepath.Join(dir, archive))
	if err != nil {
		return err
	}
	defer f.Close()
	return c.PutPackage(ctx, id, f)
}

func (c *Controller) packAndPut(ctx context.Context, id, dir string) error {
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

// FetchDroplet writes an app's droplet to w and returns its SHA1, which what was written has.
func (c *Controller) FetchDroplet(ctx context.Context, id string, w io.Writer) (string, error) {
	want, err := c.DropletSHA1(ctx, id)
	if err != nil {
		return "", err
	}
	uri := c.DropletURI(id, want)
	resp, err := c.do(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	hash := sha1.New()
	if _, err := io.Copy(io.MultiWriter(w, hash), resp.Body); err != nil {
		return "", fmt.Errorf("get %s: %w", uri, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return "", fmt.Errorf("get %s: what came has the SHA1 %s", uri, got)
	}
	return want, nil
}

// StagingURIs are where the stager finds an app and leaves its droplet by the routes of the real cloud controller, with
// the password in them.
type StagingURIs struct {
	Download string `json:"download_uri"`
	Upload   string `json:"upload_uri"` // good for one upload
}

// BeginStaging asks for such URIs. The app must have a package.
func (c *Controller) BeginStaging(ctx context.Context, id string) (StagingURIs, error) {
	uri := c.PackageURI(id) + "/stagings"
	resp, err := c.do(ctx, http.MethodPost, uri, nil)
	if err != nil {
		return StagingURIs{}, err
	}
	defer resp.Body.Close()
	var u StagingURIs
	if err := json.NewDecoder(resp.Body).Decode(&u); err != nil {
		return u, fmt.Errorf("post %s: %w", uri, err)
	}
	return u, nil
}

// UnreachableError says that there is no controller.
type UnreachableError struct {
	URL string
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("reach the controller at %s: %v", e.URL, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Hint says where one comes from.
func (e *UnreachableError) Hint() string {
	return "start one with `minicf up` or `minicf controller`, or say where it is with --api URL"
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
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return nil, &UnreachableError{URL: c.URL, Err: op.Err}
	}
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
