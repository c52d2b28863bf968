package tomcat

import (
	"archive/zip"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/stager/plugin"
)

// newDroplet stages an application for a Java of 2012.
func newDroplet(t *testing.T) string {
	t.Helper()
	testkit.RequireTool(t, "bash", "grep", "sed")
	dest, err := stage(t, "1.6", map[string]string{}, plugin.Tools{})
	if err != nil {
		t.Fatal(err)
	}
	return dest
}

// command is a program in the droplet's directory, with a bare environment.
func command(t *testing.T, dir string, env []string, argv ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	c.Dir, c.Env = dir, append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	return c
}

func TestServerXMLIsWrittenForThePort(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby")
	dir := newDroplet(t)
	for _, tt := range []struct{ env, want string }{
		{"A=b", `<Connector port="8081" protocol="HTTP/1.1" connectionTimeout="20000" URIEncoding="UTF-8"/>`},
		{"VCAP_APP_HOST=10.0.0.1", `<Connector port="8081" address="10.0.0.1" protocol=`},
		{`VCAP_APP_HOST=x"/>`, `<Connector port="8081" protocol=`},
	} {
		var texts []string
		for _, argv := range [][]string{{"ruby", "resources/generate_server_xml", "8081"}, {"bash", "resources/generate_server_xml.sh", "8081"}} {
			if out, err := command(t, dir, []string{tt.env}, argv...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			texts = append(texts, read(t, dir, "tomcat/conf/server.xml"))
		}
		if !strings.Contains(texts[0], tt.want) || texts[0] != texts[1] {
			t.Errorf("%s: server.xml is\n%s by Ruby,\n%s by the shell, want %s in both", tt.env, texts[0], texts[1], tt.want)
		}
	}
	for _, port := range []string{"", "-1", "80;id", `1"`} {
		if out, err := command(t, dir, nil, "bash", "resources/generate_server_xml.sh", port).CombinedOutput(); err == nil {
			t.Errorf("port %q: %s", port, out)
		}
	}
}

func TestProxiesBecomeOptionsOfJava(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ruby")
	dir := newDroplet(t)
	for _, tt := range []struct {
		env  []string
		want string
	}{
		{nil, ""},
		{[]string{"HTTP_PROXY=http://proxy.example:3128"}, "-Dhttp.proxyHost=proxy.example -Dhttp.proxyPort=3128"},
		{[]string{"HTTPS_PROXY=https://me:secret@proxy:443/x"}, "-Dhttps.proxyHost=proxy -Dhttps.proxyPort=443"},
		{[]string{"HTTP_PROXY=proxy"}, "-Dhttp.proxyHost=proxy"},
		{
			[]string{"NO_PROXY=localhost,127.0.0.1, .corp.example,db,*"},
			"-Dhttp.nonProxyHosts=localhost|127.0.0.1|*.corp.example|*.db|* -Dhttps.nonProxyHosts=localhost|127.0.0.1|*.corp.example|*.db|*",
		},
	} {
		for _, argv := range [][]string{{"ruby", "resources/set_environment"}, {"bash", "resources/set_environment.sh"}} {
			out, err := command(t, dir, tt.env, argv...).CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
				t.Errorf("%v, by %s: %q, %v, want %q", tt.env, argv[0], got, err, tt.want)
			}
		}
	}
}

