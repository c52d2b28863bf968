package cf_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/client/cf"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

const server = `import http.server, os

class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hello).serve_forever()
`

// newApp writes an app with what makes uploads difficult.
func newApp(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range map[string]string{
		"web.py": server, "Procfile": "web: exec python3 web.py\n", "requirements.txt": "", "bin/run": "#!/bin/sh\n", ".cfignore": "*.log\nsecret/\n",
		"a.log": "no", "secret/key": "no", "lib/b.log": "no", "lib/code": "yes",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if name == "bin/run" {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			tb.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Symlink("lib/code", filepath.Join(dir, "link")), os.Symlink("/etc", filepath.Join(dir, "secret", "outside")), os.Mkdir(filepath.Join(dir, "tmp"), 0o755),
	} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// upload uploads what is new of a directory, and unpacks what the controller made of it.
func upload(t *testing.T, c *cf.Client, app cf.App, dir string) (*cf.Upload, []droplet.Node) {
	t.Helper()
	ctx := t.Context()
	files, err := cf.ReadDir(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.Match(ctx, files)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.PutFiles(ctx, app.GUID, files, u, nil)
	if err != nil || p.State != "READY" {
		t.Fatalf("package %+v: %v", p, err)
	}
	status, zip, err := c.Curl(ctx, http.MethodGet, "/v3/packages/"+p.GUID+"/download", nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("download: %d %v", status, err)
	}
	file, to := filepath.Join(t.TempDir(), "package.zip"), t.TempDir()
	if err := os.WriteFile(file, zip, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := droplet.UnpackZip(ctx, file, to, droplet.Limits{}); err != nil {
		t.Fatal(err)
	}
	tree, err := droplet.Tree(to)
	if err != nil {
		t.Fatal(err)
	}
	return u, tree
}

func newClientApp(t *testing.T, p *sandboxtest.Platform) (*cf.Client, cf.App) {
	t.Helper()
	c := &cf.Client{URL: p.Controller.URL}
	if _, err := c.ApplyManifest(t.Context(), []byte("applications: [{name: hello, instances: 2, default-route: true}]")); err != nil {
		t.Fatal(err)
	}
	app, err := c.App(t.Context(), "Hello")
	if err != nil {
		t.Fatal(err)
	}
	return c, app
}

func TestUploadIsTheWholeAppAndAgainNothing(t *testing.T) {
	t.Parallel()
	dir := newApp(t)
	c, app := newClientApp(t, sandboxtest.New(t))
	first, tree := upload(t, c, app, dir)
	second, again := upload(t, c, app, dir)
	if first.Count != 5 || second.Count != 0 {
		t.Errorf("%d files are uploaded and then %d, want 5 and 0", first.Count, second.Count)
	}
	var got []string
	for _, n := range tree {
		got = append(got, n.Path)
	}
	want := []string{"Procfile", "bin/", "bin/run", "lib/", "lib/code", "link", "requirements.txt", "tmp/", "web.py"}
	if !slices.Equal(got, want) {
		t.Errorf("the package has %v, want %v", got, want)
	}
	for i, n := range again {
		if n != tree[i] {
			t.Errorf("again it is %+v, want %+v", n, tree[i])
		}
	}
	if mode := tree[2].Mode.Perm(); mode != 0o755 {
		t.Errorf("bin/run has the mode %o", mode)
	}
}

func TestAppIsPushedScaledStoppedAndDeleted(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3")
	p, ctx := sandboxtest.New(t), t.Context()
	c, app := newClientApp(t, p)
	files, err := cf.ReadDir(ctx, newApp(t))
	if err != nil {
		t.Fatal(err)
	}
	u, err := c.Match(ctx, files)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := c.PutFiles(ctx, app.GUID, files, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Stage(ctx, app, pkg)
	if err == nil {
		err = c.Use(ctx, app.GUID, b.Droplet.GUID)
	}
	if err == nil {
		err = c.Start(ctx, app.GUID)
	}
	if err != nil {
		t.Fatal(err)
	}
	heard := ""
	if err := c.AwaitRunning(ctx, app, 2, 0, func(text string) { heard = text }); err != nil || heard != "2 running" {
		t.Fatalf("heard %q: %v", heard, err)
	}
	three := 3
	if x, err := c.Scale(ctx, app.GUID, cf.Scaling{Instances: &three}); err != nil || x.Instances != 3 {
		t.Fatalf("scaled: %+v %v", x, err)
	}
	if err := c.AwaitRunning(ctx, app, 3, time.Minute, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(ctx, app.GUID); err != nil {
		t.Fatal(err)
	}
	if some, err := c.Instances(ctx, app.GUID); err != nil || len(some) != 0 {
		t.Errorf("stopped, it has %+v: %v", some, err)
	}
	if err := c.Delete(ctx, app.GUID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.App(ctx, "hello"); !isMissing(err) {
		t.Errorf("deleted, it is %v", err)
	}
}

func isMissing(err error) bool {
	_, ok := errors.AsType[*cf.NotFoundError](err)
	return ok
}

func TestRoutesAreMadeAndTakenAway(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, app := newClientApp(t, sandboxtest.New(t))
	if _, err := c.MapRoute(ctx, app.GUID, "Other.localhost"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MapRoute(ctx, app.GUID, "x.example.com"); !isMissing(err) {
		t.Errorf("a name in no domain: %v", err)
	}
	if got := urls(t, c, app); got != "hello.localhost other.localhost" {
		t.Errorf("routes are %s", got)
	}
	if err := c.UnmapRoute(ctx, app.GUID, "other.localhost"); err != nil {
		t.Fatal(err)
	}
	if err := c.UnmapRoute(ctx, app.GUID, "other.localhost"); !isMissing(err) {
		t.Errorf("unmapped twice: %v", err)
	}
	if got := urls(t, c, app); got != "hello.localhost" {
		t.Errorf("routes are %s", got)
	}
}

func urls(t *testing.T, c *cf.Client, app cf.App) string {
	t.Helper()
	routes, err := c.RoutesOf(t.Context(), app.GUID)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range routes {
		all = append(all, r.URL)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestMistakesAreInTheWordsOfTheAPI(t *testing.T) {
	t.Parallel()
	p, ctx := sandboxtest.New(t), t.Context()
	c, app := newClientApp(t, p)
	if _, err := c.Stage(ctx, app, cf.Package{GUID: "none"}); err == nil || !strings.Contains(err.Error(), "Unable to use package") {
		t.Errorf("a build of nothing: %v", err)
	}
	err := c.CheckManifest(ctx, []byte("applications:\n- name: x\n  memroy: 3M\n"))
	if err == nil || !strings.Contains(err.Error(), "memroy") {
		t.Errorf("a manifest with a mistake: %v", err)
	}
	_, err = (&cf.Client{URL: p.Controller.URL, Password: "wrong"}).Apps(ctx)
	if e, ok := errors.AsType[*cf.Error](err); !ok || e.Status != http.StatusUnauthorized || !strings.Contains(e.Hint(), "MINICF_PASSWORD") {
		t.Errorf("a wrong password: %v", err)
	}
	_, err = (&cf.Client{URL: p.Controller.URL, Space: "moon"}).Apps(ctx)
	if !isMissing(err) {
		t.Errorf("a space that there is not: %v", err)
	}
	_, err = (&cf.Client{URL: "http://127.0.0.1:1"}).Apps(ctx)
	if _, ok := errors.AsType[*client.UnreachableError](err); !ok {
		t.Errorf("a controller that there is not: %v", err)
	}
}

// A page's address may name another host; a token must not go there.
func TestPagesAreAskedForWhereTheTokenIsGood(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers := map[string]string{
			"/oauth/token":      `{"access_token":"t"}`,
			"/v3/organizations": `{"resources":[{"guid":"o","name":"minicf"}]}`,
			"/v3/spaces":        `{"resources":[{"guid":"s","name":"dev"}]}`,
			"/v3/apps":          `{"pagination":{"next":{"href":"http://elsewhere.invalid/v3/apps/2?page=2"}},"resources":[{"name":"a"}]}`,
			"/v3/apps/2":        `{"pagination":{"next":null},"resources":[{"name":"b"}]}`,
		}
		_, _ = w.Write([]byte(answers[r.URL.Path]))
	}))
	defer api.Close()
	apps, err := (&cf.Client{URL: api.URL}).Apps(t.Context())
	if err != nil || len(apps) != 2 || apps[1].Name != "b" {
		t.Errorf("apps are %+v: %v", apps, err)
	}
}
