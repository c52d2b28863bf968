package sandboxtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// Generous: other tests share the machine, and a large framework takes its time to start.
const (
	stagingPatience = 4 * time.Minute
	startPatience   = 3 * time.Minute
	answerPatience  = time.Minute
)

// App is an app that was staged.
type App struct {
	client.App
	TaskLog string // of its staging

	p *Platform
}

// Describe is the app in a directory, detected as `minicf push` would, to be changed before [Platform.PushAs].
func (p *Platform) Describe(dir string, o client.Overrides) client.App {
	p.t.Helper()
	app, err := client.DescribeDir(p.t.Context(), dir, filepath.Base(dir), o)
	if err != nil {
		p.t.Fatal(err)
	}
	return app
}

// Push stages the app in a directory.
func (p *Platform) Push(dir string, o client.Overrides) *App {
	p.t.Helper()
	return p.PushAs(dir, p.Describe(dir, o))
}

// PushAs stages a directory as the app that it is said to be.
func (p *Platform) PushAs(dir string, app client.App) *App {
	p.t.Helper()
	a, err := p.TryPush(dir, app)
	if err != nil {
		failure, _ := errors.AsType[*client.StagingError](err)
		if failure != nil {
			p.t.Fatalf("staging %s: %v\n%s", dir, err, failure.TaskLog)
		}
		p.t.Fatal(err)
	}
	return a
}

// TryPush is PushAs for an app that may not be staged: the error may be a *client.StagingError.
func (p *Platform) TryPush(dir string, app client.App) (*App, error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), stagingPatience)
	defer cancel()
	if err := p.Controller.PutPackageDir(ctx, app.ID, dir); err != nil {
		return nil, err
	}
	properties, err := app.Properties()
	if err != nil {
		return nil, err
	}
	reply, err := client.Stage(ctx, p.Bus, protocol.StagingRequest{
		AppID: protocol.ID(app.ID), Properties: properties,
		DownloadURI: p.Controller.DownloadURI(app.ID), UploadURI: p.Controller.UploadURI(app.ID, "test"),
	})
	return &App{App: app, TaskLog: reply.TaskLog, p: p}, err
}

// Start runs an instance and waits until it is routed.
func (a *App) Start(index int) {
	a.p.t.Helper()
	ctx, cancel := context.WithTimeout(a.p.t.Context(), startPatience)
	defer cancel()
	discover, err := a.DiscoverRequest()
	if err != nil {
		a.p.t.Fatal(err)
	}
	dea, err := client.Discover(ctx, a.p.Bus, discover)
	if err != nil {
		a.p.t.Fatal(err)
	}
	sha1, err := a.p.Controller.DropletSHA1(ctx, a.ID)
	if err != nil {
		a.p.t.Fatal(err)
	}
	start, err := a.StartRequest(index, sha1, a.p.Controller.DropletURI(a.ID, sha1))
	if err != nil {
		a.p.t.Fatal(err)
	}
	if _, err := client.Run(ctx, a.p.Bus, dea.ID, start); err != nil {
		a.p.t.Fatalf("%v\n%s", err, a.p.Logs())
	}
	// What was heard of the registration the router may hear a little later.
	testkit.Eventually(a.p.t, answerPatience, "the router to know "+a.ID, a.routed)
}

// Get asks the app through the router, and returns the body of the answer, which has to be 200.
func (a *App) Get(path string) string {
	a.p.t.Helper()
	body, _ := a.ask(path)
	return body
}

// ask also tells which instance answered, as host:port. The router says so to whoever knows its trace_key.
func (a *App) ask(path string) (body, instance string) {
	a.p.t.Helper()
	ctx, cancel := context.WithTimeout(a.p.t.Context(), answerPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.p.Router+path, nil)
	if err != nil {
		a.p.t.Fatal(err)
	}
	req.Host = a.URIs[0]
	req.Header.Set("X-Vcap-Trace", "22")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		a.p.t.Fatalf("GET %s: %s, %v\n%s\n%s", path, resp.Status, err, text, a.p.Logs())
	}
	return string(text), resp.Header.Get("X-Vcap-Backend")
}

// ExpectInstances waits until as many different instances have answered.
func (a *App) ExpectInstances(n int) {
	a.p.t.Helper()
	seen := map[string]bool{}
	testkit.Eventually(a.p.t, answerPatience, fmt.Sprintf("%d instances of %s to answer", n, a.ID), func() bool {
		_, instance := a.ask("/")
		seen[instance] = true
		return len(seen) == n
	})
}

// Stop stops all instances, and waits until nothing of any app is left on the platform: no route, no process, no directory
// of the DEA.
func (a *App) Stop() {
	a.p.t.Helper()
	if err := client.Stop(a.p.Bus, protocol.StopRequest{Droplet: protocol.ID(a.ID)}); err != nil {
		a.p.t.Fatal(err)
	}
	testkit.Eventually(a.p.t, answerPatience, a.ID+" to be gone", func() bool {
		return !a.routed() && len(a.p.instances()) == 0 && len(Processes(a.p.t, a.p.DataDir)) == 0
	})
}

func (a *App) routed() bool {
	req, err := http.NewRequestWithContext(a.p.t.Context(), http.MethodGet, a.p.Router, nil)
	if err != nil {
		a.p.t.Fatal(err)
	}
	req.Host = a.URIs[0]
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.p.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode != http.StatusNotFound
}

// instances are the directories of the DEA's instances.
func (p *Platform) instances() []string {
	dirs, err := filepath.Glob(filepath.Join(p.DataDir, "dea", "apps", "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	return dirs
}

// Logs are the last words of every instance that there is, for the message of a failed test.
func (p *Platform) Logs() string {
	var b strings.Builder
	for _, dir := range p.instances() {
		files, _ := filepath.Glob(filepath.Join(dir, "logs", "*"))
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
				fmt.Fprintf(&b, "--- %s\n%s\n", filepath.Join("logs", filepath.Base(file)), text[max(0, len(text)-4096):])
			}
		}
	}
	return b.String()
}

// Processes lists the processes whose environment names a directory, as that of every instance does and of every tool that
// a stager runs. It needs /proc: elsewhere there are none to see.
func Processes(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), dir) {
			all = append(all, filepath.Dir(file))
		}
	}
	return all
}
