package stager

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// requestFor asks for an app of another framework than Sinatra.
func (c *fakeController) requestFor(id, framework string) protocol.StagingRequest {
	r := c.request(id, framework)
	p := &r.Properties
	switch framework {
	case "node":
		p.FrameworkInfo.Detection = protocol.Detection{{Glob: "*.js", Pattern: "."}}
		p.RuntimeInfo = protocol.RuntimeInfo{Name: "node", Version: "0.4.12", Executable: "node"}
	case "spring":
		p.FrameworkInfo.Detection = protocol.Detection{{Glob: "*.war"}}
		p.RuntimeInfo = protocol.RuntimeInfo{Name: "java", Version: "1.6", Executable: "java"}
	}
	return r
}

// springConfig is testConfig for a platform that changes the descriptors of Spring apps.
func springConfig(tb testing.TB) Config {
	tb.Helper()
	cfg := testConfig(tb)
	cfg.Platform.AutoconfigResources = tb.TempDir()
	jar := filepath.Join(cfg.Platform.AutoconfigResources, "auto-reconfiguration-0.6.5.jar")
	if err := os.WriteFile(jar, nil, 0o600); err != nil {
		tb.Fatal(err)
	}
	return cfg
}

// content returns a file of a droplet.
func content(tb testing.TB, tgz []byte, name string) string {
	tb.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		tb.Fatalf("the droplet is no gzip: %v", err)
	}
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if err != nil {
			tb.Fatalf("the droplet has no %s: %v", name, err)
		}
		if path.Clean(h.Name) == name {
			text, err := io.ReadAll(r)
			if err != nil {
				tb.Fatal(err)
			}
			return string(text)
		}
	}
}

// oddNames are names that a shell, a terminal or a reader of lines could take for more than a name.
var oddNames = []string{"a b", " ", "it's \"quoted\"", "$HOME", "$(id)", "`id`", "a;id", "two\nlines", "tab\t", "\xff\xfe", "caf\xe9", "-rf", "*", "~", "#", "é", "%VCAP_LOCAL_RUNTIME%"}

func TestOddNamesAreKeptWhereNoCommandHasThem(t *testing.T) {
	t.Parallel()
	b, cfg := bustest.New(t), testConfig(t)
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	c := newController(t, nil)
	for framework, main := range map[string]file{"sinatra": {"app.rb", sinatraApp, 0o644}, "node": {"server.js", "1", 0o644}} {
		files := []file{main}
		for _, name := range oddNames {
			files = append(files, file{"public/" + name, "x", 0o644}, file{name + "/in", "x", 0o644})
		}
		c.put(framework, newZip(t, files...))
		if rep := ask(t, b, c.requestFor(framework, framework)); rep.Error != "" {
			t.Errorf("%s: %s", framework, rep.Error)
			continue
		}
		got := entries(t, c.droplet(framework))
		for _, f := range files {
			if !slices.Contains(got, "app/"+f.name) {
				t.Errorf("%s: the droplet has no %q", framework, f.name)
			}
		}
	}
}

