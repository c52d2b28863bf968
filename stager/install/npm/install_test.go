package npm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/install/npm"
	"github.com/minicf/minicf/stager/install/npm/npmtest"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/node"
)

// platform is a platform with a registry and a cache of its own, whose runs of npm are counted.
type platform struct {
	t        *testing.T
	registry *npmtest.Registry
	tools    plugin.Tools
	runs     []string // the arguments of each run of npm
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{t: t, registry: npmtest.New(t)}
	p.tools = plugin.Tools{
		Text: plugin.T2, Find: runtimes.Find, Modules: npm.Installer{},
		Platform: plugin.Platform{Cache: t.TempDir(), NPMRegistry: p.registry.URL},
		Run: func(ctx context.Context, c plugin.Command) ([]byte, error) {
			p.runs = append(p.runs, strings.Join(c.Argv[1:], " "))
			return stager.RunTool(ctx, c)
		},
	}
	return p
}

// stage stages an app of these files for the Node.js of this machine, or for another version.
func (p *platform) stage(version string, files map[string]string, change ...func(*protocol.RuntimeInfo)) (dest, log string, err error) {
	p.t.Helper()
	source, dest := p.t.TempDir(), p.t.TempDir()
	for name, text := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	info := protocol.RuntimeInfo{Name: "node", Version: protocol.Text(version), Executable: "node"}
	for _, c := range change {
		c(&info)
	}
	props := protocol.StagingProperties{FrameworkInfo: framework.Info("node"), RuntimeInfo: info}
	err = plugin.Stage(p.t.Context(), plugin.Set{node.Plugin{}}, source, dest, props, p.tools)
	text, _ := os.ReadFile(filepath.Join(dest, "logs", "staging.log"))
	return dest, string(text), err
}

func (p *platform) expect(dest, name, want string) {
	p.t.Helper()
	if text, err := os.ReadFile(filepath.Join(dest, name)); err != nil || string(text) != want {
		p.t.Errorf("%s holds %q, %v, want %q", name, text, err, want)
	}
}

const (
	ofToday  = "20.20.2"
	patience = 2 * time.Minute
)

// app wants one module, which wants another.
func (p *platform) app() map[string]string {
	p.registry.Publish("inner", "2.0.0", map[string]string{"index.js": "inner"}, nil)
	p.registry.Publish("outer", "1.0.0", map[string]string{"index.js": "outer"}, map[string]any{"dependencies": map[string]string{"inner": "^2.0.0"}})
	p.registry.Publish("outer", "1.1.0", map[string]string{"index.js": "newer"}, nil)
	return map[string]string{
		"server.js": "1", "cloudfoundry.json": `{"cfAutoconfig": false}`,
		"package.json": p.registry.Package(nil, "outer@1.0.0"), "package-lock.json": p.registry.Lock("outer@1.0.0"),
	}
}

func TestLockedModulesAreInstalledOnce(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm")
	for _, name := range []string{"package-lock.json", "npm-shrinkwrap.json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			files := p.app()
			lock := files["package-lock.json"]
			delete(files, "package-lock.json")
			files[name] = lock
			p.installedOnce(name, files)
			if _, _, err := p.stage("20.19.0", files); err != nil || len(p.runs) != 2 {
				t.Errorf("for another Node.js: %v, npm ran %d times, want once more", err, len(p.runs))
			}
		})
	}
}

// installedOnce stages the app twice, the second time with other files but the same lock.
func (p *platform) installedOnce(lock string, files map[string]string) {
	p.t.Helper()
	dest, log, err := p.stage(ofToday, files)
	if want := "Installing the modules of " + lock + ". Node version 20.20.2\n"; err != nil || log != want {
		p.t.Fatalf("staging: %v, log %q, want %q", err, log, want)
	}
	p.expect(dest, "app/node_modules/outer/index.js", "outer")
	p.expect(dest, "app/node_modules/inner/index.js", "inner")
	requests := len(p.registry.Requests())

	files["server.js"] = "changed"
	dest, log, err = p.stage(ofToday, files)
	if err != nil || !strings.HasSuffix(log, "Using the modules that were installed for the same "+lock+" before\n") {
		p.t.Errorf("staging it again: %v, log %q", err, log)
	}
	p.expect(dest, "app/node_modules/inner/index.js", "inner")
	if len(p.runs) != 1 || !strings.HasPrefix(p.runs[0], "ci --omit=dev ") {
		p.t.Errorf("npm ran with %q, want npm ci --omit=dev, once", p.runs)
	}
	if now := p.registry.Requests(); len(now) != requests {
		p.t.Errorf("the registry was asked again, for %q", now[requests:])
	}
}

