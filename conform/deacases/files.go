package deacases

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

func fileChecks() []check {
	is := func(name, about string, level suite.Level, run func(*viewer, context.Context) error) check {
		return check{
			Case: suite.Case{Name: "files/" + name, Source: "running §8.34, §3.11", Level: level, About: about},
			Run: func(ctx context.Context, k *Kit) error {
				v, err := k.viewer(ctx)
				if err != nil {
					return err
				}
				return run(v, ctx)
			},
		}
	}
	return []check{
		{Case: suite.Case{
			Name: "files/address", Source: "running §10 (fix 10), §3.11", Level: suite.Required,
			About: "a DEA whose hello has a port serves the files of its apps there, at file_uri",
		}, Run: filesAddress},
		is("unauthorized", "without credentials there is a 401", suite.Required, (*viewer).unauthorized),
		is("root", "the root of an instance lists app/ and logs/ and no other file", suite.Required, (*viewer).root),
		is("listing", "a directory is a line for each entry, sorted, with name and size in columns, without dot-files and without a last newline",
			suite.Required, (*viewer).listing),
		is("file", "a file is served whole, as text, with Content-Length and Last-Modified", suite.Required, (*viewer).file),
		is("unlisted-file", "a file at the root that is not listed can be read by its name", suite.Required, (*viewer).unlisted),
		is("missing", "what does not exist is a 404, \"Entity not found.\"", suite.Required, (*viewer).missing),
		is("startup", "startup and stop are a 403, \"Not accessible\"", suite.Required, (*viewer).scripts),
		is("dots", "a path with .. in it is a 403", suite.Required, (*viewer).dots),
		is("link-outside", "a link that leaves the instance is a 403", suite.Required, (*viewer).linkOutside),
		is("link-inside", "a link inside the instance is followed", suite.Required, (*viewer).linkInside),
		is("range", "a byte range is a 206 with Content-Range", suite.Required, (*viewer).byteRange),
		is("bad-range", "a range behind the end is a 416", suite.Required, (*viewer).badRange),
		is("head", "HEAD is answered like GET, without the content", suite.Required, (*viewer).head),
		is("other-apps", "the list of all instances is empty", suite.Required, (*viewer).others),
		{Case: suite.Case{
			Name: "files/of-a-crash", Source: "running §8.23, §10", Level: suite.Required,
			About: "the files of an app that has crashed can still be read",
		}, Run: filesOfCrash},
	}
}

// viewer is the file viewer of a DEA, at the root of an instance.
type viewer struct {
	base           string // URL, without a / at the end
	user, password string
	client         *http.Client
}

// viewer finds the file viewer by the model app.
func (k *Kit) viewer(ctx context.Context) (*viewer, error) {
	f, err := k.theModel(ctx)
	if err != nil {
		return nil, err
	}
	return k.viewerOf(ctx, f.app)
}

func (k *Kit) viewerOf(ctx context.Context, a *app) (*viewer, error) {
	o, err := a.find(ctx, nil)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(o.Text("file_uri"))
	if err != nil || u.Host == "" {
		return nil, &suite.Mismatch{Why: "file_uri is no URL", Expected: "http://ip:port/droplets/", Seen: o.String()}
	}
	if u.Port() == "" {
		return nil, &suite.Skip{Why: "the DEA has no file viewer (no filer_port)"}
	}
	c, _ := o.Texts("credentials")
	if len(c) != 2 {
		return nil, &suite.Mismatch{Why: "credentials are no pair", Expected: `["user","password"]`, Seen: o.String()}
	}
	v := &viewer{base: o.Text("file_uri") + o.Text("staged"), user: c[0], password: c[1]}
	v.client = &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, Timeout: k.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return v, nil
}

// filesAddress compares what the hello and file_uri say. In 2012 a DEA without filer_port had a viewer that nobody could find.
func filesAddress(ctx context.Context, k *Kit) error {
	hello, err := k.offer(ctx, k.fit("files"))
	if err != nil {
		return err
	}
	v, err := k.viewer(ctx)
	if _, none := err.(*suite.Skip); none {
		if hello["port"] == nil {
			return &suite.Known{What: "without a filer_port nobody can know where the file viewer is"}
		}
		return &suite.Mismatch{Why: "the hello has a port, and file_uri has none", Expected: wire.Show(hello["port"]), Seen: "none"}
	}
	if err != nil {
		return err
	}
	if u, err := url.Parse(v.base); err != nil || u.Port() != wire.Show(hello["port"]) {
		return &suite.Mismatch{Why: "the hello has another port than file_uri", Expected: wire.Show(hello["port"]), Seen: v.base}
	}
	_, err = v.get(ctx, "/")
	return err
}

// page is an answer of the file viewer.
type page struct {
	what   string
	status int
	header http.Header
	body   string
}

// get asks for a path below the instance, with credentials.
func (v *viewer) get(ctx context.Context, path string, headers ...string) (page, error) {
	return v.ask(ctx, http.MethodGet, v.base+path, true, headers...)
}

// ask sends a request; headers are "Name: value".
func (v *viewer) ask(ctx context.Context, method, address string, login bool, headers ...string) (page, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return page{}, err
	}
	if login {
		req.SetBasicAuth(v.user, v.password)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return page{}, &suite.Mismatch{Why: "the file viewer does not answer", Expected: method + " " + req.URL.Path, Seen: err.Error()}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return page{method + " " + req.URL.Path, resp.StatusCode, resp.Header, string(body)}, err
}

// is wants a status and, where it matters, a body.
func (p page) is(status int, body ...string) error {
	if p.status == status && (len(body) == 0 || p.body == body[0]) {
		return nil
	}
	want := fmt.Sprint(status)
	if len(body) > 0 {
		want = fmt.Sprintf("%d, %q", status, body[0])
	}
	return &suite.Mismatch{Why: fmt.Sprintf("%s is %d", p.what, p.status), Expected: want, Seen: fmt.Sprintf("%d, %q", p.status, p.body)}
}

// has wants a header to begin with a value.
func (p page) has(name, value string) error {
	if got := p.header.Get(name); !strings.HasPrefix(got, value) || got == "" {
		return &suite.Mismatch{Why: p.what + " has another " + name, Expected: name + ": " + value, Seen: name + ": " + got}
	}
	return nil
}
