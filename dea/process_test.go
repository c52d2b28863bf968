package dea

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/isolation/process"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
)

// These tests run real processes: the DEA with the isolation that it has by default.

// patience is how long they wait for one.
const patience = 30 * time.Second

// stopScript is the stop script of 2012.
const stopScript = `#!/bin/bash
APP_PID=$1
APP_PPID=` + "`ps -o ppid= -p $APP_PID`" + `
kill -9 $APP_PID
kill -9 $APP_PPID
`

// startup is a startup script with the ending of 2012; the app runs in app/.
func startup(before, app string) string {
	return `#!/bin/bash
export TMPDIR="$PWD/tmp"
mkdir -p logs app
` + before + `
cd app
` + app + ` > ../logs/stdout.log 2> ../logs/stderr.log &
STARTED=$!
echo "$STARTED" >> ../run.pid
wait $STARTED
`
}

// real makes a DEA that runs processes.
func real(h *harness) {
	h.DEA.backend, h.probe, h.runtimes.run = process.New(process.Options{}), accepts, runtimes.Run
}

// realApp is a start message of an app whose programs are those.
func (h *harness) realApp(name, script string) protocol.StartRequest {
	r := h.app(name)
	r.ExecutableFile = tgz(h.t, map[string]string{"startup": script, "stop": stopScript})
	return r
}

// wait returns the next message on a subject; it is waited for.
func (h *harness) wait(subject string) bus.Message {
	h.t.Helper()
	var found bus.Message
	testkit.Eventually(h.t, patience, subject, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		for i, m := range h.heard {
			if m.Subject == subject {
				found = m
				h.heard = append(h.heard[:i:i], h.heard[i+1:]...)
				return true
			}
		}
		return false
	})
	return found
}

// running waits until an app is registered, and returns its port and its instance.
func (h *harness) running() (port int, in *instance) {
	h.t.Helper()
	var r protocol.Route
	if err := json.Unmarshal(h.wait("router.register").Payload, &r); err != nil {
		h.t.Fatal(err)
	}
	h.DEA.mu.Lock()
	defer h.DEA.mu.Unlock()
	for _, in := range h.registry.all {
		if in.port == int(*r.Port) {
			return in.port, in
		}
	}
	h.t.Fatalf("no instance has the registered port %d", *r.Port)
	return 0, nil
}

func removed(dir string) func() bool {
	return func() bool { _, err := os.Stat(dir); return errors.Is(err, os.ErrNotExist) }
}

func get(tb testing.TB, port int) string {
	tb.Helper()
	res, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port) + "/")
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// alive reports whether a process runs; one that only waits for its parent to ask for its exit
// status does not.
func alive(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}

func TestRealAppIsServedAndStopped(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps", "python3")
	cfg := testConfig(t)
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: "python3"}}
	h := start(t, cfg, real)
	h.startApp(h.realApp("hello", startup("echo hello from $VCAP_APP_HOST > app/index.html", `%VCAP_LOCAL_RUNTIME% -m http.server --bind 127.0.0.1 $2`)))
	port, in := h.running()
	if got := get(t, port); got != "hello from 127.0.0.1\n" {
		t.Errorf("the app answers %q", got)
	}
	pid := in.container.Handle().PID
	h.send("dea.stop", `{"droplet":"hello"}`)
	h.wait("router.unregister")
	h.wait("droplet.exited")
	testkit.Eventually(t, patience, "the directory to go", removed(in.dir))
	if alive(pid) {
		t.Errorf("process %d is still alive", pid)
	}
	// Somebody else may have taken the port meanwhile.
	if answer, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port)); err == nil {
		defer answer.Body.Close()
		if text, _ := io.ReadAll(answer.Body); string(text) == "hello from 127.0.0.1\n" {
			t.Error("the app still answers")
		}
	}
}

