package client_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/controller"
	"github.com/minicf/minicf/controller/uaa"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
)

// startController runs a real controller until the test ends.
func startController(tb testing.TB) *client.Controller {
	tb.Helper()
	return startControllerOn(tb, bustest.New(tb))
}

func startControllerOn(tb testing.TB, b *bus.Bus) *client.Controller {
	tb.Helper()
	dir := tb.TempDir()
	cfg := controller.Default()
	cfg.Port, cfg.Status.Port, cfg.PID, cfg.MaxUpload = 0, bus.NoStatusPort, "", 1<<20
	cfg.Directories.Packages, cfg.Directories.Droplets = filepath.Join(dir, "packages"), filepath.Join(dir, "droplets")
	cfg.Directories.Resources, cfg.Directories.Tokens = filepath.Join(dir, "resources"), filepath.Join(dir, "tokens")
	c, err := controller.New(b, cfg, uaa.Default(), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- c.Run(ctx, func() { close(ready) }) }()
	<-ready
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	return &client.Controller{URL: c.URL() + "/"}
}

// post uploads a droplet as the stager does.
func post(tb testing.TB, uri, content string) {
	tb.Helper()
	body := "--x\r\nContent-Disposition: form-data; name=\"upload[droplet]\"; filename=\"d\"\r\n\r\n" + content + "\r\n--x--\r\n"
	res, err := http.Post(uri, "multipart/form-data; boundary=x", strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		tb.Fatalf("post %s: %s", uri, res.Status)
	}
}

