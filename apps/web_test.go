package apps_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/sandbox/sandboxtest"
	"github.com/minicf/minicf/stager/install/npm/npmtest"
	"github.com/minicf/minicf/stager/install/wheels/wheelstest"
)

func TestNodeApp(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "bash", "ps")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "node", Want: "Hello from instance 0"})
}

func TestNodeAppForNodeOf2012FindsItsPort(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "bash", "ps")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "node", As: client.Overrides{Runtime: "node08"}, Want: "Hello from instance 0"})
}

// The script of 2012 runs on a Node.js of today: node is given the main file and -p PORT.
func TestNodeAppForNodeOf2012(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "bash", "ps")
	dir := filepath.Join(t.TempDir(), "node")
	write(t, filepath.Join(dir, "app.js"), `require("http").createServer((q, a) => a.end("with " + process.argv[2])).listen(process.env.VCAP_APP_PORT, "127.0.0.1")`)
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, As: client.Overrides{Runtime: "node08"}, Want: "with -p"})
}

// withPlatform writes a platform.yml with one key, for a sandbox that PLATFORM_CONFIG tells of it.
func withPlatform(t *testing.T, line string) func(*sandbox.Settings) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "platform.yml")
	write(t, file, line+"\n")
	return func(s *sandbox.Settings) {
		s.Lookup = func(name string) (string, bool) {
			if name == "PLATFORM_CONFIG" {
				return file, true
			}
			return os.LookupEnv(name)
		}
	}
}

const usesModule = `require("http").createServer((q, a) => a.end(require("greeting"))).listen(process.env.PORT, process.env.VCAP_APP_HOST)`

func TestNodeAppWithAModuleOfTheRegistry(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm", "bash", "ps")
	registry := npmtest.New(t)
	registry.Publish("greeting", "1.0.0", map[string]string{"index.js": `module.exports = "hello from the registry"`}, map[string]any{"main": "index.js"})
	dir := filepath.Join(t.TempDir(), "registry")
	write(t, filepath.Join(dir, "server.js"), usesModule)
	write(t, filepath.Join(dir, "package.json"), registry.Package(nil, "greeting@1.0.0"))
	write(t, filepath.Join(dir, "package-lock.json"), registry.Lock("greeting@1.0.0"))
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: "hello from the registry", Settings: withPlatform(t, "npm_registry: "+registry.URL)})
}

func TestNodeAppWithItsModulesNeedsNoRegistry(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "bash", "ps")
	registry := npmtest.New(t)
	registry.Publish("greeting", "1.0.0", nil, nil)
	dir := filepath.Join(t.TempDir(), "vendored")
	write(t, filepath.Join(dir, "server.js"), usesModule)
	write(t, filepath.Join(dir, "package.json"), registry.Package(nil, "greeting@1.0.0"))
	write(t, filepath.Join(dir, "package-lock.json"), registry.Lock("greeting@1.0.0"))
	write(t, filepath.Join(dir, "node_modules/greeting/index.js"), `module.exports = "hello from the app"`)
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: "hello from the app", Settings: withPlatform(t, "npm_registry: "+registry.URL)})
	if asked := registry.Requests(); len(asked) > 0 {
		t.Errorf("the registry was asked for %q", asked)
	}
}

func TestPHPApp(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "php", "bash", "ps", "pgrep")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "php", Want: "of 128m memory"})
}

// The script of 2012 has a Ruby script write Apache's configuration; here without a platform that has that Apache.
func TestPHPAppForPHPOf2012(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "php", "ruby", "bash", "ps", "pgrep")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "php", Want: "of 128m memory", Change: func(a *client.App) {
		a.Staging.Version = "5.3"
	}})
}

// requirePython needs a Python with these modules, as testkit.RequireTool needs programs.
func requirePython(t *testing.T, modules ...string) {
	t.Helper()
	python, ok := runtimes.Find("python3")
	if !ok {
		python = "python3"
	}
	testkit.RequireTool(t, python, "bash", "ps")
	for _, m := range modules {
		if err := exec.CommandContext(t.Context(), python, "-c", "import "+m).Run(); err != nil {
			testkit.RequireTool(t, "the module "+m+" of Python")
		}
	}
}

func TestWSGIApp(t *testing.T) {
	t.Parallel()
	requirePython(t, "gunicorn", "flask")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "wsgi", Want: "Hello from instance 0"})
}

func TestWSGIAppWithItsPackages(t *testing.T) {
	t.Parallel()
	requirePython(t, "gunicorn", "pip")
	dir := filepath.Join(t.TempDir(), "vendored")
	name, wheel := wheelstest.Wheel(t, "greeting", "1.0", map[string]string{"greeting.py": "text = b'hello from a wheel'\n"})
	write(t, filepath.Join(dir, "vendor", name), string(wheel))
	write(t, filepath.Join(dir, "requirements.txt"), "greeting==1.0\n")
	write(t, filepath.Join(dir, "wsgi.py"), strings.TrimSpace(`
import greeting
def application(environ, start_response):
    start_response("200 OK", [])
    return [greeting.text]
`)+"\n")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: "hello from a wheel", Settings: withPlatform(t, "python_index: http://127.0.0.1:1/simple")})
}

func TestDjangoApp(t *testing.T) {
	t.Parallel()
	requirePython(t, "gunicorn", "django")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "django", Want: "with 0 users in its database"})
}

func TestStandalonePythonApp(t *testing.T) {
	t.Parallel()
	requirePython(t)
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "standalone_python", Want: "Hello from instance 0"})
}

func TestStandaloneNodeApp(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "bash", "ps")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "standalone_node", Want: "Hello from instance 0"})
}