func TestModulesOfTheAppItselfNeedNeitherNPMNorTheNetwork(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	files := p.app()
	files["node_modules/outer/index.js"], files["node_modules/inner/index.js"] = "mine", "mine"
	dest, log, err := p.stage(ofToday, files)
	if err != nil || log != "" || len(p.runs) > 0 || len(p.registry.Requests()) > 0 {
		t.Errorf("staging: %v, log %q, npm ran %q, requests %q", err, log, p.runs, p.registry.Requests())
	}
	p.expect(dest, "app/node_modules/outer/index.js", "mine")
}

func TestModulesThatTheAppBringsComeBeforeThoseOfTheRegistry(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm")
	p := newPlatform(t)
	files := p.app()
	files["node_modules/outer/index.js"] = "mine"
	files["node_modules/outer/package.json"] = `{"name": "outer", "version": "1.0.0", "dependencies": {"inner": "*"}}`
	dest, _, err := p.stage(ofToday, files)
	if err != nil {
		t.Fatal(err)
	}
	p.expect(dest, "app/node_modules/outer/index.js", "mine")
	p.expect(dest, "app/node_modules/inner/index.js", "inner")
	for _, asked := range p.registry.Requests() {
		if strings.Contains(asked, "outer") {
			t.Errorf("the registry was asked for %s", asked)
		}
	}
	files["node_modules/outer/package.json"] = `{"name": "outer", "version": "0.9.0"}`
	if dest, _, err = p.stage(ofToday, files); err != nil {
		t.Fatal(err)
	}
	p.expect(dest, "app/node_modules/outer/index.js", "outer")
}

func TestWithoutALockTheNewestModulesAreInstalledAndThatIsSaid(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm")
	p := newPlatform(t)
	files := p.app()
	delete(files, "package-lock.json")
	files["package.json"] = `{"dependencies": {"outer": "^1.0.0"}}`
	dest, log, err := p.stage(ofToday, files)
	if err != nil || !strings.HasPrefix(log, "There is no package-lock.json: ") {
		t.Fatalf("staging: %v, log %q", err, log)
	}
	p.expect(dest, "app/node_modules/outer/index.js", "newer")
	if _, err := os.Stat(filepath.Join(dest, "app/package-lock.json")); err == nil {
		t.Error("staging made a lock file")
	}
	if _, _, err := p.stage(ofToday, files); err != nil || len(p.runs) != 2 {
		t.Errorf("the second time: %v, npm ran %d times, want 2", err, len(p.runs))
	}
}

func TestScriptsOfTheAppItselfRunEachTime(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm")
	p := newPlatform(t)
	files := p.app()
	files["package.json"] = p.registry.Package(map[string]any{"scripts": map[string]string{"postinstall": "echo made > made.txt"}}, "outer@1.0.0")
	for range 2 {
		dest, _, err := p.stage(ofToday, files)
		if err != nil {
			t.Fatal(err)
		}
		p.expect(dest, "app/made.txt", "made\n")
	}
}