func TestNameThatWouldChangeTheCommandFailsItsTaskAlone(t *testing.T) {
	t.Parallel()
	b, cfg := bustest.New(t), testConfig(t)
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	c := newController(t, sinatraZip(t))
	for framework, ext := range map[string]string{"sinatra": ".rb", "node": ".js"} {
		for i, name := range oddNames {
			if name == "é" {
				continue // a letter like others
			}
			id := fmt.Sprintf("%s-%d", framework, i)
			c.put(id, newZip(t, file{name + ext, sinatraApp, 0o644}))
			rep := ask(t, b, c.requestFor(id, framework))
			if want := "Staging plugin failed: the app's main file cannot be called "; !strings.Contains(rep.Error, want) {
				t.Errorf("%s: main file %q: error = %q, want %q", framework, name, rep.Error, want)
			}
			if c.droplet(id) != nil {
				t.Errorf("%s: main file %q made a droplet", framework, name)
			}
		}
	}
	if rep := ask(t, b, c.request("good", "sinatra")); rep.Error != "" {
		t.Errorf("the task after them failed: %s", rep.Error)
	}
	if left := workspaces(t, cfg); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

func TestAppThatContradictsItselfIsToldWhere(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bundle")
	b, cfg := bustest.New(t), springConfig(t)
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	c := newController(t, sinatraZip(t))
	app, server := file{"app.rb", sinatraApp, 0o644}, file{"server.js", "1", 0o644}
	const lock = "GEM\n  remote: http://127.0.0.1:9/\n  specs:\n    rack (1.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n"
	for name, test := range map[string]struct {
		framework string
		files     []file
		want      []string
	}{
		"half a package.json":        {"node", []file{server, {"package.json", `{"scripts": {"start": `, 0o644}}, []string{"parse error: premature EOF", "package.json, line 1, column 23"}},
		"package.json of XML":        {"node", []file{server, {"package.json", "<a/>", 0o644}}, []string{"package.json, line 1, column 1"}},
		"package.json of binary":     {"node", []file{server, {"package.json", "\xff\xfe\x00", 0o644}}, []string{"package.json, line 1, column 1"}},
		"a deep package.json":        {"node", []file{server, {"package.json", strings.Repeat("[", 100_000), 0o644}}, []string{"package.json"}},
		"a package.json of 2 MB":     {"node", []file{server, {"package.json", strings.Repeat(" ", 2<<20) + "{}", 0o644}}, []string{"package.json"}},
		"Gemfile.lock is outdated":   {"sinatra", []file{app, {"Gemfile", "source 'http://127.0.0.1:9'\ngem 'rack'\ngem 'added'\n", 0o644}, {"Gemfile.lock", lock, 0o644}}, []string{"Error resolving Gemfile", "added"}},
		"Gemfile.lock is of noise":   {"sinatra", []file{app, {"Gemfile", "gem 'rack'\n", 0o644}, {"Gemfile.lock", "\x00<<<<<<< HEAD\n", 0o644}}, []string{"Gemfile"}},
		"web.xml is cut off":         {"spring", []file{{"WEB-INF/web.xml", "<web-app><listener>", 0o644}}, []string{"web.xml"}},
		"Gemfile has a syntax error": {"sinatra", []file{app, {"Gemfile", "gem 'rack\n", 0o644}, {"Gemfile.lock", lock, 0o644}}, []string{"Error resolving Gemfile"}},
	} {
		id := strings.ReplaceAll(name, " ", "-")
		c.put(id, newZip(t, test.files...))
		rep := ask(t, b, c.requestFor(id, test.framework))
		for _, want := range test.want {
			if !strings.HasPrefix(rep.Error, "Staging task failed:\n Staging plugin failed: ") || !strings.Contains(rep.Error, want) {
				t.Errorf("%s: error = %.500q, want %q in it", name, rep.Error, want)
			}
		}
		if again := ask(t, b, c.request("again", "sinatra")); again.Error != "" {
			t.Errorf("%s: the task after it failed: %s", name, again.Error)
		}
		if left := workspaces(t, cfg); len(left) > 0 || c.droplet(id) != nil {
			t.Errorf("%s: left are %q and a droplet of %d bytes", name, left, len(c.droplet(id)))
		}
	}
}

func TestEntitiesOfADescriptorAreNeitherExpandedNorFetched(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int64
	outside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
	defer outside.Close()
	b, cfg := bustest.New(t), springConfig(t)
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	c := newController(t, nil)
	var laughs strings.Builder
	for i := range 30 {
		fmt.Fprintf(&laughs, "<!ENTITY lol%d \"%s\">", i+1, strings.Repeat(fmt.Sprintf("&lol%d;", i), 10))
	}
	webXML := fmt.Sprintf(`<!DOCTYPE web-app SYSTEM "%s/web.dtd" [<!ENTITY lol0 "lol">%s<!ENTITY url SYSTEM "%s/x"><!ENTITY %% dtd SYSTEM "%s/y"> %%dtd;<!ENTITY file SYSTEM "file:///etc/passwd">]>
<web-app><display-name>&lol30; &url; &file;</display-name>
<listener><listener-class>org.springframework.web.context.ContextLoaderListener</listener-class></listener></web-app>`,
		outside.URL, laughs.String(), outside.URL, outside.URL)
	c.put("laughs", newZip(t, file{"WEB-INF/web.xml", webXML, 0o644}, file{"WEB-INF/lib/spring-core-3.0.jar", "", 0o644}))
	rep := ask(t, b, c.requestFor("laughs", "spring"))
	if rep.Error != "" {
		t.Fatalf("error = %s", rep.Error)
	}
	got := content(t, c.droplet("laughs"), "tomcat/webapps/ROOT/WEB-INF/web.xml")
	if !strings.Contains(got, "<display-name>&lol30; &url; &file;</display-name>") || got == webXML || len(got) > 2*len(webXML) {
		t.Errorf("the descriptor has %d bytes and ends with %q, want it changed, and the entities as they were", len(got), got[max(0, len(got)-500):])
	}
	if n := fetched.Load(); n > 0 {
		t.Errorf("something outside was fetched %d times", n)
	}
}
