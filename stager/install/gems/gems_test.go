package gems_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/install/gems"
	"github.com/minicf/minicf/stager/install/gems/gemtest"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// probe is a framework that only has the gems installed.
type probe struct{}

func (probe) Name() string { return "probe" }

func (probe) Stage(ctx context.Context, w *plugin.Workspace) error {
	_, err := ruby.Open(ctx, w, "test")
	return err
}

// machine is a platform with a cache, whose tools are counted.
type machine struct {
	plugin.Tools
	runs *atomic.Int32
}

func newMachine(t *testing.T) machine {
	t.Helper()
	testkit.RequireTool(t, "ruby", "bundle")
	m := machine{runs: &atomic.Int32{}}
	m.Tools = plugin.Tools{Text: plugin.T2, Find: runtimes.Find, Gems: gems.New(nil), Platform: plugin.Platform{Cache: t.TempDir()}}
	m.Run = func(ctx context.Context, c plugin.Command) ([]byte, error) {
		m.runs.Add(1)
		return stager.RunTool(ctx, c)
	}
	return m
}

// stage stages an app for the runtime of a version and returns the droplet's directory and the log.
func (m machine) stage(t *testing.T, app, version string) (dest, log string, err error) {
	t.Helper()
	dest = t.TempDir()
	props := protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "probe"},
		RuntimeInfo:   protocol.RuntimeInfo{Name: "ruby", Version: protocol.Text(version)},
	}
	err = plugin.Stage(t.Context(), plugin.Set{probe{}}, app, dest, props, m.Tools)
	text, _ := os.ReadFile(filepath.Join(dest, "logs/staging.log")) // "" when nothing was logged
	return dest, string(text), err
}

const (
	period = "1.9.2p180"
	today  = "3.1.2"
)

// newApp is a bundled app of two gems; remote is where its lock file says that they come from.
func newApp(t *testing.T, remote string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	gemtest.WriteFiles(t, dir, map[string]string{
		"Gemfile": "source '" + remote + "'\ngem 'hello'\ngroup :test do\n  gem 'nowhere'\nend\n",
		"Gemfile.lock": "GEM\n  remote: " + remote + "/\n  specs:\n    hello (1.0)\n      world\n    nowhere (1.0)\n    world (2.0)\n\n" +
			"PLATFORMS\n  ruby\n\nDEPENDENCIES\n  hello\n  nowhere\n",
	})
	return dir
}

// vendorHello puts the two gems into a directory. They are built once for all tests.
func vendorHello(t *testing.T, dir string) {
	t.Helper()
	built.once.Do(func() {
		gemtest.Build(t, built.dir,
			gemtest.Gem{Name: "hello", Version: "1.0", Needs: []string{"world"}, Files: map[string]string{
				"lib/hello.rb": "require 'world'\nHELLO = 'hello ' + WORLD\n", "bin/hello": "#!/usr/bin/env ruby\nrequire 'hello'\nputs HELLO\n",
			}},
			gemtest.Gem{Name: "world", Version: "2.0", Files: map[string]string{"lib/world.rb": "WORLD = 'world'\n"}},
		)
	})
	if err := os.CopyFS(dir, os.DirFS(built.dir)); err != nil {
		t.Fatal(err)
	}
}

// nobody is a server that counts who comes.
func nobody(t *testing.T) (url string, visits *atomic.Int32) {
	t.Helper()
	visits = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, visits
}

