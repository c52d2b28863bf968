package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/config/configtest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

func TestShippedNATSFileIsTheDefault(t *testing.T) {
	t.Parallel()
	configtest.CheckShipped(t, "nats", sandbox.DefaultNATS())
}

const pythonApp = `import http.server, os
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from " + os.environ["VCAP_APP_PORT"].encode())
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["VCAP_APP_PORT"])), Hello).serve_forever()
`

// deploy stages a Python app and runs one instance of it.
func deploy(t *testing.T, busURL, api, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "web.py"), []byte(pythonApp), 0o644); err != nil {
		t.Fatal(err)
	}
	app, err := client.DescribeDir(ctx, dir, id, client.Overrides{Runtime: "python3", Command: "exec python3 web.py"})
	if err != nil {
		t.Fatal(err)
	}
	b := bus.New(bus.Options{URL: busURL, Once: true})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := &client.Controller{URL: api}
	if err := c.PutPackageDir(ctx, id, dir); err != nil {
		t.Fatal(err)
	}
	properties, err := app.Properties()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Stage(ctx, b, protocol.StagingRequest{DownloadURI: c.DownloadURI(id), UploadURI: c.UploadURI(id, "x"), Properties: properties}); err != nil {
		t.Fatal(err)
	}
	run(ctx, t, b, c, app)
}

func run(ctx context.Context, t *testing.T, b *bus.Bus, c *client.Controller, app client.App) {
	t.Helper()
	discover, err := app.DiscoverRequest()
	if err != nil {
		t.Fatal(err)
	}
	hello, err := client.Discover(ctx, b, discover)
	if err != nil {
		t.Fatal(err)
	}
	sha1, err := c.DropletSHA1(ctx, app.ID)
	if err != nil {
		t.Fatal(err)
	}
	request, err := app.StartRequest(0, sha1, c.DropletURI(app.ID, sha1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Run(ctx, b, hello.ID, request); err != nil {
		t.Fatal(err)
	}
}

// answers asks the router until the app answers.
func answers(t *testing.T, router, host, want string) {
	t.Helper()
	testkit.Eventually(t, 10*time.Second, host+" answers", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, router, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return strings.Contains(string(body), want)
	})
}

func TestTwoSandboxesDoNotMix(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash")
	a, stopA := sandboxtest.Start(t, sandboxtest.Settings(t))
	b, _ := sandboxtest.Start(t, sandboxtest.Settings(t))
	deploy(t, a.URL("nats"), a.URL("controller"), "same")
	deploy(t, b.URL("nats"), b.URL("controller"), "same")
	answers(t, a.URL("router"), "same.localhost", "hello from")
	stopA()
	answers(t, b.URL("router"), "same.localhost", "hello from")
}

// The bus may be restarted under everybody: they reconnect, running apps stay routed, and new ones can be deployed.
func TestEverybodySurvivesARestartOfTheBus(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash")
	port := testkit.FreePort(t)
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	stopBus := startBus(t, port)
	s := sandboxtest.Settings(t)
	s.BusURL = url
	sb, _ := sandboxtest.Start(t, s)
	deploy(t, url, sb.URL("controller"), "before")
	answers(t, sb.URL("router"), "before.localhost", "hello from")

	stopBus()
	answers(t, sb.URL("router"), "before.localhost", "hello from")
	startBus(t, port)
	testkit.Eventually(t, 10*time.Second, "the stager, the DEA and the router are back", func() bool {
		return len(discovered(t, url)) == 5
	})
	deploy(t, url, sb.URL("controller"), "after")
	answers(t, sb.URL("router"), "after.localhost", "hello from")
	answers(t, sb.URL("router"), "before.localhost", "hello from")
}

func startBus(t *testing.T, port int) (stop func()) {
	t.Helper()
	s, err := bus.NewServer(bus.ServerConfig{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	up, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(up) }) }()
	select {
	case <-up:
	case err := <-ended:
		cancel()
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		cancel()
		if !stopped {
			stopped = true
			<-ended
		}
	}
	t.Cleanup(stop)
	return stop
}