func TestFailureNamesTheModuleAndShowsTheLastLinesOfNPM(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm")
	for name, tt := range map[string]struct {
		change func(p *platform, files map[string]string)
		want   []string
	}{
		"the registry does not have it": {
			func(p *platform, files map[string]string) {
				files["package.json"] = `{"dependencies": {"nowhere": "1.0.0"}}`
				delete(files, "package-lock.json")
			},
			[]string{"npm install could not install nowhere@1.0.0:\n", "npm error code E404"},
		},
		"there is no such version": {
			func(p *platform, files map[string]string) {
				files["package.json"] = `{"dependencies": {"outer": "9.9.9"}}`
				delete(files, "package-lock.json")
			},
			[]string{"npm install could not install outer@9.9.9:\n", "npm error code ETARGET"},
		},
		"it is not what was locked": {
			func(p *platform, files map[string]string) {
				p.registry.Publish("inner", "2.0.0", map[string]string{"index.js": "evil"}, nil)
			},
			[]string{"npm ci could not install inner:\n", "EINTEGRITY"},
		},
		"its script fails": {
			func(p *platform, files map[string]string) {
				p.registry.Publish("broken", "1.0.0", nil, map[string]any{"scripts": map[string]string{"install": "echo no compiler here; exit 3"}})
				files["package.json"] = p.registry.Package(nil, "broken@1.0.0")
				files["package-lock.json"] = p.registry.Lock("broken@1.0.0")
			},
			[]string{"npm ci could not install broken:\n", "no compiler here"},
		},
		"the lock is for something else": {
			func(p *platform, files map[string]string) {
				files["package.json"] = p.registry.Package(nil, "outer@1.1.0")
			},
			[]string{"npm ci ", "package-lock.json", "outer@1.1.0"},
		},
		"the registry is out of reach": {
			func(p *platform, files map[string]string) {
				files["package-lock.json"] = strings.ReplaceAll(files["package-lock.json"], p.registry.URL, "http://127.0.0.1:1")
			},
			[]string{"npm ci could not install ", "npm error code ECONNREFUSED\n", "failed, reason: connect ECONNREFUSED 127.0.0.1:1\n"},
		},
		"the registry is out of reach, and nothing is locked": {
			func(p *platform, files map[string]string) {
				p.tools.Platform.NPMRegistry = "http://127.0.0.1:1"
				files["package.json"] = `{"dependencies": {"@scope/outer": "1.0.0"}}`
				delete(files, "package-lock.json")
			},
			[]string{"npm install could not install @scope/outer:\n", "npm error code ECONNREFUSED\n", "failed, reason: connect ECONNREFUSED 127.0.0.1:1\n"},
		},
		"the lock is broken": {
			func(p *platform, files map[string]string) { files["package-lock.json"] = "{\"packages\": {,}}" },
			[]string{"parse error: invalid object key (must be a string)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			files := p.app()
			tt.change(p, files)
			dest, _, err := p.stage(ofToday, files)
			staging, ok := errors.AsType[*plugin.StagingError](err)
			if !ok {
				t.Fatalf("staging ended with %v, want a StagingError", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(staging.Message, want) {
					t.Errorf("the message is\n%s\nwant %q in it", staging.Message, want)
				}
			}
			if _, err := os.Stat(filepath.Join(dest, "startup")); err == nil {
				t.Error("there is a startup script")
			}
		})
	}
}

func TestEngineThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	for rng, want := range map[string]string{
		">=18":   "",
		"^18":    "Node version requirement ^18 is not compatible with the current node version 20.20.2",
		"latest": `engines.node of package.json: "latest" is no range of versions`,
	} {
		_, _, err := p.stage(ofToday, map[string]string{"server.js": "1", "package.json": `{"engines": {"node": "` + rng + `"}}`})
		if got := ""; err != nil && err.Error() != want || err == nil && got != want {
			t.Errorf("engines.node %s: %v, want %q", rng, err, want)
		}
	}
}

func TestHangingScriptEndsWithTheStaging(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm", "sleep")
	p := newPlatform(t)
	marker := filepath.Join(t.TempDir(), "started")
	script := "sleep 600 & echo $! > " + marker + "; setsid true; sleep 600"
	p.registry.Publish("hanging", "1.0.0", nil, map[string]any{"scripts": map[string]string{"install": script}})
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		source := t.TempDir()
		_ = os.WriteFile(filepath.Join(source, "server.js"), []byte("1"), 0o644)
		_ = os.WriteFile(filepath.Join(source, "package.json"), []byte(`{"dependencies": {"hanging": "1.0.0"}}`), 0o644)
		props := protocol.StagingProperties{FrameworkInfo: framework.Info("node"), RuntimeInfo: protocol.RuntimeInfo{Name: "node", Version: ofToday}}
		ended <- plugin.Stage(ctx, plugin.Set{node.Plugin{}}, source, t.TempDir(), props, p.tools)
	}()
	var pid string
	testkit.Eventually(t, patience, "the script to run", func() bool {
		text, _ := os.ReadFile(marker)
		pid = strings.TrimSpace(string(text))
		return pid != ""
	})
	enough := errors.New("enough")
	cancel(enough)
	if err := <-ended; !errors.Is(err, enough) {
		t.Errorf("staging ended with %v, want the reason of its end", err)
	}
	testkit.Eventually(t, patience, "what the script has started to be gone", func() bool {
		status, err := os.ReadFile("/proc/" + pid + "/stat")
		return err != nil || strings.Contains(string(status), ") Z ")
	})
}

func TestKeysOfTheCacheAreForOneAppAlone(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "node", "npm")
	p := newPlatform(t)
	files := p.app()
	if _, _, err := p.stage(ofToday, files); err != nil {
		t.Fatal(err)
	}
	p.registry.Publish("inner", "2.1.0", map[string]string{"index.js": "other"}, nil)
	files["package.json"] = p.registry.Package(nil, "inner@2.1.0")
	files["package-lock.json"] = p.registry.Lock("inner@2.1.0")
	dest, _, err := p.stage(ofToday, files)
	if err != nil {
		t.Fatal(err)
	}
	p.expect(dest, "app/node_modules/inner/index.js", "other")
	if _, err := os.Stat(filepath.Join(dest, "app/node_modules/outer")); err == nil {
		t.Error("another app's module is there")
	}
	if n := len(p.runs); n != 2 || slices.ContainsFunc(p.runs, func(r string) bool { return !strings.HasPrefix(r, "ci ") }) {
		t.Errorf("npm ran %d times: %q, want npm ci twice", n, p.runs)
	}
}