// greeting runs the app's program in its bundle, as a startup script does.
func greeting(t *testing.T, dest, library string) string {
	t.Helper()
	app := filepath.Join(dest, "app")
	path, ok := runtimes.Find("ruby")
	if !ok {
		t.Fatal("no ruby")
	}
	home := filepath.Join(app, "rubygems/ruby", library)
	out, err := stager.RunTool(t.Context(), plugin.Command{
		Argv: []string{path, "./rubygems/ruby/" + library + "/bin/bundle", "exec", path, "./rubygems/ruby/" + library + "/bin/hello"},
		Dir:  app,
		Env:  []string{"PATH=/usr/bin:/bin", "HOME=" + dest, "GEM_HOME=" + home, "GEM_PATH=" + home, "BUNDLE_GEMFILE="},
	})
	if err != nil {
		t.Fatalf("the app says %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestVendoredGemsAreInstalledWithoutAnyNetwork(t *testing.T) {
	t.Parallel()
	url, visits := nobody(t)
	app := newApp(t, url)
	vendorHello(t, filepath.Join(app, "vendor/cache"))
	m := newMachine(t)
	for version, library := range map[string]string{period: "1.9.1", today: ""} {
		dest, log, err := m.stage(t, app, version)
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		if library == "" { // as the machine's Ruby calls itself
			library = onlyEntry(t, filepath.Join(dest, "app/rubygems/ruby"))
		}
		if got := greeting(t, dest, library); got != "hello world" {
			t.Errorf("%s: the app says %q", version, got)
		}
		if !strings.Contains(log, "Adding world-2.0.gem to app...\nAdding hello-1.0.gem to app...\n") || strings.Contains(log, "nowhere") || strings.Contains(log, "fetch") {
			t.Errorf("%s: the log is\n%s", version, log)
		}
	}
	if n := visits.Load(); n > 0 {
		t.Errorf("%d requests were made for gems that the app has", n)
	}
}

func onlyEntry(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%s holds %v, %v, want one entry", dir, entries, err)
	}
	return entries[0].Name()
}

func TestSecondStagingRunsNothing(t *testing.T) {
	t.Parallel()
	url, _ := nobody(t)
	app := newApp(t, url)
	vendorHello(t, filepath.Join(app, "vendor/cache"))
	m := newMachine(t)
	for _, version := range []string{period, today} {
		if _, _, err := m.stage(t, app, version); err != nil {
			t.Fatal(err)
		}
		first := m.runs.Load()
		if version == period && first == 0 {
			t.Error("the test does not see the tools run")
		}
		_, log, err := m.stage(t, app, version)
		if err != nil || m.runs.Load() != first {
			t.Errorf("%s: the second staging ran %d tools, %v", version, m.runs.Load()-first, err)
		}
		if strings.Count(log, "Adding ") != 3 {
			t.Errorf("%s: the log of the second staging is\n%s", version, log)
		}
	}
}

func TestChangedLockFileOrGemIsInstalledAnew(t *testing.T) {
	t.Parallel()
	url, _ := nobody(t)
	app := newApp(t, url)
	vendor := filepath.Join(app, "vendor/cache")
	vendorHello(t, vendor)
	m := newMachine(t)
	if _, _, err := m.stage(t, app, period); err != nil {
		t.Fatal(err)
	}
	gemtest.Build(t, vendor, gemtest.Gem{Name: "world", Version: "2.0", Files: map[string]string{"lib/world.rb": "WORLD = 'moon'\n"}})
	dest, _, err := m.stage(t, app, period)
	if err != nil {
		t.Fatal(err)
	}
	if got := greeting(t, dest, "1.9.1"); got != "hello moon" {
		t.Errorf("with another gem of the same name and version the app says %q", got)
	}
	lock := filepath.Join(app, "Gemfile.lock")
	text, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	gemtest.Build(t, vendor, gemtest.Gem{Name: "world", Version: "3.0", Files: map[string]string{"lib/world.rb": "WORLD = 'mars'\n"}})
	if err := os.WriteFile(lock, []byte(strings.Replace(string(text), "world (2.0)", "world (3.0)", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if dest, _, err = m.stage(t, app, period); err != nil {
		t.Fatal(err)
	}
	if got := greeting(t, dest, "1.9.1"); got != "hello mars" {
		t.Errorf("with another version in the lock file the app says %q", got)
	}
}

func TestMissingGemsAreFetchedOnceAndKept(t *testing.T) {
	t.Parallel()
	index := t.TempDir()
	vendorHello(t, filepath.Join(index, "gems"))
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		http.FileServer(http.Dir(index)).ServeHTTP(w, r)
	}))
	defer server.Close()
	for name, set := range map[string]func(*machine) string{
		"the lock file's server": func(*machine) string { return server.URL },
		"the operator's server": func(m *machine) string {
			m.Platform.GemSource = server.URL
			return "http://127.0.0.1:9"
		},
	} {
		asked = nil
		m := newMachine(t)
		app := newApp(t, set(&m))
		dest, log, err := m.stage(t, app, period)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := greeting(t, dest, "1.9.1"); got != "hello world" {
			t.Errorf("%s: the app says %q", name, got)
		}
		if got := strings.Join(asked, " "); got != "/gems/world-2.0.gem /gems/hello-1.0.gem" {
			t.Errorf("%s: asked for %s", name, got)
		}
		if !strings.HasPrefix(log, "Need to fetch world-2.0.gem from RubyGems\nNeed to fetch hello-1.0.gem from RubyGems\nAdding bundler-1.2.1.gem") {
			t.Errorf("%s: the log is\n%s", name, log)
		}
		if _, log, err = m.stage(t, app, period); err != nil || strings.Contains(log, "fetch") || len(asked) != 2 {
			t.Errorf("%s: the second staging asked for %v: %v\n%s", name, asked, err, log)
		}
	}
}

// expectFailure wants an error for the app's owner that says all of that.
func expectFailure(t *testing.T, err error, want ...string) {
	t.Helper()
	failure, ok := errors.AsType[*plugin.StagingError](err)
	if !ok {
		t.Errorf("%v, want an error for the app's owner", err)
		return
	}
	for _, w := range want {
		if !strings.Contains(failure.Message, w) {
			t.Errorf("the error is %q, want %q in it", failure.Message, w)
		}
	}
}

func TestGemThatIsNowhereIsNamed(t *testing.T) {
	t.Parallel()
	url, _ := nobody(t)
	m := newMachine(t)
	_, _, err := m.stage(t, newApp(t, url), period)
	expectFailure(t, err, "Failed fetching missing gem world-2.0.gem from Rubygems", "404 Not Found")

	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	m.Platform.GemSource = "http://user:secret@" + gone.Addr().String()
	_, _, err = m.stage(t, newApp(t, url), period)
	expectFailure(t, err, "Failed fetching missing gem world-2.0.gem from Rubygems", "connection refused")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells the password: %v", err)
	}
	m.Platform.GemSource = "file:///etc"
	_, _, err = m.stage(t, newApp(t, url), period)
	expectFailure(t, err, `"file:///etc" is no server`)
}

