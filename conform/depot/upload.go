package depot

import (
	"context"
	"io"
	"mime"
	"net/http"
)

// mostUpload is how much of an upload is read, in bytes.
const mostUpload = 256 << 20

// Part is a part of a multipart body.
type Part struct {
	Name, FileName, Type string
	Body                 []byte
}

// Arrival is something that a component has sent.
type Arrival struct {
	Method, Type   string // Type: the media type of the body
	User, Password string
	Parts          []Part // of a multipart body
	Problem        string // why the body could not be read as one; "" if it could
}

// Tray takes what a component sends.
type Tray struct {
	URL      string
	Status   int    // of the answer; 0 is 200
	Location string // of a redirect

	arrivals noted[Arrival]
}

// Accept makes a place for uploads, whose answer has a status, 0 being 200, and perhaps a Location.
func (d *Depot) Accept(status int, location string) *Tray {
	t := &Tray{Status: status, Location: location}
	t.URL = d.handle(t) + "/droplet"
	return t
}

// Arrivals is what came so far.
func (t *Tray) Arrivals() []Arrival { return t.arrivals.list() }

// Arrived waits for the first upload. The error is ctx's.
func (t *Tray) Arrived(ctx context.Context) (Arrival, error) { return t.arrivals.wait(ctx, 0) }

func (t *Tray) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := Arrival{Method: r.Method}
	a.Type, _, _ = mime.ParseMediaType(r.Header.Get("Content-Type"))
	a.User, a.Password, _ = r.BasicAuth()
	var err error
	if a.Parts, err = parts(r); err != nil {
		a.Problem = err.Error()
	}
	t.arrivals.add(a)
	if t.Location != "" {
		w.Header().Set("Location", t.Location)
	}
	if t.Status != 0 {
		w.WriteHeader(t.Status)
	}
}

// parts reads a multipart body.
func parts(r *http.Request) ([]Part, error) {
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	var all []Part
	for {
		p, err := reader.NextPart()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		body, err := io.ReadAll(io.LimitReader(p, mostUpload))
		if err != nil {
			return all, err
		}
		all = append(all, Part{p.FormName(), p.FileName(), p.Header.Get("Content-Type"), body})
	}
}
