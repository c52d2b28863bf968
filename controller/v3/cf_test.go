package v3_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/minicf/minicf/sandbox/sandboxtest"
)

// object is JSON.
type object = map[string]any

// startPlatform runs all of minicf; the result is the URL of its controller.
func startPlatform(tb testing.TB) string {
	tb.Helper()
	return sandboxtest.New(tb).Controller.URL
}

// cf is a client of the API, as far as the cf command is one.
type cf struct {
	t     testing.TB
	url   string
	token string
}

// login is `cf auth admin admin`.
func login(tb testing.TB, at string) *cf {
	tb.Helper()
	c := &cf{t: tb, url: at}
	form := url.Values{"grant_type": {"password"}, "username": {"admin"}, "password": {"admin"}}.Encode()
	a := c.send(http.MethodPost, "/oauth/token", strings.NewReader(form), "application/x-www-form-urlencoded")
	c.token, _ = a.object["access_token"].(string)
	if c.token == "" {
		tb.Fatalf("login: %d %s", a.status, a.body)
	}
	return c
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header
	body   string
	object object // nil when the body is none
}

// send makes a request.
func (c *cf) send(method, path string, body io.Reader, contentType string) answer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if contentType == "" {
		contentType = "application/json"
	}
	req.Header.Set("Content-Type", contentType)
	if c.token != "" {
		req.Header.Set("Authorization", "bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
	_ = json.Unmarshal(text, &a.object) // what is no object has none
	return a
}

// ask sends JSON, if there is any.
func (c *cf) ask(method, path string, body any) answer {
	c.t.Helper()
	if body == nil {
		return c.send(method, path, http.NoBody, "")
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(method, path, bytes.NewReader(text), "")
}

// must is ask for what has to be answered with a status.
func (c *cf) must(method, path string, body any, status int) answer {
	c.t.Helper()
	a := c.ask(method, path, body)
	if a.status != status {
		c.t.Fatalf("%s %s %v = %d %s, want %d", method, path, body, a.status, a.body, status)
	}
	return a
}

// get is must for what is to be seen.
func (c *cf) get(path string) answer {
	c.t.Helper()
	return c.must(http.MethodGet, path, nil, http.StatusOK)
}

// resources are the items of a list.
func (a answer) resources() []object {
	var all []object
	items, _ := a.object["resources"].([]any)
	for _, item := range items {
		o, _ := item.(object)
		all = append(all, o)
	}
	return all
}

// guid is that of the answer, or of the first of a list.
func (a answer) guid() string {
	o := a.object
	if all := a.resources(); len(all) > 0 {
		o = all[0]
	}
	g, _ := o["guid"].(string)
	return g
}

// upload sends the form of a package; without bits when zip is nil.
func (c *cf) upload(path, resources string, zip []byte) answer {
	c.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if resources != "" {
		if err := form.WriteField("resources", resources); err != nil {
			c.t.Fatal(err)
		}
	}
	if zip != nil {
		part, err := form.CreateFormFile("bits", "package.zip")
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := part.Write(zip); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		c.t.Fatal(err)
	}
	return c.send(http.MethodPost, path, &body, form.FormDataContentType())
}

// pythonApp is an app of two files that needs nothing but Python, and tells what is in its environment.
func pythonApp() map[string]string {
	return map[string]string{
		"Procfile": "web: python3 app.py\n",
		"app.py": `import http.server, os, json
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
http.server.HTTPServer((os.environ["VCAP_APP_HOST"], int(os.environ["PORT"])), H).serve_forever()
`,
	}
}

// zipOf is a zip of files.
func zipOf(tb testing.TB, files map[string]string) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
