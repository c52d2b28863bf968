package spring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

// What the tests have much of.
const (
	X          = "classpath:META-INF/cloud/cloudfoundry-auto-reconfiguration-context.xml"
	A          = "org.cloudfoundry.reconfiguration.spring.web.CloudAppAnnotationConfigAutoReconfig"
	I          = "org.cloudfoundry.reconfiguration.spring.CloudApplicationContextInitializer"
	annotated  = "org.springframework.web.context.support.AnnotationConfigWebApplicationContext"
	appContext = "WEB-INF/applicationContext.xml"
	ownContext = "WEB-INF/dispatcher-servlet.xml"
)

func param(name, value string) string {
	return "<param-name>" + name + "</param-name><param-value>" + value + "</param-value>"
}

func ctx(name, value string) string {
	return "<context-param>" + param(name, value) + "</context-param>"
}

func ini(name, value string) string { return "<init-param>" + param(name, value) + "</init-param>" }

func servlet(inner ...string) string { return named("dispatcher", inner...) }

func named(name string, inner ...string) string {
	return "<servlet><servlet-name>" + name + "</servlet-name><servlet-class>" + dispatcher + "</servlet-class>" + strings.Join(inner, "") + "</servlet>"
}

// added is the initializer that every application gets.
var added = ctx("contextInitializerClasses", I)

// stage stages an application with what is inside of web-app in its web.xml, and returns what is then.
func stage(t *testing.T, version, webXML string, files ...string) (string, error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	for _, name := range append(files, "WEB-INF/web.xml") {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(webXML), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	props := protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "spring"}, RuntimeInfo: protocol.RuntimeInfo{Name: "java", Version: protocol.Text(version)},
	}
	var tools plugin.Tools
	plugintest.Resources("auto-reconfiguration-0.6.5.jar")(t, &tools)
	err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, props, tools)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dest, "tomcat/webapps/ROOT/WEB-INF/lib/auto-reconfiguration-0.6.5.jar")); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(dest, "tomcat/webapps/ROOT/WEB-INF/web.xml"))
	return string(text), err
}

// The names are those of the fixtures that the originals' own tests had.
func TestContextsAreExtendedAsIn2012(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in, want string
		files    []string
	}{
		"no_context_config":                    {"", added, nil},
		"default_appcontext_no_context_config": {"", ctx("contextConfigLocation", "/"+appContext+" "+X) + added, []string{appContext}},
		"default_appcontext_context_param_no_context_config": {
			"<context-param></context-param>", ctx("contextConfigLocation", "/"+appContext+" "+X) + added, []string{appContext},
		},
		"context_config_foo": {ctx("contextConfigLocation", "foo"), ctx("contextConfigLocation", "foo "+X) + added, nil},
		"context_initializer_foo": {
			ctx("contextInitializerClasses", "\n foo\n"), ctx("contextInitializerClasses", "foo, "+I), nil,
		},
		"servlet_no_init_param": {servlet(), servlet(ini("contextConfigLocation", X)) + added, nil},
		"default_servletcontext_no_init_param": {
			servlet(), servlet(ini("contextConfigLocation", "/"+ownContext+" "+X)) + added, []string{ownContext},
		},
		"default_servletcontext_init_param_no_context_config": {
			servlet("<init-param></init-param>"), servlet(ini("contextConfigLocation", "/"+ownContext+" "+X)) + added, []string{ownContext},
		},
		"servlet_context_config_foo": {
			servlet(ini("contextConfigLocation", "foo")), servlet(ini("contextConfigLocation", "foo "+X)) + added, nil,
		},
		"multiple_dispatcherservlets_no_init_param": {
			named("a") + named("b"),
			named("a", ini("contextConfigLocation", "/WEB-INF/a-servlet.xml "+X)) + named("b", ini("contextConfigLocation", X)) + added,
			[]string{"WEB-INF/a-servlet.xml"},
		},
		"multiple_dispatcherservlets_context_config_foo": {
			named("a", ini("contextConfigLocation", "foo")) + named("b", ini("contextConfigLocation", "foo")),
			named("a", ini("contextConfigLocation", "foo "+X)) + named("b", ini("contextConfigLocation", "foo "+X)) + added, nil,
		},
		"annotation_context_config_foo": {
			ctx("contextClass", annotated) + ctx("contextConfigLocation", "foo"),
			ctx("contextClass", annotated) + ctx("contextConfigLocation", "foo "+A) + added, nil,
		},
		"annotation_context_config_and_servletcontext": {
			ctx("contextClass", annotated) + ctx("contextConfigLocation", "foo") + servlet(ini("contextClass", annotated), ini("contextConfigLocation", "bar")),
			ctx("contextClass", annotated) + ctx("contextConfigLocation", "foo "+A) +
				servlet(ini("contextClass", annotated), ini("contextConfigLocation", "bar "+A)) + added, nil,
		},
		"annotation_context_config_and_servletcontext_empty": {
			ctx("contextClass", annotated) + ctx("contextConfigLocation", "foo") + servlet(),
			ctx("contextClass", annotated) + ctx("contextConfigLocation", "foo "+A) + servlet(ini("contextConfigLocation", "/"+ownContext+" "+X)) + added,
			[]string{ownContext},
		},
		"annotation_context_config_empty_with_servletcontext": {
			"<context-param/>" + servlet(ini("contextClass", annotated), ini("contextConfigLocation", "bar")),
			ctx("contextConfigLocation", "/"+appContext+" "+X) + servlet(ini("contextClass", annotated), ini("contextConfigLocation", "bar "+A)) + added,
			[]string{appContext},
		},
		"annotation_servletcontext_no_context_config": {
			servlet(ini("contextClass", annotated), ini("contextConfigLocation", "bar")),
			servlet(ini("contextClass", annotated), ini("contextConfigLocation", "bar "+A)) + added, nil,
		},
		"a context that is there already": {ctx("contextConfigLocation", "foo "+X), ctx("contextConfigLocation", "foo "+X) + added, nil},
		"a context that is empty":         {ctx("contextConfigLocation", ""), ctx("contextConfigLocation", "") + added, []string{appContext}},
		"a servlet of another class": {
			"<servlet><servlet-name>x</servlet-name><servlet-class>Mine</servlet-class></servlet>",
			"<servlet><servlet-name>x</servlet-name><servlet-class>Mine</servlet-class></servlet>" + added, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, version := range []string{"1.6", "17.0.2"} {
				for _, root := range []string{"<web-app>", `<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5">`} {
					got, err := stage(t, version, root+tt.in+"</web-app>", tt.files...)
					if want := root + tt.want + "</web-app>"; err != nil || got != want {
						t.Errorf("Java %s, %s: got\n%s, %v, want\n%s", version, root, got, err, want)
					}
				}
			}
		})
	}
}