// discovered lists the types of the components that answer within a moment.
func discovered(t *testing.T, url string) []string {
	t.Helper()
	b := bus.New(bus.Options{URL: url, Once: true})
	if err := b.Open(); err != nil {
		return nil
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	all, err := bus.Gather(ctx, b, protocol.ComponentDiscover, protocol.Ignored{}, 5)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, c := range all {
		types = append(types, c.Type)
	}
	slices.Sort(types)
	return types
}

func TestComponentsAreFoundWhileTheyRun(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Settings(t)
	s.Only = []string{"nats", "controller"}
	sb, stop := sandboxtest.Start(t, s)
	found, err := sandbox.Find(s.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || found[0].URL != sb.URL("controller") || found[1].URL != sb.URL("nats") || found[0].PID != os.Getpid() {
		t.Errorf("found %+v, want the controller and nats of this process", found)
	}
	stop()
	if found, err = sandbox.Find(s.DataDir); err != nil || len(found) != 0 {
		t.Errorf("after the stop: %+v, %v, want nothing", found, err)
	}
}

func TestFilesOfDeadProcessesAreNoComponents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"dead.json": `{"component":"dead","pid":2147483646}`, "torn.json": `{"compo`, "odd.json": `{"component":"odd","pid":-1}`,
		"live.json": fmt.Sprintf(`{"component":"live","pid":%d}`, os.Getpid()),
	} {
		if err := sandbox.WriteFile(filepath.Join(dir, "run", name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := sandbox.Find(dir)
	if err != nil || len(found) != 1 || found[0].Component != "live" {
		t.Errorf("found %+v, %v, want the live one alone", found, err)
	}
}

func TestUsualPortMayBeTakenUnlessItWasAskedFor(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)

	s := sandboxtest.Settings(t)
	s.AnyPort, s.Only = true, []string{"controller"}
	s.Overrides = map[string][]config.Override{"controller": {{Key: "port", Value: port, Flag: "--controller-port"}}}
	_, err = sandbox.New(s)
	wrong, ok := errors.AsType[*sandbox.PortError](err)
	if !ok || !strings.Contains(err.Error(), port) || !strings.Contains(wrong.Hint(), "--controller-port") {
		t.Errorf("a taken port asked for by a flag: error = %v, want one that names port and flag", err)
	}

	s.Overrides = nil
	s.Lookup = func(string) (string, bool) { return "", false }
	usual, err := net.Listen("tcp", "127.0.0.1:9292")
	if err == nil {
		defer usual.Close()
	} // else somebody else has it, which is as good
	if _, err := sandbox.New(s); err != nil {
		t.Errorf("a taken usual port: error = %v, want another port", err)
	}
}

func TestUnknownComponentIsNamed(t *testing.T) {
	t.Parallel()
	for _, s := range []sandbox.Settings{{Only: []string{"cobol"}}, {Without: []string{"cobol"}}} {
		_, err := sandbox.New(s)
		var unknown *sandbox.UnknownComponentError
		if !errors.As(err, &unknown) || unknown.Name != "cobol" {
			t.Errorf("error = %v, want one about cobol", err)
		}
	}
	if _, err := sandbox.New(sandbox.Settings{Only: []string{"dea"}, Without: []string{"dea"}}); err == nil {
		t.Error("a sandbox of nothing was built")
	}
}

func TestBackendIsChosenByConfiguration(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Settings(t)
	s.Only = []string{"dea"}
	s.Overrides["dea"] = []config.Override{{Key: "isolation", Value: "jail", Flag: "test"}}
	if _, err := sandbox.New(s); err == nil || !strings.Contains(err.Error(), "process, landlock and fake") {
		t.Errorf("error = %v, want one that names the backends", err)
	}
}
