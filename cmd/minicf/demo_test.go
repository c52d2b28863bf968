package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
)

const pythonServer = `import http.server, os
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from python")
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["VCAP_APP_PORT"])), Hello).serve_forever()
`

// demoRun is `minicf demo` of a Python app as a process of its own.
type demoRun struct {
	tmp  string   // its temp dir
	args []string // of minicf
}

func newDemo(t *testing.T, source string, args ...string) demoRun {
	t.Helper()
	testkit.RequireTool(t, "python3", "bash", "ps")
	dir := t.TempDir()
	d := demoRun{tmp: filepath.Join(dir, "tmp"), args: []string{"demo", "--app", filepath.Join(dir, "web"), "--runtime", "python3", "--command", "exec python3 web.py"}}
	d.args = append(d.args, args...)
	for _, sub := range []string{"tmp", "web"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "web", "web.py"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	return d
}

// command is the demo itself, or on a terminal of its own: Ctrl-C typed there is a signal to the demo.
func (d demoRun) command(t *testing.T, onTerminal bool) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, "minicf", d.args...)
	if onTerminal {
		testkit.RequireTool(t, "script")
		if runtime.GOOS != "linux" {
			t.Skip("SKIP: needs the script command of util-linux: run on Linux")
		}
		line := "minicf '" + strings.Join(d.args, "' '") + "'"
		c = exec.CommandContext(ctx, "script", "--quiet", "--return", "--flush", "--command", line, "/dev/null")
	}
	c.Env = append(os.Environ(), "TMPDIR="+d.tmp, "SHELL=/bin/sh")
	c.WaitDelay = 10 * time.Second
	return c
}

// expectNothingLeft fails when a process or a file of the demo is left.
func (d demoRun) expectNothingLeft(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, 5*time.Second, "no process of the demo is left", func() bool { return len(processesOf(d.tmp)) == 0 })
	left, err := os.ReadDir(d.tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the temp dir: %v, %v", left, err)
	}
}

// pressCtrlC runs the demo on a terminal, types Ctrl-C after a text has appeared, and returns the exit code and how long the
// end took.
func (d demoRun) pressCtrlC(t *testing.T, after string) (code int, took time.Duration) {
	t.Helper()
	c := d.command(t, true)
	keyboard, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	screen, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	shown := readUntil(t, screen, after)
	if len(processesOf(d.tmp)) == 0 {
		t.Error("the test does not see the demo's processes")
	}
	began := time.Now()
	if _, err := io.WriteString(keyboard, "\x03"); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(screen)
	_ = c.Wait()
	took = time.Since(began)
	if !strings.Contains(string(rest), "minicf: interrupted") {
		t.Errorf("it says\n%s%s", shown, rest)
	}
	return c.ProcessState.ExitCode(), took
}

// readUntil reads until a text has come, and returns all that came.
func readUntil(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	var all []byte
	chunk := make([]byte, 4096)
	for {
		n, err := r.Read(chunk)
		if all = append(all, chunk[:n]...); bytes.Contains(all, []byte(text)) {
			return string(all)
		}
		if err != nil {
			t.Fatalf("%v before %q came:\n%s", err, text, all)
		}
	}
}

func TestDemoWhoseReaderLeavesIsStoppedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"--exit", "--json"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			d := newDemo(t, pythonServer, mode)
			c := d.command(t, false)
			var errors bytes.Buffer
			c.Stderr = &errors
			story, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			readUntil(t, story, "Run it") // more steps will come, and the app is being started
			story.Close()
			_ = c.Wait()
			if code := c.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(errors.String(), "nobody reads") {
				t.Errorf("exit code %d, stderr %q, want %d and why", code, errors.String(), exitFailed)
			}
			d.expectNothingLeft(t)
		})
	}
}

func TestCtrlCAtThePromptOfDemoStepEndsItPromptly(t *testing.T) {
	t.Parallel()
	d := newDemo(t, pythonServer, "--step")
	if code, took := d.pressCtrlC(t, "press Enter"); code != exitInterrupted || took > 10*time.Second {
		t.Errorf("exit code %d after %s, want %d within seconds", code, took, exitInterrupted)
	}
	d.expectNothingLeft(t)
}

func TestCtrlCWhileTheInstanceStartsIsNotTheAppsFault(t *testing.T) {
	t.Parallel()
	d := newDemo(t, "import time; time.sleep(600)", "--exit")
	if code, _ := d.pressCtrlC(t, "Run it"); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	d.expectNothingLeft(t)
}

func TestDemoThatFailsSaysWhoseFaultItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source string
		flags  []string
		code   int
		told   string // in the story
		error  string
	}{
		"the app answers 500":  {strings.Replace(pythonServer, "200", "500", 1), nil, exitAppStart, "HTTP 500 Internal Server Error", "web answered with HTTP 500"},
		"the app does not run": {"import sys; sys.exit('no database')", nil, exitAppStart, "Run it", "no database"},
		"staging fails":        {pythonServer, []string{"--framework", "sinatra", "--runtime", "ruby19", "--command", ""}, exitStaging, "task log", "Staging"},
	} {
		for _, mode := range []string{"--exit", "--json"} {
			t.Run(name+" "+mode, func(t *testing.T) {
				t.Parallel()
				if name == "staging fails" {
					testkit.RequireTool(t, "ruby")
				}
				d := newDemo(t, c.source, append(c.flags, mode)...)
				run := d.command(t, false)
				var out, errors bytes.Buffer
				run.Stdout, run.Stderr = &out, &errors
				_ = run.Run()
				if code := run.ProcessState.ExitCode(); code != c.code {
					t.Errorf("exit code %d, want %d\n%s", code, c.code, errors.String())
				}
				said := errors.String()
				if mode == "--json" {
					said = out.String()
				}
				if !strings.Contains(out.String(), c.told) || strings.Contains(out.String(), "That was all") || !strings.Contains(said, c.error) {
					t.Errorf("told:\n%s\nsaid: %s\nwant %q and %q", out.String(), errors.String(), c.told, c.error)
				}
				if mode == "--json" {
					expectErrorLine(t, out.String(), c.code)
				}
				d.expectNothingLeft(t)
			})
		}
	}
}

// expectErrorLine wants JSON lines: steps, and last an error.
func expectErrorLine(t *testing.T, out string, code int) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for i, line := range lines {
		var is struct {
			Step  int
			Error *struct {
				Code          int
				Message, Hint string
			}
		}
		if err := json.Unmarshal([]byte(line), &is); err != nil {
			t.Fatalf("line %d is no JSON: %v: %s", i+1, err, line)
		}
		last := i == len(lines)-1
		if last != (is.Error != nil) || !last && is.Step != i+1 || last && (is.Error.Code != code || is.Error.Message == "" || is.Error.Hint == "") {
			t.Errorf("line %d of %d: %s, want the error with code %d as the last", i+1, len(lines), line, code)
		}
	}
}

func TestInterruptedLookForRuntimesIsNotTakenForMissingOnes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var said bytes.Buffer
	s := &session{terminal: &terminal{in: strings.NewReader(""), out: io.Discard, err: &said}}
	_, missing := s.ensureRuntime(ctx, client.App{Runtime: "python3"}, false)
	if err := s.endOfDemo(ctx, missing); exitCode(err) != exitInterrupted || said.Len() > 0 {
		t.Errorf("exit code %d (%v) and %q, want %d and nothing", exitCode(err), err, said.String(), exitInterrupted)
	}
}