// newHome makes a directory that looks like a container's, with the servlet API of a package.
func newHome(t *testing.T, api, jar string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "a home")
	write(t, home, map[string]string{"bin/bootstrap.jar": "", "lib/x": ""})
	f, err := os.Create(filepath.Join(home, "lib", jar))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	if _, err := z.Create(api + "/servlet/Servlet.class"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestLauncherTakesAContainerOfTheRightAPI(t *testing.T) {
	t.Parallel()
	dir := newDroplet(t)
	tomcat, jetty := newHome(t, "mars", "servlet-api.jar"), newHome(t, "mars", "mars-servlet-api-5.jar")
	for _, tt := range []struct {
		api, want string
		env       []string
	}{
		{"mars", "Tomcat in " + tomcat, []string{"CATALINA_HOME=" + tomcat}},
		{"mars", "Jetty in " + jetty, []string{"CATALINA_HOME=" + tomcat, "JETTY_HOME=" + jetty}},
		{"", "Jetty in " + jetty, []string{"JETTY_HOME=" + jetty}},
		{"venus", "There is no servlet container for venus applications on this machine. Install one: minicf doctor --install tomcat", []string{
			"CATALINA_HOME=" + tomcat, "JETTY_HOME=" + jetty,
		}},
	} {
		write(t, dir, map[string]string{"tomcat/bin/setenv.sh": "SERVLET_API=" + tt.api + "\n"})
		out, err := command(t, dir, tt.env, "bash", "tomcat/bin/catalina.sh", "version").CombinedOutput()
		if got := strings.TrimSpace(string(out)); got != tt.want || (err == nil) != (tt.api != "venus") {
			t.Errorf("%s, %v: %q, %v, want %q", tt.api, tt.env, got, err, tt.want)
		}
	}
}

// The test is the container: java is a script that waits.
func TestLauncherTellsTheDEAWhenTheContainerAnswers(t *testing.T) {
	t.Parallel()
	dir := newDroplet(t)
	java := t.TempDir()
	write(t, java, map[string]string{"bin/java": "#!/bin/bash\nprintf '%s\\n' \"$@\" >args\nexec sleep 600\n"})
	if err := os.Chmod(filepath.Join(java, "bin/java"), 0o755); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	address, err := url.Parse("http://" + server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{
		"tomcat/bin/setenv.sh":   "SERVLET_API=mars\n",
		"tomcat/conf/server.xml": `<Connector port="` + address.Port() + `" address="127.0.0.1"/>`,
		"tomcat.state":           "of an earlier run",
	})
	home := newHome(t, "mars", "servlet-api.jar")
	run := command(t, dir, []string{
		"CATALINA_HOME=" + home, "JAVA_HOME=" + java, "CATALINA_OPTS=-Xmx64m -Da=b*", "JAVA_OPTS=-Dc=d", "TMPDIR=/a tmp",
	}, "tomcat/bin/catalina.sh", "run")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	args := ""
	testkit.Eventually(t, time.Minute, "java to be run", func() bool {
		args = read(t, dir, "tomcat/args")
		return strings.HasSuffix(args, "start\n")
	})
	base, _ := filepath.EvalSymlinks(filepath.Join(dir, "tomcat"))
	want := strings.Join([]string{
		"-Dc=d", "-Xmx64m", "-Da=b*", "-Djava.io.tmpdir=/a tmp", "-Dcatalina.base=" + base, "-Dcatalina.home=" + home,
		"-cp", home + "/bin/bootstrap.jar:" + home + "/bin/tomcat-juli.jar", "org.apache.catalina.startup.Bootstrap", "start", "",
	}, "\n")
	if args != want {
		t.Errorf("java was run with\n%s, want\n%s", args, want)
	}
	if state := read(t, dir, "tomcat.state"); state != "" {
		t.Errorf("the state is %q before anything answers", state)
	}
	server.Start()
	defer server.Close()
	testkit.Eventually(t, time.Minute, "the state file", func() bool { return read(t, dir, "tomcat.state") == "{\"state\":\"RUNNING\"}\n" })
	if err := run.Process.Kill(); err != nil { // catalina.sh has become java
		t.Fatal(err)
	}
	if err := run.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("it ended with %v", err)
	}
}

func TestLauncherWithoutAPortSaysWhy(t *testing.T) {
	t.Parallel()
	dir := newDroplet(t)
	write(t, dir, map[string]string{"tomcat/bin/setenv.sh": "SERVLET_API=mars\n"})
	out, err := command(t, dir, []string{"CATALINA_HOME=" + newHome(t, "mars", "servlet-api.jar")}, "tomcat/bin/catalina.sh", "run").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "did resources/generate_server_xml run?") {
		t.Errorf("%v: %s", err, out)
	}
}
