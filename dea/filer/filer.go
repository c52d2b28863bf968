// Package filer is the file viewer of a DEA: what lies in the directories of its instances, over HTTP.
//
// In go GET and HEAD requests for /droplets/<staged>/<path> with the credentials that the answers to dea.find.droplet carry; <staged> is the
// name of an instance's directory. Out come a listing, a file or a part of one, or, with ?tail, a file as it grows:
//
//	/droplets/hello-0-c8b0…/logs/                         app/                                         -
//	/droplets/hello-0-c8b0…/logs/stderr.log               the file; Range and If-Modified-Since work
//	/droplets/hello-0-c8b0…/logs/stderr.log?tail          its end and what is added to it, until the instance is gone
//	/droplets/hello-0-c8b0…/logs/stderr.log?tail&tail_offset=0     the same from byte 0
//
// Whoever has the credentials reads what apps wrote, and nothing else of the machine: no path and no link leads out of an instance's
// directory, and the scripts startup and stop are kept back.
//
// In 2012 this was a Rack application in the DEA, whose words and columns these are; ?tail came with the second DEA.
package filer

import (
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"strings"
)

// mount is where the viewer is found; the rest of the server is empty.
const mount = "/droplets"

// Config says what to show, and where.
type Config struct {
	Apps     string // the directory that holds one for each instance
	IP       string // to listen on
	Port     int    // 0 is any free one, NoPort no viewer at all
	User     string
	Password string
	// Writes reports whether something may still write into an instance's directory: while it does, ?tail goes on.
	Writes func(staged string) bool
	Log    *slog.Logger
}

// NoPort as Config.Port means that nobody can look.
const NoPort = -1

// Filer is the file viewer. Make it with New.
type Filer struct {
	cfg      Config
	listener net.Listener // nil while it does not listen
}

// New returns a file viewer that does not listen yet.
func New(cfg Config) *Filer { return &Filer{cfg: cfg} }

// Credentials are the user and the password that requests need.
func (f *Filer) Credentials() []string { return []string{f.cfg.User, f.cfg.Password} }

// ServeHTTP implements http.Handler. Every refusal is a line of text/plain: 401 without the credentials, 404 for what is not there, 403 for
// what is not shown, 416 for a range behind the end.
func (f *Filer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.knows(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm=""`)
		refuse(w, http.StatusUnauthorized, "")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "Method Not Allowed\n")
		return
	}
	path, below := strings.CutPrefix(r.URL.Path, mount)
	if !below || path != "" && path[0] != '/' {
		cascade(w, http.StatusNotFound, "Not Found: "+r.URL.Path+"\n")
		return
	}
	t, status := f.find(path)
	switch status {
	case http.StatusOK:
		defer t.close()
		f.show(w, r, t)
	case http.StatusForbidden:
		cascade(w, status, "Not accessible\n")
	default:
		cascade(w, status, "Entity not found.\n")
	}
}

func (f *Filer) knows(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return ok && same(user, f.cfg.User) && same(password, f.cfg.Password)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (f *Filer) show(w http.ResponseWriter, r *http.Request, t *target) {
	_, tail := r.URL.Query()["tail"]
	switch {
	case t.info.IsDir():
		showText(w, http.StatusOK, t.list())
	case tail:
		f.follow(w, r, t)
	default:
		showFile(w, r, t)
	}
}

// cascade refuses as a Rack application does that could be one of several.
func cascade(w http.ResponseWriter, status int, text string) {
	w.Header().Set("X-Cascade", "pass")
	refuse(w, status, text)
}

func refuse(w http.ResponseWriter, status int, text string) { showText(w, status, text) }
