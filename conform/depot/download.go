package depot

import (
	"context"
	"net/http"
	"strconv"
)

// Download is something that a component fetches. The zero value is an empty file.
type Download struct {
	Body     []byte
	Status   int    // 0 is 200
	Location string // of a redirect
	// Gate holds back the second half of the body until it is closed; nil is no gate.
	Gate <-chan struct{}
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
	_ = http.NewResponseController(w).Flush()
	select {
	case <-f.Gate:
		_, _ = w.Write(f.Body[half:])
	case <-r.Context().Done():
	}
}
