package grails

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

func TestAutoReconfigurationDependsOnGrailsOwnPlugin(t *testing.T) {
	t.Parallel()
	const servlet = "<servlet><servlet-name>grails</servlet-name><servlet-class>org.codehaus.groovy.grails.web.servlet.GrailsDispatcherServlet</servlet-class>"
	const webXML = "<web-app>" + servlet + "</servlet></web-app>"
	const changed = "<web-app>" + servlet + "<init-param><param-name>contextConfigLocation</param-name>" +
		"<param-value>classpath:META-INF/cloud/cloudfoundry-auto-reconfiguration-context.xml</param-value></init-param></servlet></web-app>"
	for plugins, want := range map[string]string{
		"": changed, // no such file
		"<plugins><plugin>HibernateGrailsPlugin</plugin></plugins>":                                   changed,
		"<plugins>\n<plugin> CloudFoundryGrailsPlugin </plugin>\n</plugins>":                          webXML,
		"<g:x xmlns:g='u'><g:plugins><g:plugin>CloudFoundryGrailsPlugin</g:plugin></g:plugins></g:x>": webXML,
		"<plugins xmlns='u'><plugin>A</plugin><plugin>CloudFoundryGrailsPlugin</plugin></plugins>":    webXML,
		"<!-- CloudFoundryGrailsPlugin --><plugins/>":                                                 changed,
		"<plugins>": "read WEB-INF/grails.xml: <plugins> is not closed",
	} {
		source, dest := t.TempDir(), t.TempDir()
		files := map[string]string{"web.xml": webXML, "grails.xml": plugins}
		if plugins == "" {
			delete(files, "grails.xml")
		}
		for name, text := range files {
			path := filepath.Join(source, "WEB-INF", name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var tools plugin.Tools
		plugintest.Resources(jar)(t, &tools)
		props := protocol.StagingProperties{FrameworkInfo: protocol.FrameworkInfo{Name: "grails"}, RuntimeInfo: protocol.RuntimeInfo{Name: "java", Version: "1.6"}}
		err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, props, tools)
		if err != nil {
			if !strings.HasPrefix(want, "read") || err.Error() != want {
				t.Errorf("%s: %v, want %s", plugins, err, want)
			}
			continue
		}
		got, _ := os.ReadFile(filepath.Join(dest, "tomcat/webapps/ROOT/WEB-INF/web.xml"))
		if string(got) != want {
			t.Errorf("%s: web.xml is\n%s, want\n%s", plugins, got, want)
		}
		if _, err := os.Stat(filepath.Join(dest, "tomcat/webapps/ROOT/WEB-INF/lib", jar)); (err == nil) != (want == changed) {
			t.Errorf("%s: the jar: %v", plugins, err)
		}
	}
}
