package router

import (
	"fmt"
	"html"
	"net"
	"net/http"
	"strings"
)

// maxListed is how many URIs a page names; a workshop has a few, and a page must stay one.
const maxListed = 100

// page is what the router itself answers: as HTML for browsers, as text for everybody else.
type page struct {
	Status int
	Line   string // what the router of 2012 said, for those who look for it
	Text   string
	Links  []link
	More   int // URIs that are not in Links
}

type link struct{ Name, URL string }

// notFoundPage says that nobody is registered for the host, and who is.
func notFoundPage(host string, uris []string) page {
	p := page{
		Status: http.StatusNotFound,
		Line:   "VCAP ROUTER: 404 - DESTINATION NOT FOUND",
		Text:   fmt.Sprintf("No app is registered for %s. Registered:", host),
	}
	if len(uris) == 0 {
		p.Text = fmt.Sprintf("No app is registered for %s, nor for any other name: deploy one with `minicf deploy`.", host)
	}
	if len(uris) > maxListed {
		uris, p.More = uris[:maxListed], len(uris)-maxListed
	}
	for _, uri := range uris {
		p.Links = append(p.Links, link{uri, "http://" + uri + portOf(host) + "/"})
	}
	return p
}

// badGatewayPage says why an app did not answer.
func badGatewayPage(host, reason string) page {
	return page{
		Status: http.StatusBadGateway,
		Line:   "VCAP ROUTER: 502 - BAD GATEWAY",
		Text:   fmt.Sprintf("The app at %s did not answer: %s", host, reason),
	}
}

// loopPage says that a registered endpoint leads back to this router.
func loopPage(host string) page {
	return page{
		Status: http.StatusLoopDetected,
		Line:   "VCAP ROUTER: 508 - LOOP DETECTED",
		Text:   fmt.Sprintf("What is registered for %s leads back to this router.", host),
	}
}

// refusalPage says what is wrong with a request that cannot be routed at all.
func refusalPage(status int, text string) page {
	line := fmt.Sprintf("VCAP ROUTER: %d - %s", status, strings.ToUpper(http.StatusText(status)))
	return page{Status: status, Line: line, Text: text}
}

// write answers a request with the page. The only error there is says that the client is gone.
func (p page) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store") // the app may be there the next time
	h.Set("X-Content-Type-Options", "nosniff")
	kind, body := "text/plain", p.plain()
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		kind, body = "text/html", p.html()
	}
	h.Set("Content-Type", kind+"; charset=utf-8")
	w.WriteHeader(p.Status)
	_, _ = w.Write([]byte(body))
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

// html is written without html/template, which would cost each minicf 3 MB of memory: see internal/archtest.
func (p page) html() string {
	line := html.EscapeString(p.Line)
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, line, line, html.EscapeString(p.Text))
	if len(p.Links) > 0 {
		b.WriteString("<ul>\n")
		for _, l := range p.Links {
			fmt.Fprintf(&b, "<li><a href=\"%s\">%s</a></li>\n", html.EscapeString(l.URL), html.EscapeString(l.Name))
		}
		b.WriteString("</ul>\n")
	}
	if p.More > 0 {
		fmt.Fprintf(&b, "<p>and %d more</p>\n", p.More)
	}
	b.WriteString("</body>\n</html>\n")
	return b.String()
}

// pageHead is an HTML page up to its first paragraph, with room for the title, the heading, which is the same, and the paragraph.
const pageHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>%s</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;overflow-wrap:anywhere}</style>
</head>
<body>
<h1>%s</h1>
<p>%s</p>
`

// portOf returns the ":port" that a client used, empty for port 80.
func portOf(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return ":" + port
	}
	return ""
}
