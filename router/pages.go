package router

import (
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
)

// maxListed is how many URIs a page names; a workshop has a few, and a page must stay one.
const maxListed = 100

// pages are what the router itself answers: as HTML for browsers, as text for everybody else.
type pages struct{ html *template.Template }

func newPages() *pages {
	return &pages{html: template.Must(template.New("page").Parse(pageHTML))}
}

// page is one of them.
type page struct {
	Status int
	Line   string // what the router of 2012 said, for those who look for it
	Text   string
	Links  []link
	More   int // URIs that are not in Links
}

type link struct{ Name, URL string }

const pageHTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{.Line}}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;overflow-wrap:anywhere}</style>
</head>
<body>
<h1>{{.Line}}</h1>
<p>{{.Text}}</p>
{{- if .Links}}
<ul>
{{- range .Links}}
<li><a href="{{.URL}}">{{.Name}}</a></li>
{{- end}}
</ul>
{{- end}}
{{- if .More}}
<p>and {{.More}} more</p>
{{- end}}
</body>
</html>
`

// notFound says that nobody is registered for the host, and who is.
func (pg *pages) notFound(w http.ResponseWriter, r *http.Request, uris []string) {
	p := page{
		Status: http.StatusNotFound,
		Line:   "VCAP ROUTER: 404 - DESTINATION NOT FOUND",
		Text:   fmt.Sprintf("No app is registered for %s. Registered:", r.Host),
	}
	if len(uris) == 0 {
		p.Text = fmt.Sprintf("No app is registered for %s, nor for any other name: deploy one with `minicf deploy`.", r.Host)
	}
	if len(uris) > maxListed {
		uris, p.More = uris[:maxListed], len(uris)-maxListed
	}
	for _, uri := range uris {
		p.Links = append(p.Links, link{uri, "http://" + uri + portOf(r.Host) + "/"})
	}
	pg.write(w, r, p)
}

// badGateway says why an app did not answer.
func (pg *pages) badGateway(w http.ResponseWriter, r *http.Request, reason string) {
	pg.write(w, r, page{
		Status: http.StatusBadGateway,
		Line:   "VCAP ROUTER: 502 - BAD GATEWAY",
		Text:   fmt.Sprintf("The app at %s did not answer: %s", r.Host, reason),
	})
}

// loop says that a registered endpoint leads back to this router.
func (pg *pages) loop(w http.ResponseWriter, r *http.Request) {
	pg.write(w, r, page{
		Status: http.StatusLoopDetected,
		Line:   "VCAP ROUTER: 508 - LOOP DETECTED",
		Text:   fmt.Sprintf("What is registered for %s leads back to this router.", r.Host),
	})
}

// refuse says what is wrong with a request that cannot be routed at all.
func (pg *pages) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	line := fmt.Sprintf("VCAP ROUTER: %d - %s", status, strings.ToUpper(http.StatusText(status)))
	pg.write(w, r, page{Status: status, Line: line, Text: text})
}

func (pg *pages) write(w http.ResponseWriter, r *http.Request, p page) {
	h := w.Header()
	h.Set("Cache-Control", "no-store") // the app may be there the next time
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(p.Status)
		_ = pg.html.Execute(w, p) // the only error is that the client is gone
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(p.Status)
	_, _ = w.Write([]byte(p.plain()))
}

func (p page) plain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", p.Line, p.Text)
	for _, l := range p.Links {
		fmt.Fprintf(&b, "  %s\n", l.Name)
	}
	if p.More > 0 {
		fmt.Fprintf(&b, "  and %d more\n", p.More)
	}
	return b.String()
}

// portOf returns the ":port" that a client used, empty for port 80.
func portOf(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return ":" + port
	}
	return ""
}
