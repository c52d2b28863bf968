package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

// The tutorial runs the same when every component is a process of its own, and Ctrl-C leaves nothing.
func TestProcfileRunsTheTutorialAndLeavesNothing(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby", "bash", "ps")
	dir := newCheckout(t)
	env := separatePorts(t, dir)
	router := env["MINICF_ROUTER_PORT"]

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	goreman := exec.CommandContext(ctx, buildGoreman(t, dir), "-rpc-server=false", "-set-ports=false", "start")
	var log bytes.Buffer
	goreman.Dir, goreman.Env, goreman.Stdout, goreman.Stderr = dir, environ(env), &log, &log
	goreman.Cancel = func() error { return goreman.Process.Signal(syscall.SIGINT) }
	goreman.WaitDelay = 20 * time.Second
	if err := goreman.Start(); err != nil {
		t.Fatal(err)
	}
	for _, component := range []string{"nats", "controller", "stager", "dea", "router", "healthmanager"} {
		testkit.Eventually(t, 20*time.Second, component+" is up", func() bool {
			_, err := os.Stat(filepath.Join(dir, ".minicf", "run", component+".json"))
			return err == nil
		})
	}
	if out := runIn(t, dir, env, "bin/minicf", "request-staging", "--quiet"); !strings.Contains(out, "Done!") {
		t.Errorf("request-staging says:\n%s", out)
	}
	if out := runIn(t, dir, env, "bin/minicf", "deploy"); !strings.Contains(out, "New app registered at: http://127.0.0.1:") {
		t.Errorf("deploy says:\n%s", out)
	}
	testkit.Eventually(t, 5*time.Second, "the app answers through the router", func() bool {
		return strings.Contains(ask(t, "http://127.0.0.1:"+router+"/", "my-sinatra-app.localhost"), "Hello World!")
	})
	if err := goreman.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := goreman.Wait(); err != nil {
		t.Errorf("goreman ended with %v\n%s", err, log.String())
	}
	for _, line := range []string{"Subscribed to staging", "Server running", "Starting VCAP DEA (0.99)"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log lacks %q:\n%s", line, log.String())
		}
	}
	testkit.Eventually(t, 5*time.Second, "no process is left", func() bool { return len(processesOf(dir)) == 0 })
}

// newCheckout is a directory with the Procfile, config/ and bin/minicf.
func newCheckout(t *testing.T) string {
	t.Helper()
	root, dir := filepath.Join("..", ".."), t.TempDir()
	runIn(t, ".", nil, "go", "build", "-o", filepath.Join(dir, "bin", "minicf"), ".")
	if err := os.CopyFS(filepath.Join(dir, "config"), yamlOnly{os.DirFS(filepath.Join(root, "config"))}); err != nil {
		t.Fatal(err)
	}
	procfile, err := os.ReadFile(filepath.Join(root, "Procfile"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Procfile"), procfile, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// yamlOnly leaves the Go files out of config/.
type yamlOnly struct{ fs.FS }

func (y yamlOnly) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(y.FS, name)
	var kept []fs.DirEntry
	for _, e := range all {
		if strings.HasSuffix(e.Name(), ".yml") {
			kept = append(kept, e)
		}
	}
	return kept, err
}

// separatePorts chooses ports that are free now and tells every component.
func separatePorts(t *testing.T, dir string) map[string]string {
	t.Helper()
	nats := testkit.FreePort(t)
	url := fmt.Sprintf("nats://127.0.0.1:%d", nats)
	return map[string]string{
		"MINICF_NATS_PORT": fmt.Sprint(nats), "MINICF_CONTROLLER_PORT": fmt.Sprint(testkit.FreePort(t)),
		"MINICF_ROUTER_PORT": fmt.Sprint(testkit.FreePort(t)), "MINICF_CONTROLLER_MBUS": url, "MINICF_DEA_MBUS": url, "MINICF_HEALTHMANAGER_MBUS": url,
		"MINICF_ROUTER_MBUS": url, "MINICF_STAGER_NATS_URI": url, "MINICF_HOME": filepath.Join(dir, ".minicf"),
		"MINICF_TEST": dir, // by which processesOf knows them
	}
}

func environ(extra map[string]string) []string {
	env := os.Environ()
	for k, v := range extra {
		env = append(env, k+"="+v)
	}
	return env
}

func runIn(t *testing.T, dir string, env map[string]string, name string, args ...string) string {
	t.Helper()
	if strings.HasPrefix(name, "bin/") {
		name = filepath.Join(dir, name)
	}
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = dir, environ(env)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// buildGoreman builds the goreman that go.mod names, as `go tool goreman` would.
func buildGoreman(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "bin", "goreman")
	runIn(t, ".", nil, "go", "build", "-o", path, "github.com/mattn/goreman")
	return path
}

func ask(t *testing.T, url, host string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// processesOf lists the processes that have the directory in their environment or as their home.
func processesOf(dir string) []string {
	var all []string
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(dir)) {
			all = append(all, filepath.Dir(file))
		}
	}
	return all
}
