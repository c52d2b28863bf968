package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/sandbox"
)

// The scripts run the command itself, as the test binary under another name.
func TestMain(m *testing.M) {
	if _, err := confine.Enter(os.Args); err != nil {
		os.Exit(exitFailed)
	}
	testscript.Main(m, map[string]func(){"minicf": main})
}

// TestScripts runs the tutorial and the commands as people type them: testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup:               setupScript,
		Condition:           haveTool,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfile": waitFile, "get": get, "field": field, "nothingleft": nothingLeft,
			"killcomponent": killComponent, "eventually": eventually,
		},
	})
}

// setupScript gives each script a data dir of its own, so that the commands in it find its sandbox and no other.
func setupScript(e *testscript.Env) error {
	e.Setenv("MINICF_HOME", filepath.Join(e.WorkDir, "data"))
	e.Setenv("TMPDIR", filepath.Join(e.WorkDir, "tmp"))
	e.Setenv("GORACE", "atexit_sleep_ms=0")
	e.Setenv("PATH", e.Getenv("PATH")+string(os.PathListSeparator)+os.Getenv("PATH"))
	e.Setenv("CI", os.Getenv("CI"))
	for name, dir := range map[string]string{"EXAMPLES": "examples", "APPS": "apps"} {
		path, err := filepath.Abs(filepath.Join("..", "..", dir))
		if err != nil {
			return err
		}
		e.Setenv(name, path)
	}
	for _, port := range []string{"NATS_PORT", "CONTROLLER_PORT", "ROUTER_PORT"} {
		e.Setenv("MINICF_"+port, "0")
	}
	return os.MkdirAll(filepath.Join(e.WorkDir, "tmp"), 0o755)
}

// haveTool implements [tool:ruby], which fails instead of skipping in CI: there a missing tool is a broken machine.
func haveTool(cond string) (bool, error) {
	name, ok := strings.CutPrefix(cond, "tool:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	command := exec.Command(name, "--version")
	if name == "sinatra" {
		command = exec.Command("ruby", "-e", "require 'sinatra/base'")
	}
	if err := command.Run(); err == nil {
		return true, nil
	}
	if os.Getenv("CI") == "true" {
		return false, fmt.Errorf("%s is missing, and CI must have it: run make test", name)
	}
	fmt.Fprintf(os.Stderr, "SKIP: needs %s: run make test\n", name)
	return false, nil
}

// waitFile FILE [VAR]: waits until a file is there; with a VAR its content is put into the environment.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfile FILE [VAR]")
	}
	path := ts.MkAbs(args[0])
	poll(ts, path+" is written", func() bool { _, err := os.Stat(path); return err == nil })
	if len(args) == 2 {
		ts.Setenv(args[1], strings.TrimSpace(ts.ReadFile(args[0])))
	}
}

// field FILE KEY VAR: puts a key of a JSON file into the environment.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: field FILE KEY VAR")
	}
	m := map[string]any{}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &m))
	ts.Setenv(args[2], fmt.Sprint(m[args[1]]))
}

// get HOST URL TEXT: asks until the answer contains the text.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: get HOST URL TEXT")
	}
	var last string
	poll(ts, fmt.Sprintf("%s answers %q", args[0], args[2]), func() bool {
		req, err := http.NewRequest(http.MethodGet, args[1], nil)
		ts.Check(err)
		req.Host = args[0]
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			last = err.Error()
			return false
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		last = string(body)
		return strings.Contains(last, args[2])
	})
	ts.Logf("%s", last)
}

// nothingLeft: no process of this script's own is alive. The script's directory stands in the environment of each.
func nothingLeft(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: nothingleft")
	}
	home := ts.Getenv("WORK")
	poll(ts, "every process of the script is gone", func() bool {
		environs, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, file := range environs {
			b, err := os.ReadFile(file)
			if err == nil && strings.Contains(string(b), home) {
				return false
			}
		}
		return true
	})
	left, _ := os.ReadDir(filepath.Join(home, "tmp"))
	if len(left) > 0 {
		ts.Fatalf("left in the temp dir: %v", left)
	}
}

// killComponent SIGNAL NAME: sends a signal to the process of a component that runs on the script's data dir.
func killComponent(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}
	if neg || len(args) != 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: killcomponent KILL|STOP|CONT NAME")
	}
	all, err := sandbox.Find(ts.Getenv("MINICF_HOME"))
	ts.Check(err)
	for _, r := range all {
		if r.Component == args[1] {
			ts.Check(syscall.Kill(r.PID, signals[args[0]]))
			return
		}
	}
	ts.Fatalf("no %s is running", args[1])
}

// eventually TEXT N COMMAND...: runs the command until its output has the text exactly so often.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: eventually TEXT N COMMAND...")
	}
	last := ""
	defer func() { ts.Logf("%s", last) }()
	poll(ts, fmt.Sprintf("%s times %s in the output of %v", args[1], args[0], args[2:]), func() bool {
		if ts.Exec(args[2], args[3:]...) != nil {
			return false
		}
		last = ts.ReadFile("stdout")
		return fmt.Sprint(strings.Count(last, args[0])) == args[1]
	})
}

func poll(ts *testscript.TestScript, what string, cond func() bool) {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("after 30 s still not: %s", what)
		}
	}
}
