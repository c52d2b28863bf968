package tomcat

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

// webApp is a plugin that changes nothing.
type webApp struct{}

func (webApp) Name() string { return "fake" }

func (webApp) Place(*plugin.Workspace) (from, to string, err error) { return Place() }

func (webApp) Stage(ctx context.Context, w *plugin.Workspace) error { return Stage(ctx, w, nil) }

// stage stages an application with these files for a version of Java, and returns the droplet's directory.
func stage(t *testing.T, version string, app map[string]string, tools plugin.Tools, services ...map[string]any) (string, error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	app["WEB-INF/web.xml"] = "<web-app/>\n"
	write(t, source, app)
	return dest, plugin.Stage(t.Context(), plugin.Set{webApp{}}, source, dest, protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "fake"}, RuntimeInfo: protocol.RuntimeInfo{Name: "java", Version: protocol.Text(version)},
		Services: services,
	}, tools)
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func writeZip(t *testing.T, path string, files map[string]string) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, text := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// listing is the droplet's files with their modes.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for name, f := range plugintest.Look(t, dir) {
		if !strings.HasSuffix(name, "/") {
			all = append(all, f.Mode+" "+name)
		}
	}
	slices.Sort(all)
	return all
}

func TestDropletWithoutAContainerOfThePlatformHasALauncher(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, "1.6", map[string]string{"index.html": "x"}, plugin.Tools{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"0500 startup", "0500 stop", "0644 droplet.yaml", "0644 tomcat/bin/setenv.sh", "0644 tomcat/conf/context.xml", "0644 tomcat/conf/jetty.xml",
		"0644 tomcat/conf/web.xml", "0644 tomcat/lib/README", "0644 tomcat/webapps/ROOT/WEB-INF/web.xml", "0644 tomcat/webapps/ROOT/index.html",
		"0755 resources/generate_server_xml", "0755 resources/generate_server_xml.sh", "0755 resources/set_environment",
		"0755 resources/set_environment.sh", "0755 tomcat/bin/catalina.sh",
	}
	if got := listing(t, dest); !slices.Equal(got, want) {
		t.Errorf("the droplet has\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTomcatOfThePlatformComesBeforeTheLauncher(t *testing.T) {
	t.Parallel()
	resources := t.TempDir()
	writeZip(t, filepath.Join(resources, "tomcat.zip"), map[string]string{
		"tomcat/bin/catalina.sh": "theirs", "tomcat/conf/server.xml": "theirs", "tomcat/conf/web.xml": "theirs", "tomcat/webapps/": "",
	})
	tools := plugin.Tools{Platform: plugin.Platform{AutoconfigResources: resources}}
	for version, theirs := range map[string]bool{"1.7.0_04": true, "17.0.15": false} {
		dest, err := stage(t, version, map[string]string{"index.html": "x"}, tools)
		if err != nil {
			t.Fatal(err)
		}
		launcher, conf := read(t, dest, "tomcat/bin/catalina.sh"), read(t, dest, "tomcat/conf/web.xml")
		if theirs != (launcher == "theirs" && conf == "theirs") || read(t, dest, "tomcat/conf/server.xml") != "" {
			t.Errorf("Java %s: catalina.sh is %.20q, web.xml %.20q, server.xml %q", version, launcher, conf, read(t, dest, "tomcat/conf/server.xml"))
		}
		if read(t, dest, "tomcat/webapps/ROOT/index.html") != "x" || read(t, dest, "resources/set_environment") == "" {
			t.Errorf("Java %s: the application or the resources are missing", version)
		}
	}
}

func TestScriptOfTodayNeedsNoRuby(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, "17.0.15", map[string]string{}, plugin.Tools{})
	if err != nil {
		t.Fatal(err)
	}
	script := read(t, dest, "startup")
	for _, line := range []string{
		`export CATALINA_OPTS="-Xmx352m -XX:+ExitOnOutOfMemoryError"`,
		"export CATALINA_OPTS=\"$CATALINA_OPTS `bash resources/set_environment.sh`\"",
		"bash resources/generate_server_xml.sh $PORT",
		"cd tomcat", "./bin/catalina.sh run > ../logs/stdout.log 2> ../logs/stderr.log &",
	} {
		if !strings.Contains(script, line+"\n") {
			t.Errorf("no line %s in\n%s", line, script)
		}
	}
	if strings.Contains(script, "ruby") || read(t, dest, "stop") != plugin.ModernStopText {
		t.Errorf("the scripts are\n%s\n%s", script, read(t, dest, "stop"))
	}
}

func TestJavaOfTodayWithoutAContainerIsRefused(t *testing.T) {
	t.Parallel()
	for version, refused := range map[string]bool{"1.6": false, "17.0.15": true} {
		ran := 0
		tools := plugin.Tools{Run: func(_ context.Context, c plugin.Command) ([]byte, error) {
			ran++
			if !slices.Equal(c.Argv[:1], []string{"bash"}) || filepath.Base(c.Argv[1]) != "catalina.sh" || c.Argv[2] != "version" {
				t.Errorf("ran %q", c.Argv)
			}
			return []byte("There is none.\n"), errors.New("exit status 1")
		}}
		_, err := stage(t, version, map[string]string{}, tools)
		staging, ok := errors.AsType[*plugin.StagingError](err)
		if refused != (ok && staging.Message == "There is none.") || refused != (ran == 1) {
			t.Errorf("Java %s: %v, ran %d tools", version, err, ran)
		}
	}
}

func TestServletAPIIsThatOfTheClasses(t *testing.T) {
	t.Parallel()
	jar := func(files map[string]string) string {
		return read(t, filepath.Dir(writeZip(t, filepath.Join(t.TempDir(), "a.jar"), files)), "a.jar")
	}
	huge := map[string]string{"x/MyServlet.class": "javax/servlet/"}
	for i := range 9000 {
		huge[fmt.Sprintf("%01000d", i)] = ""
	}
	const old, today = "\xca\xfe\xba\xbe Ljavax/servlet/http/HttpServlet;", "\xca\xfe\xba\xbe\x01\x00 jakarta/servlet/Filter"
	for name, tt := range map[string]struct {
		app  map[string]string
		want string
	}{
		"pages alone":                      {map[string]string{"index.jsp": "javax/servlet/"}, ""},
		"an old class":                     {map[string]string{"WEB-INF/classes/a/b/Hello.class": old}, "javax"},
		"a class of today":                 {map[string]string{"WEB-INF/classes/Hello.class": today}, "jakarta"},
		"both":                             {map[string]string{"WEB-INF/classes/A.class": old, "WEB-INF/classes/B.class": today}, "jakarta"},
		"what is no class":                 {map[string]string{"WEB-INF/classes/a.txt": old}, ""},
		"a jar":                            {map[string]string{"WEB-INF/lib/a.jar": jar(map[string]string{"x/MyServlet.class": old})}, "javax"},
		"a jar's class that is no servlet": {map[string]string{"WEB-INF/lib/a.jar": jar(map[string]string{"x/My.class": old})}, ""},
		"jars that know both": {map[string]string{
			"WEB-INF/lib/a.jar": jar(map[string]string{"x/ServletCleaner.class": old}), "WEB-INF/lib/b.jar": jar(map[string]string{"y/servlet/S.class": today}),
		}, "jakarta"},
		"classes come before jars": {map[string]string{
			"WEB-INF/classes/A.class": old, "WEB-INF/lib/b.jar": jar(map[string]string{"y/servlet/S.class": today}),
		}, "javax"},
		"a jar with too many names": {map[string]string{"WEB-INF/lib/a.jar": jar(huge)}, ""},
		"what is no jar":            {map[string]string{"WEB-INF/lib/a.jar": "PK?", "WEB-INF/lib/b.jar/c": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dest, err := stage(t, "1.6", tt.app, plugin.Tools{})
			if got := read(t, dest, "tomcat/bin/setenv.sh"); err != nil || !strings.Contains(got, "\nSERVLET_API="+tt.want+"\n") {
				t.Errorf("setenv.sh is\n%s, %v, want SERVLET_API=%s", got, err, tt.want)
			}
		})
	}
}

func TestInsightIsInstalledWhereItIsBound(t *testing.T) {
	t.Parallel()
	agent := writeZip(t, filepath.Join(t.TempDir(), "agent.zip"), map[string]string{"cf-tomcat-agent-javaagent-1.7.1/install.sh": "echo"})
	bound := map[string]any{"name": "Insight-1a2b", "label": "rabbitmq-2.4"}
	for name, tt := range map[string]struct {
		service    map[string]any
		agent      string
		app        map[string]string
		ran        bool
		properties string
		log        string
	}{
		"bound":         {bound, agent, map[string]string{}, true, "name=ROOT\n", ""},
		"no agent":      {bound, "", map[string]string{}, false, "", "Insight disabled"},
		"agent is gone": {bound, agent + ".gone", map[string]string{}, false, "", "Insight disabled"},
		"not bound":     {map[string]any{"name": "my-Insight-1", "label": "rabbitmq-2.4"}, agent, map[string]string{}, false, "", ""},
		"another label": {map[string]any{"name": "Insight-1", "label": "redis-2.2"}, agent, map[string]string{}, false, "", ""},
		"the dashboard": {bound, agent, map[string]string{"insight/insight.properties": "x"}, false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ran := false
			tools := plugin.Tools{Platform: plugin.Platform{InsightAgent: tt.agent}, Run: func(_ context.Context, c plugin.Command) ([]byte, error) {
				ran = true
				if c.Argv[1] != "install.sh" || filepath.Base(c.Dir) != "cf-tomcat-agent-javaagent-1.7.1" {
					t.Errorf("ran %q in %s", c.Argv, c.Dir)
				}
				write(t, c.Argv[2], map[string]string{"insight/insight.properties": "name=appname\n"})
				return nil, nil
			}}
			dest, err := stage(t, "1.6", tt.app, tools, tt.service)
			if err != nil || ran != tt.ran || read(t, dest, "tomcat/insight/insight.properties") != tt.properties {
				t.Errorf("%v; installed %t, want %t; properties %q", err, ran, tt.ran, read(t, dest, "tomcat/insight/insight.properties"))
			}
			if log := read(t, dest, "logs/staging.log"); (tt.log == "") != (log == "") || !strings.Contains(log, tt.log) {
				t.Errorf("the log is %q, want %q in it", log, tt.log)
			}
		})
	}
}

func TestInsightThatCannotBeInstalledFailsTheStaging(t *testing.T) {
	t.Parallel()
	service := map[string]any{"name": "Insight-1", "label": "rabbitmq-2.4"}
	dir := t.TempDir()
	good := writeZip(t, filepath.Join(dir, "good.zip"), map[string]string{"cf-tomcat-agent-javaagent-1/install.sh": ""})
	for agent, want := range map[string]string{
		writeZip(t, filepath.Join(dir, "other.zip"), map[string]string{"a": ""}): "other.zip holds no cf-tomcat-agent-javaagent-*",
		good: "Could not install agent: no space (exit status 3)",
	} {
		tools := plugin.Tools{Platform: plugin.Platform{InsightAgent: agent}, Run: func(context.Context, plugin.Command) ([]byte, error) {
			return []byte("no space\n"), fmt.Errorf("exit status %d", 3)
		}}
		if _, err := stage(t, "1.6", map[string]string{}, tools, service); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", agent, err, want)
		}
	}
}