func TestPackageOfADirectoryArrives(t *testing.T) {
	t.Parallel()
	c := startController(t)
	app := t.TempDir()
	if err := os.WriteFile(filepath.Join(app, ".hidden"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"hello", "..", "a/b c"} {
		if err := c.PutPackageDir(t.Context(), id, app); err != nil {
			t.Fatal(err)
		}
		res, err := http.Get(c.DownloadURI(id))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "app.zip")
		var zipped bytes.Buffer
		_, err = zipped.ReadFrom(res.Body)
		res.Body.Close()
		if err := errors.Join(err, os.WriteFile(file, zipped.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		out := t.TempDir()
		if err := droplet.UnpackZip(t.Context(), file, out, droplet.Limits{}); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(out, ".hidden")); err != nil || string(text) != "kept" {
			t.Errorf("%s: the package has .hidden with %q, %v", id, text, err)
		}
	}
}

func TestPackageOfADirectoryWithAWarIsTheWar(t *testing.T) {
	t.Parallel()
	c := startController(t)
	app := t.TempDir()
	var war bytes.Buffer
	z := zip.NewWriter(&war)
	if _, err := z.Create("WEB-INF/web.xml"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(app, "shop.war"), war.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.PutPackageDir(t.Context(), "shop", app); err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(c.DownloadURI("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, war.Bytes()) {
		t.Errorf("the package has %d bytes, %v, want the war's %d", len(got), err, war.Len())
	}
}

func TestPackageThatCannotBeMadeOrIsRefusedSaysWhy(t *testing.T) {
	t.Parallel()
	c := startController(t)
	if err := c.PutPackageDir(t.Context(), "hello", filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory: %v, want ErrNotExist", err)
	}
	err := c.PutPackage(t.Context(), "hello", bytes.NewReader(make([]byte, 4<<20)))
	if e, ok := errors.AsType[*client.HTTPError](err); !ok || e.Status != http.StatusRequestEntityTooLarge || !strings.Contains(err.Error(), "larger than 1MiB") {
		t.Errorf("a package that is too large: %v, want 413 with the limit", err)
	}
	err = c.PutPackage(t.Context(), "hello", strings.NewReader("no zip"))
	if e, ok := errors.AsType[*client.HTTPError](err); !ok || e.Status != http.StatusBadRequest || !strings.Contains(err.Error(), "no zip") {
		t.Errorf("what is no zip: %v, want 400 with the reason", err)
	}
}

func TestDropletIsFetchedAndChecked(t *testing.T) {
	t.Parallel()
	c := startController(t)
	if _, err := c.DropletSHA1(t.Context(), "hello"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("an app without a droplet: %v, want 404", err)
	}
	post(t, c.UploadURI("hello", "upload_id"), "droplet")
	sha1, err := c.DropletSHA1(t.Context(), "hello")
	if err != nil || len(sha1) != 40 || !strings.HasSuffix(c.DropletURI("hello", sha1), "/staged_droplets/hello/"+sha1) {
		t.Fatalf("SHA1 = %q, %v", sha1, err)
	}
	var got bytes.Buffer
	if fetched, err := c.FetchDroplet(t.Context(), "hello", &got); err != nil || fetched != sha1 || got.String() != "droplet" {
		t.Errorf("fetched %q %q, %v", fetched, got.String(), err)
	}
}

func TestDropletThatIsNotWhatItSaysIsRefused(t *testing.T) {
	t.Parallel()
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"`+strings.Repeat("0", 40)+`"`)
		_, _ = w.Write([]byte("droplet"))
	}))
	defer liar.Close()
	c := &client.Controller{URL: liar.URL}
	if _, err := c.FetchDroplet(t.Context(), "hello", new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "what came has the SHA1") {
		t.Errorf("error = %v, want one about the hash", err)
	}
}

func TestRealStagingURIsWork(t *testing.T) {
	t.Parallel()
	c := startController(t)
	if _, err := c.BeginStaging(t.Context(), "hello"); err == nil || !strings.Contains(err.Error(), "Application not found") {
		t.Errorf("an app without a package: %v", err)
	}
	app := t.TempDir()
	if err := os.WriteFile(filepath.Join(app, "app.rb"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.PutPackageDir(t.Context(), "hello", app); err != nil {
		t.Fatal(err)
	}
	u, err := c.BeginStaging(t.Context(), "hello")
	if err != nil || !strings.Contains(u.Download, "stager:stager@") {
		t.Fatalf("URIs = %+v, %v", u, err)
	}
	post(t, u.Upload, "droplet")
	if _, err := c.DropletSHA1(t.Context(), "hello"); err != nil {
		t.Error(err)
	}
}

func TestMissingControllerIsNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	c := &client.Controller{URL: "http://127.0.0.1:1"}
	_, err := c.DropletSHA1(t.Context(), "hello")
	if e, ok := errors.AsType[*client.UnreachableError](err); !ok || !strings.Contains(e.Error(), c.URL) || !strings.Contains(e.Hint(), "minicf up") {
		t.Errorf("error = %v, want an UnreachableError that names the URL", err)
	}
}

// What the controller says of an app is what a client reads: a record goes there and back.
func TestRecordGoesThereAndBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := startControllerOn(t, bustest.Join(t, bustest.Start(t, bus.ServerConfig{NoListen: true, Records: t.TempDir()})))
	if _, err := c.Record(ctx, "hello"); statusOf(err) != http.StatusNotFound {
		t.Errorf("record of nothing: %v, want 404", err)
	}
	post(t, c.UploadURI("hello", "x"), "droplet")
	app := client.TutorialApp("hello")
	app.Env = []string{"A=<b> & c"}
	made, err := c.RunApp(ctx, "hello", app.Record(3))
	if err != nil {
		t.Fatal(err)
	}
	read, err := c.Record(ctx, "hello")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(made, read) {
		t.Errorf("made %+v, read %+v", made, read)
	}
	if read.Instances != 3 || read.Memory != 256 || read.Runtime != "ruby19" || read.Framework != "sinatra" || read.State != protocol.AppStarted ||
		!slices.Equal(read.URIs, app.URIs) || !slices.Equal(read.Env, app.Env) || read.Running != nil || read.UpdatedAt.IsZero() {
		t.Errorf("record = %+v, want what the app is", read)
	}
	none := 0
	if r, err := c.ChangeApp(ctx, "hello", client.Change{Instances: &none, URIs: []string{}}); err != nil || r.Instances != 0 || len(r.URIs) != 0 || r.Memory != 256 {
		t.Errorf("changed to nothing: %+v, %v", r, err)
	}
	if all, err := c.Records(ctx); err != nil || len(all) != 1 || all[0].ID != "hello" {
		t.Errorf("all records: %+v, %v", all, err)
	}
	if err := c.DeleteApp(ctx, "hello"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteApp(ctx, "hello"); statusOf(err) != http.StatusNotFound {
		t.Errorf("deleted twice: %v, want 404", err)
	}
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*client.HTTPError](err); ok {
		return e.Status
	}
	return 0
}
