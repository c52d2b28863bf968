package lift

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

const jar = "auto-reconfiguration-0.6.5.jar"

func TestStagesAsIn2012(t *testing.T) {
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} }, plugintest.Resources(jar))
}

// stage returns web.xml as it is then, and the log.
func stage(t *testing.T, version, webXML string, tools plugin.Tools) (got, log string, err error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(source, "WEB-INF"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(source, "WEB-INF/web.xml"), []byte(webXML), 0o644); err != nil {
		t.Fatal(err)
	}
	err = plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "lift"}, RuntimeInfo: protocol.RuntimeInfo{Name: "java", Version: protocol.Text(version)},
	}, tools)
	text, _ := os.ReadFile(filepath.Join(dest, "tomcat/webapps/ROOT/WEB-INF/web.xml"))
	said, _ := os.ReadFile(filepath.Join(dest, "logs/staging.log"))
	return string(text), string(said), err
}

func TestListenerStandsInFrontOfEverything(t *testing.T) {
	t.Parallel()
	const (
		filter   = "<filter><filter-name>L</filter-name><filter-class> net.liftweb.http.LiftFilter </filter-class></filter>"
		other    = "<filter><filter-class>Other</filter-class></filter>"
		servlet  = "<servlet><servlet-name>s</servlet-name></servlet>"
		listener = "<listener><listener-class>org.cloudfoundry.reconfiguration.CloudLiftServicesPropertiesGenerator</listener-class></listener>"
		none     = "Scala / Lift application staging failed: no LiftFilter class found in web.xml"
		space    = "<web-app xmlns='http://java.sun.com/xml/ns/javaee'>"
	)
	for _, tt := range []struct{ version, in, want string }{
		{"1.6", "<web-app>" + other + filter + "</web-app>", "<web-app>" + other + listener + filter + "</web-app>"},
		{"1.6", "<web-app>" + filter + servlet + servlet + "</web-app>", "<web-app>" + filter + listener + servlet + servlet + "</web-app>"},
		{"1.6", "<web-app>" + other + "</web-app>", none},
		{"1.6", "<web-app/>", none},
		{"1.6", space + filter + "</web-app>", none}, // bug Q20
		{"17", space + filter + "</web-app>", space + listener + filter + "</web-app>"},
		{"17", "<web-app>" + other + "</web-app>", none},
	} {
		var tools plugin.Tools
		plugintest.Resources(jar)(t, &tools)
		got, _, err := stage(t, tt.version, tt.in, tools)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("Java %s, %s: got\n%s, want\n%s", tt.version, tt.in, got, tt.want)
		}
	}
}

func TestWithoutTheJarTheApplicationIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	const in = "<web-app><filter><filter-class>net.liftweb.http.LiftFilter</filter-class></filter></web-app>"
	got, log, err := stage(t, "1.6", in, plugin.Tools{})
	if got != in || err != nil || !strings.Contains(log, "Auto-reconfiguration disabled because the platform has no "+jar+".\n") {
		t.Errorf("got\n%s, %v; the log is\n%s", got, err, log)
	}
	if _, log, err := stage(t, "1.6", "<web-app/>", plugin.Tools{}); err == nil || log != "" {
		t.Errorf("an application without the filter: %v, log %q", err, log)
	}
}