// The startup scripts of 2012 export RUBYOPT=-rubygems, which Ruby 2.5 and later do not survive by
// themselves.
func TestRubyOfTodaySurvivesRubygemsOf2012(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ruby")
	cfg := testConfig(t)
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: "ruby"}}
	h := start(t, cfg, real)
	before := `export RUBYOPT="-rubygems -I$PWD/ruby -rstdsync"
mkdir ruby
echo "\$stdout.sync = true" >> ./ruby/stdsync.rb
cat > app/app.rb <<'END'
require "socket"
server = TCPServer.new("127.0.0.1", ARGV[1].to_i)
loop do
  client = server.accept
  body = [ARGV.join(" "), ENV["MINE"], defined?(Gem).to_s].join("|")
  client.write "HTTP/1.0 200 OK\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}" if client.gets
  client.close
end
END`
	for _, mine := range []string{"MINE=1", "RUBYLIB=/nowhere"} {
		r := h.realApp("rubyapp", startup(before, "%VCAP_LOCAL_RUNTIME% app.rb $@"))
		r.Env = []string{mine, "MINE=it's $HOME"}
		h.startApp(r)
		port, in := h.running()
		if got, want := get(t, port), fmt.Sprintf("-p %d|it's %s|constant", port, in.dir); got != want {
			t.Errorf("the app answers %q, want %q", got, want)
		}
		h.send("dea.stop", `{"droplet":"rubyapp"}`)
		testkit.Eventually(t, patience, "the directory to go", removed(in.dir))
	}
}

func TestEveryValueArrivesByteForByte(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps")
	cfg := testConfig(t)
	h := start(t, cfg, real)
	marker := filepath.Join(t.TempDir(), "injected")
	hostile := "it's; touch " + marker + " #`touch " + marker + "`$(touch " + marker + ")\n\"\\"
	r := h.realApp("hello", "#!/bin/bash\nenv -0 > env.tmp; mv env.tmp env.out; sleep 1000\n")
	r.URIs, r.Name = []string{}, "x';touch "+marker+";'"
	r.Services = protocol.Services{{"label": "redis-2.2", "name": hostile, "credentials": map[string]any{"password": hostile}}}
	r.Env = []string{"MINE=" + hostile, "QUOTED='" + `$HOME and "that"` + "'", "1BAD=x", "nothing"}
	h.startApp(r)
	h.wait("dea.heartbeat")
	h.DEA.mu.Lock()
	in := h.registry.all[0]
	h.DEA.mu.Unlock()
	path := filepath.Join(in.dir, "env.out")
	testkit.Eventually(t, patience, "the app's environment", func() bool { _, err := os.Stat(path); return err == nil })
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for entry := range strings.SplitSeq(string(text), "\x00") {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	var services map[string][]struct{ Credentials map[string]string }
	if err := json.Unmarshal([]byte(env["VCAP_SERVICES"]), &services); err != nil || services["redis-2.2"][0].Credentials["password"] != hostile {
		t.Errorf("VCAP_SERVICES is %s, %v, want the password as it was", env["VCAP_SERVICES"], err)
	}
	for name, want := range map[string]string{"MINE": hostile, "QUOTED": `$HOME and "that"`, "HOME": in.dir, "VMC_APP_NAME": r.Name} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("a shell has seen a value")
	}
}

func TestRealAppThatEndsAtOnceIsACrashThatSaysWhy(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps")
	var said journal
	h := start(t, testConfig(t), func(h *harness) { real(h); h.log = slog.New(slog.NewTextHandler(&said, nil)) })
	h.startApp(h.realApp("hello", startup("echo startup sees nothing >&2", "echo no such gem >&2; false")+"exit 7\n"))
	h.wait("router.unregister")
	if exited := string(h.wait("droplet.exited").Payload); !strings.Contains(exited, `"reason":"CRASHED"`) {
		t.Errorf("exited is %s", exited)
	}
	if left := entries(t, h.paths.apps); len(left) != 1 {
		t.Errorf("directories are %v, want the crash", left)
	}
	for _, want := range []string{"exit status 7", "startup sees nothing", "no such gem"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the log is\n%swant %q in it", said.String(), want)
		}
	}
}

