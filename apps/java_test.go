package apps_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

// debian is where the packages of the family java-tests put their jars.
const debian = "/usr/share/java/"

func TestJavaWebApp(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "java", "bash", "ps", debian+"tomcat10-catalina.jar")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "java_web", Want: "Hello from instance 0"})
}

// The droplet of 2012 writes its configuration with Ruby.
func TestJavaWebAppForJavaOf2012(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "java", "ruby", "bash", "ps", debian+"tomcat10-catalina.jar")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "java_web", As: client.Overrides{Runtime: "java7"}, Want: "Hello from instance 0"})
}

// Only the container that has the API which a servlet was compiled against can load its class.
func TestServletRunsInTheContainerOfItsAPI(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "java", "javac", "bash", "ps", debian+"tomcat9-catalina.jar", debian+"tomcat10-catalina.jar")
	for api, version := range map[string]string{"javax": "9", "jakarta": "10"} {
		t.Run(api, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "servlet")
			compileServlet(t, dir, api, debian+"tomcat"+version+"-servlet-api.jar")
			sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: "a servlet in Apache Tomcat/" + version + "."})
		})
	}
}

const servlet = `import API.servlet.http.*;
public class Hello extends HttpServlet {
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws java.io.IOException {
    response.getWriter().println("a servlet in " + getServletContext().getServerInfo());
  }
}
`

const servletXML = `<web-app>
  <servlet><servlet-name>hello</servlet-name><servlet-class>Hello</servlet-class></servlet>
  <servlet-mapping><servlet-name>hello</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
</web-app>
`

// compileServlet makes a web application of one servlet in dir.
func compileServlet(t *testing.T, dir, api, jar string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "Hello.java")
	write(t, source, strings.ReplaceAll(servlet, "API", api))
	write(t, filepath.Join(dir, "WEB-INF/web.xml"), servletXML)
	javac := exec.CommandContext(t.Context(), "javac", "-cp", jar, "-d", filepath.Join(dir, "WEB-INF/classes"), source)
	if out, err := javac.CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSpringAppInJetty(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "java", "bash", "ps", debian+"jetty9-annotations.jar", debian+"spring3-web.servlet.jar")
	dir := filepath.Join(t.TempDir(), "spring")
	if err := os.CopyFS(dir, os.DirFS("spring")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "jars.sh")).CombinedOutput(); err != nil {
		t.Fatalf("jars.sh: %v\n%s", err, out)
	}
	home := newJettyHome(t)
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: " in jetty/9.", Change: func(a *client.App) {
		if a.Framework != "spring" {
			t.Errorf("the app is taken for one of %s", a.Framework)
		}
		a.Env = []string{"JETTY_HOME=" + home}
	}})
}

// newJettyHome puts the jars of Debian's libraries where Jetty has them. Its package jetty9 would, but it is a service.
func newJettyHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for dir, jars := range map[string]string{
		"lib": "jetty9-server jetty9-servlet jetty9-webapp jetty9-xml jetty9-http jetty9-io jetty9-util jetty9-security jetty9-annotations " +
			"jetty9-plus jetty9-jndi servlet-api",
		"lib/annotations": "asm asm-analysis asm-commons asm-tree tomcat9-annotations-api",
		"lib/apache-jsp": "jetty9-apache-jsp eclipse-jdt-core tomcat9-api tomcat9-el-api tomcat9-jasper tomcat9-jasper-el tomcat9-jsp-api tomcat9-juli " +
			"tomcat9-util tomcat9-util-scan",
	} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		for jar := range strings.FieldsSeq(jars) {
			if err := os.Symlink(debian+jar+".jar", filepath.Join(home, dir, jar+".jar")); err != nil {
				t.Fatal(err)
			}
		}
	}
	return home
}

func TestStandaloneJavaApp(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "java", "javac", "bash", "ps") // a JDK compiles the one source file
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "standalone_java", Want: "Hello from instance 0"})
}
