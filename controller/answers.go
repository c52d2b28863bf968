package controller

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
)

// failure is an answer in the form of the cloud controller of 2012: a status, and {"code":…,"description":…}.
type failure struct {
	status      int
	Code        int    `json:"code"`
	Description string `json:"description"`
}

func (f failure) Error() string { return f.Description }

// The failures that the real cloud controller had words for.
var (
	errBadRequest  = failure{http.StatusBadRequest, 100, "Bad request"}
	errAppNotFound = failure{http.StatusNotFound, 301, "Application not found"}
)

// The failures that are ours.
var (
	errNoRoute  = failure{http.StatusNotFound, 404, "There is nothing here; GET / says what there is"}
	errNoMethod = failure{http.StatusMethodNotAllowed, 405, "Not with this method; GET / says what there is"}
)

func badRequest(format string, args ...any) failure {
	return failure{http.StatusBadRequest, 100, "Bad request: " + fmt.Sprintf(format, args...)}
}

// fail answers with what went wrong.
func (c *Controller) fail(w http.ResponseWriter, err error) {
	c.figures.refused.Add(1)
	var f failure
	tooLarge, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.As(err, &f):
	case isTooLarge:
		f = failure{http.StatusRequestEntityTooLarge, 100, fmt.Sprintf(
			"The upload is larger than %d bytes, the max_upload of controller.yml", tooLarge.Limit)}
	case errors.Is(err, errNotStored):
		f = errAppNotFound
	default:
		c.log.Error("request not answered", "error", err)
		f = failure{http.StatusInternalServerError, 111, "System Exception Encountered"}
	}
	w.Header().Del("ETag")
	writeJSON(w, f.status, f)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	out, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(out, '\n'))
}

// param is a part of the path, decoded: chi matches the path as it was sent whenever that differs.
func param(r *http.Request, name string) string {
	raw := chi.URLParam(r, name)
	if r.URL.RawPath == "" {
		return raw
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return decoded
}

func (c *Controller) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.figures.requests.Add(1)
		next.ServeHTTP(w, r)
	})
}

const indexText = `minicf: a fake cloud controller

  GET  /download_unstaged_app/ID      the app's zip; for an id never heard of, the sample
  POST /upload_droplet/ID/UPLOAD_ID   a droplet, as form field upload[droplet]
  GET  /staged_droplets/ID/SHA1       the droplet
  PUT  /packages/ID                   an app's zip
  POST /packages/ID/stagings          URIs for the two below
  GET  /staging/app/ID                as download_unstaged_app, with a password
  POST /staging/droplet/ID/UPLOAD_ID  as upload_droplet, with a password, once
`

func (c *Controller) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(indexText))
}