func TestLockFileThatDisagreesWithTheGemfileIsExplained(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	const source = "source 'http://127.0.0.1:9'\n"
	app := newApp(t, "http://127.0.0.1:9")
	gemtest.WriteFiles(t, app, map[string]string{"Gemfile": source + "gem 'hello'\ngem 'added'\n"})
	_, _, err := m.stage(t, app, period)
	expectFailure(t, err, "Error resolving Gemfile: Error parsing Gemfile: You are trying to install in deployment mode after changing", "* added")

	gemtest.WriteFiles(t, app, map[string]string{"Gemfile": source + "gem 'hello\n"})
	_, _, err = m.stage(t, app, period)
	expectFailure(t, err, "Error resolving Gemfile: Error parsing Gemfile: ", "There was an error parsing `Gemfile`")

	gemtest.WriteFiles(t, app, map[string]string{"Gemfile": source + "ruby '1.8.7'\ngem 'hello'\ngroup(:test) { gem 'nowhere' }\n"})
	_, _, err = m.stage(t, app, period)
	expectFailure(t, err, "Your Ruby version is ", "but your Gemfile specified 1.8.7")
}

func TestBrokenGemIsNamedWithTheToolsWords(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	app := newApp(t, "http://127.0.0.1:9")
	vendor := filepath.Join(app, "vendor/cache")
	vendorHello(t, vendor)
	gemtest.Build(t, vendor, gemtest.Gem{Name: "world", Version: "2.0", Files: map[string]string{
		"lib/world.rb": "", "ext/extconf.rb": "abort 'libworld is missing, install it'\n",
	}})
	_, _, err := m.stage(t, app, period)
	expectFailure(t, err, "Failed installing gem world-2.0.gem: ", "libworld is missing, install it")

	gemtest.WriteFiles(t, vendor, map[string]string{"world-2.0.gem": "this is no gem"})
	_, _, err = m.stage(t, app, period)
	expectFailure(t, err, "Failed installing gem world-2.0.gem: ", "package metadata is missing")
	if left, _ := filepath.Glob(filepath.Join(m.Platform.Cache, "tmp", "*")); len(left) > 0 {
		t.Errorf("left in the cache: %v", left)
	}
}

