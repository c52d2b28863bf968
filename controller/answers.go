package controller

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/controller/bits"
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
	errSystem      = failure{http.StatusInternalServerError, 111, "System Exception Encountered"}
)

// errNoRoute is ours.
var errNoRoute = failure{http.StatusNotFound, 404, "There is nothing here; GET / says what there is"}

func badRequest(format string, args ...any) failure {
	return failure{http.StatusBadRequest, 100, "Bad request: " + fmt.Sprintf(format, args...)}
}

// answer makes a handler of a function that either answers itself or says why it cannot.
func (c *Controller) answer(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			c.fail(w, r, err)
		}
	}
}

// fail answers with what went wrong.
func (c *Controller) fail(w http.ResponseWriter, r *http.Request, err error) {
	c.figures.refused.Add(1)
	f, told := errors.AsType[failure](err)
	missing, noRecords := errors.AsType[*bus.NoRecordsError](err)
	switch {
	case told:
	case errors.Is(err, bits.ErrNotStored), errors.Is(err, bus.ErrNoRecord):
		f = errAppNotFound
	case noRecords:
		f = failure{http.StatusServiceUnavailable, 101, fmt.Sprintf("%v: %s", missing, missing.Hint())}
	case errors.Is(err, context.DeadlineExceeded):
		f = failure{http.StatusServiceUnavailable, 101, "The records did not answer in time; try again"}
	default:
		c.log.Error("request not answered", "method", r.Method, "path", r.URL.Path, "error", err)
		f = errSystem
	}
	writeJSON(w, f.status, f)
}

// wrongMethod names the methods that a path has.
func wrongMethod(w http.ResponseWriter, routes chi.Routes, r *http.Request) error {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		path := r.URL.RawPath
		if path == "" {
			path = r.URL.Path
		}
		if routes.Match(chi.NewRouteContext(), m, path) {
			allowed = append(allowed, m)
		}
	}
	list := strings.Join(allowed, ", ")
	w.Header().Set("Allow", list)
	return failure{http.StatusMethodNotAllowed, 405, fmt.Sprintf("Not with %s, only with %s", r.Method, list)}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the client is gone
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

// authenticate wants Basic auth. The refusal is Rails'.
func (c *Controller) authenticate(wantUser, wantPassword string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			good := subtle.ConstantTimeCompare([]byte(user), []byte(wantUser)) & subtle.ConstantTimeCompare([]byte(password), []byte(wantPassword))
			if good == 1 {
				next.ServeHTTP(w, r)
				return
			}
			c.figures.refused.Add(1)
			w.Header().Set("WWW-Authenticate", `Basic realm="Application"`)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "HTTP Basic: Access denied.\n")
		})
	}
}

const indexText = `minicf: a fake cloud controller

  GET  /download_unstaged_app/ID      the app's zip; for an id never heard of, the sample
  POST /upload_droplet/ID/UPLOAD_ID   a droplet, as form field upload[droplet]
  GET  /staged_droplets/ID/SHA1       the droplet
  PUT  /packages/ID                   an app's zip
  POST /packages/ID/stagings          URIs for the two below
  GET  /staging/app/ID                as download_unstaged_app, with a password
  POST /staging/droplet/ID/UPLOAD_ID  as upload_droplet, with a password, once

The CF API, for the cf command: cf api http://HOST:PORT

  GET  /, with Accept: application/json, /v3, /v3/info, /login
  POST /oauth/token                   a name and a password for a token; see config/users.yml
       /v3/…                          with that token
  GET  /api/v1/info, /api/v1/read/ID  the newest lines of an app's log

Apps that are kept running; JSON

  GET    /minicf/apps                 all of them
  GET    /minicf/apps/ID              one
  PUT    /minicf/apps/ID              run the newest droplet of ID: {"runtime":"ruby19","instances":2}
  PATCH  /minicf/apps/ID              change it: {"instances":3}, {"state":"STOPPED"}, {"uris":["a.localhost"]}
  DELETE /minicf/apps/ID              stop it, and forget it
  GET    /bulk/apps?batch_size=N&bulk_token=T   what is wanted, for the health manager, with a password
  GET    /bulk/counts?model=app       how many
`

// index says what there is: to people as text, to the cf command, which wants JSON, where its API is.
func (c *Controller) index(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		c.api.Root(w, r)
		return nil
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, indexText)
	return nil
}
