package stager

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/install/gems/gemtest"
	"github.com/minicf/minicf/stager/install/npm/npmtest"
	"github.com/minicf/minicf/stager/install/wheels/wheelstest"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// secureStaging is what a secure stager is to make of an app, with the machine's own tools.
type secureStaging struct {
	framework string
	runtime   protocol.RuntimeInfo
	command   string
	app       map[string]string
	made      []string // in the droplet
}

func (s secureStaging) request(c *fakeController) protocol.StagingRequest {
	r := c.request("app", s.framework)
	r.Properties.FrameworkInfo, r.Properties.RuntimeInfo = framework.Info(s.framework), s.runtime
	if s.command != "" {
		r.Properties.Meta = map[string]any{"command": s.command}
	}
	return r
}

func (s secureStaging) zip(t *testing.T) []byte {
	t.Helper()
	var files []file
	for name, text := range s.app {
		files = append(files, file{name, text, 0o644})
	}
	return newZip(t, files...)
}

// Each is staged twice, so that the caches are used.
func TestSecureStagingInstallsPackages(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*testing.T, *Config) secureStaging{
		"gems": secureGems, "npm": secureModules, "wheels": secureWheels, "buildpack": secureBuildpack, "buildpack from git": secureGitBuildpack,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := secureConfig(t)
			s := prepare(t, &cfg)
			b, c := bustest.New(t), newController(t, s.zip(t))
			startStager(t, newStager(t, b, builtin.Set(), cfg))
			for range 2 {
				if rep := ask(t, b, s.request(c)); rep.Error != "" {
					t.Fatalf("%s\n%s", rep.Error, rep.TaskLog)
				}
				names := entries(t, c.droplet("app"))
				for _, want := range s.made {
					if !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, want) }) {
						t.Errorf("%s is not in the droplet, but %q", want, names)
					}
				}
			}
		})
	}
}

// secureGems has one gem that is compiled.
func secureGems(t *testing.T, _ *Config) secureStaging {
	testkit.RequireTool(t, "ruby", "gem", "bundle", "gcc", "make")
	dir := t.TempDir()
	gemtest.Build(t, dir,
		gemtest.Gem{Name: "hello", Version: "1.0", Needs: []string{"native"}, Files: map[string]string{"lib/hello.rb": "HELLO = 1\n"}},
		gemtest.Gem{Name: "native", Version: "1.0", Files: map[string]string{
			"ext/extconf.rb": "require 'mkmf'\ncreate_makefile 'native'\n", "ext/native.c": "void Init_native(void) {}\n",
		}},
	)
	s := secureStaging{
		framework: "standalone", runtime: protocol.RuntimeInfo{Name: "ruby", Version: "3.1.2", Executable: "ruby"}, command: "ruby app.rb",
		app: map[string]string{
			"app.rb": "require 'hello'\n", "Gemfile": "source 'https://gems.invalid'\ngem 'hello'\n",
			"Gemfile.lock": "GEM\n  remote: https://gems.invalid/\n  specs:\n    hello (1.0)\n      native\n    native (1.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  hello\n",
		},
		made: []string{"/gems/hello-1.0/lib/hello.rb", "/native.so"},
	}
	for _, name := range []string{"hello-1.0.gem", "native-1.0.gem"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		s.app["vendor/cache/"+name] = string(text)
	}
	return s
}

func secureModules(t *testing.T, cfg *Config) secureStaging {
	testkit.RequireTool(t, "node", "npm")
	registry := npmtest.New(t)
	cfg.Platform.NPMRegistry = registry.URL
	registry.Publish("outer", "1.0.0", map[string]string{"index.js": "1"}, nil)
	return secureStaging{
		framework: "node", runtime: protocol.RuntimeInfo{Name: "node", Version: "20.20.2", Executable: "node"},
		app: map[string]string{
			"server.js": "1", "package.json": registry.Package(nil, "outer@1.0.0"), "package-lock.json": registry.Lock("outer@1.0.0"),
		},
		made: []string{"app/node_modules/outer/index.js"},
	}
}

func secureWheels(t *testing.T, cfg *Config) secureStaging {
	testkit.RequireTool(t, "python3", "pip3")
	index := wheelstest.NewIndex(t)
	cfg.Platform.PythonIndex = index.URL
	index.Publish(wheelstest.Wheel(t, "outer", "1.0", map[string]string{"outer.py": "1\n"}))
	index.Publish(wheelstest.Wheel(t, "gunicorn", "99.0", map[string]string{"gunicorn/__init__.py": "", "gunicorn/__main__.py": ""}))
	return secureStaging{
		framework: "wsgi", runtime: protocol.RuntimeInfo{Name: "python3", Version: "3.11.2", Executable: "python3"},
		app:  map[string]string{"wsgi.py": "application = None\n", "requirements.txt": "outer\ngunicorn\n"},
		made: []string{"/outer.py"},
	}
}

func secureBuildpack(t *testing.T, cfg *Config) secureStaging {
	example, err := filepath.Abs("../examples/buildpack")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Buildpacks = []string{example}
	return secureStaging{framework: "buildpack", app: map[string]string{"index.html": "hello"}, made: []string{"app/index.html", "logs/staging_task.log"}}
}

func secureGitBuildpack(t *testing.T, cfg *Config) secureStaging {
	testkit.RequireTool(t, "git")
	s := secureBuildpack(t, cfg)
	dir := filepath.Join(t.TempDir(), "pack.git")
	if err := os.CopyFS(dir, os.DirFS(cfg.Buildpacks[0])); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"commit", "-q", "-m", "pack"}} {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.test"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	cfg.Buildpacks = []string{"file://" + dir}
	return s
}