func TestRealAppThatIgnoresEverythingIsGoneAllTheSame(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps")
	h := start(t, testConfig(t), real)
	r := h.realApp("hello", "#!/bin/bash\ntrap '' TERM INT HUP\n(trap '' TERM; echo $BASHPID > child.pid; while :; do sleep 1; done) &\nwhile :; do sleep 1; done\n")
	r.URIs = nil // running at once
	h.startApp(r)
	h.wait("dea.heartbeat")
	h.DEA.mu.Lock()
	in := h.registry.all[0]
	h.DEA.mu.Unlock()
	child := waitForPid(t, filepath.Join(in.dir, "child.pid"))
	begin := time.Now()
	h.stop() // the whole DEA
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if pid := in.container.Handle().PID; alive(pid) || alive(child) {
		t.Errorf("the startup script (%d: %t) or its child (%d: %t) is alive", pid, alive(pid), child, alive(child))
	}
	if !removed(in.dir)() {
		t.Error("the directory is still there")
	}
}

// What buildpacks and start messages do to HOME, by which an instance's processes used to be known.
func TestDaemonThatHasAnotherHomeEndsWithItsInstance(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "setsid", "ps")
	const daemon = "(setsid bash -c 'cd /; echo $$ > \"$DIR/daemon.pid\"; exec sleep 1000' < /dev/null > /dev/null 2>&1 &)\nsleep 1000\n"
	h := start(t, testConfig(t), real)
	for before, env := range map[string][]string{
		"":                           {"HOME=/nowhere"},
		"export HOME=\"$PWD/app\"\n": {},
	} {
		r := h.realApp("hello", "#!/bin/bash\nexport DIR=\"$PWD\"\n"+before+daemon)
		r.URIs, r.Env = nil, env // running at once
		h.startApp(r)
		h.wait("dea.heartbeat")
		h.DEA.mu.Lock()
		in := h.registry.all[0]
		h.DEA.mu.Unlock()
		pid := waitForPid(t, filepath.Join(in.dir, "daemon.pid"))
		h.send("dea.stop", `{"droplet":"hello"}`)
		testkit.Eventually(t, patience, "the directory to go", removed(in.dir))
		if alive(pid) {
			t.Errorf("%q, %v: the daemon outlived its instance", before, env)
		}
	}
}

func waitForPid(tb testing.TB, path string) (pid int) {
	tb.Helper()
	testkit.Eventually(tb, patience, path, func() bool {
		text, err := os.ReadFile(path)
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return pid
}

// BenchmarkAcceptToRegister tells how long after an app that takes a second to start listens its
// route is on the bus.
func BenchmarkAcceptToRegister(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cfg := testConfig(b)
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: self}}
	h := start(b, cfg, real)
	var worst, sum time.Duration
	for b.Loop() {
		r := h.realApp("hello", startup("", "(sleep 1; exec %VCAP_LOCAL_RUNTIME%)"))
		r.Env = []string{helperEnv + "=" + helperListen}
		h.startApp(r)
		registered := h.wait("router.register").Time
		h.DEA.mu.Lock()
		in := h.registry.all[0]
		h.DEA.mu.Unlock()
		var at int64
		testkit.Eventually(b, patience, "the app's own time", func() bool {
			text, err := os.ReadFile(filepath.Join(in.dir, "app", "listening"))
			if err == nil {
				at, err = strconv.ParseInt(string(text), 10, 64)
			}
			return err == nil
		})
		took := registered.Sub(time.Unix(0, at))
		sum, worst = sum+took, max(worst, took)
		h.send("dea.stop", `{"droplet":"hello"}`)
		testkit.Eventually(b, patience, "the directory to go", removed(in.dir))
	}
	b.ReportMetric(float64(sum.Microseconds())/float64(b.N)/1000, "ms/register")
	b.ReportMetric(float64(worst.Microseconds())/1000, "ms/worst")
}