func TestGemfileThatReadsOtherFilesIsReadEachTime(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	app := newApp(t, "http://127.0.0.1:9")
	vendorHello(t, filepath.Join(app, "vendor/cache"))
	gemtest.WriteFiles(t, app, map[string]string{
		"Gemfile": "source 'http://127.0.0.1:9'\neval_gemfile 'more'\n", "more": "gem 'hello'\ngem 'nowhere', group: :test\n",
	})
	if _, _, err := m.stage(t, app, period); err != nil {
		t.Fatal(err)
	}
	gemtest.WriteFiles(t, app, map[string]string{"more": "gem 'hello'\ngem 'nowhere'\n"})
	_, _, err := m.stage(t, app, period)
	expectFailure(t, err, "Failed fetching missing gem nowhere-1.0.gem")
}

func TestCancelledInstallationEndsItsTools(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	app := newApp(t, "http://127.0.0.1:9")
	vendor := filepath.Join(app, "vendor/cache")
	vendorHello(t, vendor)
	mark := filepath.Join(t.TempDir(), "mark")
	gemtest.Build(t, vendor, gemtest.Gem{Name: "world", Version: "2.0", Files: map[string]string{
		"lib/world.rb": "", "ext/extconf.rb": "File.write('" + mark + "', Process.pid.to_s)\nsleep\n",
	}})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	ended := make(chan error, 1)
	props := protocol.StagingProperties{FrameworkInfo: protocol.FrameworkInfo{Name: "probe"}, RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19", Version: period}}
	dest := t.TempDir()
	go func() { ended <- plugin.Stage(ctx, plugin.Set{probe{}}, app, dest, props, m.Tools) }()
	var pid string
	testkit.Eventually(t, stagingLimit, "the gem to be built", func() bool {
		text, _ := os.ReadFile(mark)
		pid = string(text)
		return pid != ""
	})
	cancel(enough)
	if err := <-ended; !errors.Is(err, enough) {
		t.Errorf("staging ended with %v, want the cause", err)
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		testkit.Eventually(t, stagingLimit, "the build to end", func() bool { return gone(pid) })
	}
	if left, _ := filepath.Glob(filepath.Join(m.Platform.Cache, "tmp", "*")); len(left) > 0 {
		t.Errorf("left in the cache: %v", left)
	}
}

func TestGemsWithLibrariesAreCompiled(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "gcc", "make")
	m := newMachine(t)
	app := newApp(t, "http://127.0.0.1:9")
	vendor := filepath.Join(app, "vendor/cache")
	vendorHello(t, vendor)
	gemtest.Build(t, vendor, gemtest.Gem{Name: "world", Version: "2.0", Files: map[string]string{
		"lib/world.rb":   "require 'planet'\n",
		"ext/extconf.rb": "require 'mkmf'\ncreate_makefile 'planet'\n",
		"ext/planet.c":   "#include <ruby.h>\nvoid Init_planet(void) { rb_define_global_const(\"WORLD\", rb_str_new_cstr(\"compiled world\")); }\n",
	}})
	for range 2 {
		dest, _, err := m.stage(t, app, period)
		if err != nil {
			t.Fatal(err)
		}
		if got := greeting(t, dest, "1.9.1"); got != "hello compiled world" {
			t.Errorf("the app says %q", got)
		}
	}
}