func TestOdditiesOf2012AreMendedToday(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, then, today string }{
		"a parameter that holds something else": {
			ctx("other", "1"),
			"<context-param>" + param("other", "1") + param("contextConfigLocation", "/"+appContext+" "+X) + "</context-param>" + added,
			ctx("other", "1") + ctx("contextConfigLocation", "/"+appContext+" "+X) + added,
		},
		"a servlet's parameter that does": {
			ctx("contextConfigLocation", "a") + servlet(ini("other", "1"), "<load-on-startup>1</load-on-startup>"),
			ctx("contextConfigLocation", "a "+X) + servlet("<load-on-startup>1</load-on-startup>", "<init-param>"+param("other", "1")+param("contextConfigLocation", X)+"</init-param>") + added,
			ctx("contextConfigLocation", "a "+X) + servlet(ini("other", "1"), "<load-on-startup>1</load-on-startup>", ini("contextConfigLocation", X)) + added,
		},
		"annotations in one of two servlets": {
			ctx("contextConfigLocation", "a") + named("a", ini("contextClass", annotated), ini("contextConfigLocation", "b")) + named("c", ini("contextConfigLocation", "d")),
			ctx("contextConfigLocation", "a "+X) + named("a", ini("contextClass", annotated), ini("contextConfigLocation", "b "+A)) + named("c", ini("contextConfigLocation", "d "+A)) + added,
			ctx("contextConfigLocation", "a "+X) + named("a", ini("contextClass", annotated), ini("contextConfigLocation", "b "+A)) + named("c", ini("contextConfigLocation", "d "+X)) + added,
		},
		"white space around the name of the initializers": {
			ctx("contextConfigLocation", "a") + ctx("\ncontextInitializerClasses\n", "foo"),
			ctx("contextConfigLocation", "a "+X) + ctx("\ncontextInitializerClasses\n", "foo") + added,
			ctx("contextConfigLocation", "a "+X) + ctx("\ncontextInitializerClasses\n", "foo, "+I),
		},
		"an initializer that is there already": {
			ctx("contextConfigLocation", "a") + added,
			ctx("contextConfigLocation", "a "+X) + ctx("contextInitializerClasses", I+", "+I),
			ctx("contextConfigLocation", "a "+X) + added,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for version, want := range map[string]string{"1.7.0_04": tt.then, "11": tt.today} {
				got, err := stage(t, version, "<web-app>"+tt.in+"</web-app>", appContext)
				if want = "<web-app>" + want + "</web-app>"; err != nil || got != want {
					t.Errorf("Java %s: got\n%s, %v, want\n%s", version, got, err, want)
				}
			}
		})
	}
}

func TestRootWithAPrefixIsUnderstoodToday(t *testing.T) {
	t.Parallel()
	in := "<j:web-app xmlns:j='u'><j:context-param><j:param-name>contextConfigLocation</j:param-name><j:param-value>foo</j:param-value></j:context-param></j:web-app>"
	then := strings.Replace(in, "</j:web-app>", added+"</j:web-app>", 1)
	today := strings.Replace(strings.Replace(in, "foo", "foo "+X, 1), "</j:web-app>",
		"<j:context-param><j:param-name>contextInitializerClasses</j:param-name><j:param-value>"+I+"</j:param-value></j:context-param></j:web-app>", 1)
	for version, want := range map[string]string{"1.6": then, "21": today} {
		if got, err := stage(t, version, in); err != nil || got != want {
			t.Errorf("Java %s: got\n%s, %v, want\n%s", version, got, err, want)
		}
	}
}

func TestHostileDescriptorIsRefusedOrLeftAsItIs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<web-app><a></web-app>":                                "read WEB-INF/web.xml: line 1: <a> is closed by </web-app>",
		"<web-app>" + strings.Repeat(" ", 2<<20) + "</web-app>": "larger than",
		"<?xml version='1.0' encoding='EBCDIC-US'?><web-app/>":  "ebcdic-us is not known here",
	} {
		if _, err := stage(t, "1.6", in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.50q: %v, want %q", in, err, want)
		}
	}
	in := "<!DOCTYPE web-app [<!ENTITY x SYSTEM 'file:///etc/passwd'><!ENTITY y '&x;&x;'>]><web-app>&y;</web-app>"
	if got, err := stage(t, "1.6", in); err != nil || got != strings.Replace(in, "</web-app>", added+"</web-app>", 1) {
		t.Errorf("got\n%s, %v", got, err)
	}
}
