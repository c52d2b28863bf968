package plugin

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

func TestScriptSortsItsVariablesAndHasNoBlankLines(t *testing.T) {
	t.Parallel()
	s := Script{
		Env:     map[string]string{"RUBYOPT": "-I$PWD/ruby  -rstdsync", "A": `say "hi"`, "Z": ""},
		Unset:   []string{"GEM_PATH", "BUNDLE_GEMFILE"},
		Hook:    "mkdir ruby\n\n \t\necho x\n",
		Dir:     "tomcat",
		Command: "./run\n\nnow $@",
	}
	const head = `#!/bin/bash
export A="say "hi""
export RUBYOPT="-I$PWD/ruby  -rstdsync"
export TMPDIR="$PWD/tmp"
export Z=""
unset BUNDLE_GEMFILE
unset GEM_PATH
mkdir ruby
echo x
`
	want := map[Text]string{
		T1: head + `cd tomcat
./run
now $@ > ../logs/stdout.log 2> ../logs/stderr.log &
STARTED=$!
echo "$STARTED" >> ../run.pid
wait $STARTED
`,
		T2: head + `DROPLET_BASE_DIR=$PWD
cd tomcat
./run
now $@ > $DROPLET_BASE_DIR/logs/stdout.log 2> $DROPLET_BASE_DIR/logs/stderr.log &
STARTED=$!
echo "$STARTED" >> $DROPLET_BASE_DIR/run.pid
wait $STARTED
`,
	}
	for text, want := range want {
		if got := s.Text(text); got != want {
			t.Errorf("%s is\n%s, want\n%s", text, got, want)
		}
	}
}

func TestScriptMayMoveOrDropTheTemporaryDirectory(t *testing.T) {
	t.Parallel()
	if got := (Script{Env: map[string]string{"TMPDIR": "/else"}}).Text(T1); !strings.Contains(got, "\nexport TMPDIR=\"/else\"\n") {
		t.Errorf("the script is\n%s", got)
	}
	if got := (Script{Unset: []string{"TMPDIR"}}).Text(T1); strings.Contains(got, "export") || !strings.Contains(got, "\nunset TMPDIR\n") {
		t.Errorf("the script is\n%s", got)
	}
}

func TestScriptRunsTheAppAndNamesItsPid(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	for _, text := range []Text{T1, T2} {
		dir := newApp(t, map[string]string{"app/": "", "logs/": "", "tmp/": ""})
		s := Script{Env: map[string]string{"GREETING": "hello from $PWD"}, Command: `sh -c 'echo "$GREETING" "$@" $$' app $@`}
		path := filepath.Join(dir, "startup")
		if err := os.WriteFile(path, []byte(s.Text(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", path, "-p", "4711")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", text, err, out)
		}
		said, _ := os.ReadFile(filepath.Join(dir, "logs/stdout.log"))
		pid, _ := os.ReadFile(filepath.Join(dir, "run.pid"))
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := "hello from " + real + " -p 4711 " + string(pid); string(said) != want {
			t.Errorf("%s: the app said %q, want %q", text, said, want)
		}
	}
}

// The app here has been orphaned: its parent is the test, as it could be init.
func TestModernStopSparesAParentThatIsNotTheStartupShell(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps", "sleep")
	dir := newApp(t, map[string]string{"stop": ModernStopText, "startup": "sleep 600 &\necho $! >run.pid\nwait $!\nwhile :; do :; done\n"})
	stop := func(pid string) {
		cmd := exec.CommandContext(t.Context(), "bash", "./stop", pid)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(err.Error(), "exit status 1") {
			t.Errorf("stop: %v: %s", err, out)
		}
	}
	app := exec.CommandContext(t.Context(), "sleep", "600")
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	stop(strconv.Itoa(app.Process.Pid))
	if err := app.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the app ended with %v, want that it was killed", err)
	}

	shell := exec.CommandContext(t.Context(), "bash", "./startup")
	shell.Dir = dir
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	var pid string
	testkit.Eventually(t, 10*time.Second, "the app's pid", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "run.pid"))
		pid = strings.TrimSpace(string(text))
		return pid != ""
	})
	stop(pid)
	if err := shell.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the startup shell ended with %v, want that it was killed", err)
	}
}
