package isolationtest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

var scripts = map[string]test{
	"the stop script gets the app's id and environment": scriptGetsPID,
	"the stop script comes before any signal":           scriptComesFirst,
	"a stop script that hangs is ended":                 scriptHangs,
	"a stop script may be missing or broken":            scriptMissing,
	"run.pid with garbage is ignored":                   scriptSeesGarbage,
	"run.pid with a stranger's id is ignored":           scriptSeesStranger,
	"run.pid with startup's own id spares the DEA":      scriptSeesStartup,
	"an app without its startup spares whoever has it":  scriptSeesOrphan,
}

func scriptGetsPID(t *testing.T, s *suite) {
	spec := s.instance(t, serve(lasting))
	script(t, spec, "stop", `printf '%s %s %s' "$#" "$1" "$GREETING" > stopped; kill -9 "$1"`)
	c := s.start(t, spec)
	app := pid(t, spec, "run.pid")
	appendTo(t, filepath.Join(spec.Dir, "run.pid"), "1\n") // a second start in the same directory would append
	stop(t, c)
	dead(t, app)
	if got, want := content(t, spec, "stopped"), fmt.Sprintf("1 %d hello", app); got != want {
		t.Errorf("the stop script saw %q, want %q", got, want)
	}
}

func scriptComesFirst(t *testing.T, s *suite) {
	app := `bash -c 'trap "touch termed" TERM; echo $$ > new; mv new ready; while :; do sleep 0.01; done'`
	spec := s.instance(t, "trap 'touch termed' TERM\n"+serve(app))
	c := s.start(t, spec)
	pids := []int{pid(t, spec, "ready"), pid(t, spec, "run.pid")}
	stop(t, c)
	dead(t, pids...)
	if exists(spec, "termed") {
		t.Error("TERM came before the stop script, which kills")
	}
}

// scriptHangs begins again where the machine was so busy that the script was killed before its first line.
func scriptHangs(t *testing.T, s *suite) {
	for range 10 {
		spec := s.instance(t, serve(lasting))
		script(t, spec, "stop", "sleep 1000 & echo $! > new; mv new hanging; wait\n")
		c := s.start(t, spec)
		app := pid(t, spec, "run.pid")
		stop(t, c)
		dead(t, app)
		if exists(spec, "hanging") {
			dead(t, pid(t, spec, "hanging"))
			return
		}
	}
	t.Error("the stop script never came so far that it could hang")
}

func scriptMissing(t *testing.T, s *suite) {
	for name, spoil := range map[string]func(path string) error{
		"missing":        os.Remove,
		"not executable": func(path string) error { return os.Chmod(path, 0o400) },
		"a directory":    func(path string) error { return swap(path, func() error { return os.Mkdir(path, 0o755) }) },
		"unrunnable":     rewrite("#!/no/such/bash\n"),
		"failing":        rewrite("#!/bin/bash\nexit 1\n"),
	} {
		spec := s.instance(t, serve(lasting))
		if err := spoil(filepath.Join(spec.Dir, "stop")); err != nil {
			t.Fatal(err)
		}
		c := s.start(t, spec)
		app := pid(t, spec, "run.pid")
		if err := c.Stop(t.Context()); err != nil {
			t.Errorf("stop script %s: %v", name, err)
		}
		dead(t, app)
	}
}

func scriptSeesGarbage(t *testing.T, s *suite) {
	for name, write := range map[string]func(path string) error{
		"words":     func(path string) error { return os.WriteFile(path, []byte("none of your business 1\n"), 0o644) },
		"nothing":   func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"minus one": func(path string) error { return os.WriteFile(path, []byte("-1\n"), 0o644) },
		"zero":      func(path string) error { return os.WriteFile(path, []byte("0\n"), 0o644) },
		"one":       func(path string) error { return os.WriteFile(path, []byte("1\n"), 0o644) },
		"too many":  func(path string) error { return os.WriteFile(path, []byte("99999999999999999999999999\n"), 0o644) },
		"a pipe":    func(path string) error { return syscall.Mkfifo(path, 0o644) },
	} {
		spec := s.instance(t, "echo $$ > leader; "+lasting)
		script(t, spec, "stop", "echo ran > stopped\n")
		if err := write(filepath.Join(spec.Dir, "run.pid")); err != nil {
			t.Fatal(err)
		}
		c := s.start(t, spec)
		app := pid(t, spec, "leader")
		stop(t, c)
		dead(t, app)
		if exists(spec, "stopped") {
			t.Errorf("run.pid is %s: the stop script ran", name)
		}
	}
}

func scriptSeesStranger(t *testing.T, s *suite) {
	foreign := stranger(t, t.TempDir())
	spec := s.instance(t, fmt.Sprintf("echo %d >> run.pid; %s & echo $! > child; wait", foreign, lasting))
	c := s.start(t, spec)
	app := pid(t, spec, "child")
	stop(t, c)
	dead(t, app)
	if !alive(foreign) {
		t.Error("the stop script killed a process of somebody else's")
	}
}

// The 2012 script kills the parent too: here that is the test itself.
func scriptSeesStartup(t *testing.T, s *suite) {
	spec := s.instance(t, "echo $$ >> run.pid; "+lasting)
	c := s.start(t, spec)
	leader := pid(t, spec, "run.pid")
	stop(t, c)
	dead(t, leader)
}

// When startup is gone the app's parent is init, or somebody's session manager.
func scriptSeesOrphan(t *testing.T, s *suite) {
	spec := s.instance(t, lasting+" & echo $! >> run.pid; exit 0\n")
	script(t, spec, "stop", "echo ran > stopped\n"+`kill -9 "$1"`)
	c := s.start(t, spec)
	ended(t, c)
	app := pid(t, spec, "run.pid")
	stop(t, c)
	dead(t, app)
	if exists(spec, "stopped") {
		t.Error("the stop script ran though the app's parent is none of the instance")
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
