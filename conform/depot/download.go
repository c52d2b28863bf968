package depot

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Download is something that a component fetches. The zero value is an empty file.
type Download struct {
	Body     []byte
	Status   int    // 0 is 200
	Location string // of a redirect
	// Gate holds back the second half of the body until it is closed; nil is no gate.
	Gate <-chan struct{}
	// Drip sends a byte every second while the gate is not open.
	Drip bool
}

// Fetch is a request for a download.
type Fetch struct {
	Method         string
	User, Password string
	Authorized     bool // whether there were a user and a password
}

// File is a download with a URL.
type File struct {
	URL string
	Download

	fetches noted[Fetch]
}

// Offer makes a download available until the depot closes.
func (d *Depot) Offer(what Download) *File {
	f := &File{Download: what}
	f.URL = d.handle(f) + "/file"
	return f
}

// Fetches are the requests so far.
func (f *File) Fetches() []Fetch { return f.fetches.list() }

// Fetched waits for the first request. The error is ctx's.
func (f *File) Fetched(ctx context.Context) (Fetch, error) { return f.fetches.wait(ctx, 0) }

func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	f.fetches.add(Fetch{r.Method, user, password, ok})
	if f.Location != "" {
		w.Header().Set("Location", f.Location)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(f.Body)))
	if f.Status != 0 {
		w.WriteHeader(f.Status)
	}
	half := len(f.Body)
	if f.Gate != nil {
		half /= 2
	}
	// An error is that the component has gone away, which it may.
	_, _ = w.Write(f.Body[:half])
	if f.Gate == nil {
		return
	}
	f.wait(w, r.Context().Done(), f.Body[half:])
}

// wait sends the rest when the gate opens, or bit by bit.
func (f *File) wait(w http.ResponseWriter, gone <-chan struct{}, rest []byte) {
	flush := http.NewResponseController(w).Flush
	var drip <-chan time.Time // never, unless asked
	if f.Drip {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		drip = second.C
	}
	_ = flush()
	for len(rest) > 0 {
		select {
		case <-f.Gate:
			_, _ = w.Write(rest)
			return
		case <-drip:
			_, _ = w.Write(rest[:1])
			_ = flush()
			rest = rest[1:]
		case <-gone:
			return
		}
	}
}
