package stager

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/stager/plugin"
)

func shell(script string, args ...string) plugin.Command {
	return plugin.Command{Argv: append([]string{"/bin/sh", "-c", script}, args...), Env: []string{"PATH=" + os.Getenv("PATH")}}
}

// wantGone waits until none of the processes whose ids are in file lives.
func wantGone(t *testing.T, file string) {
	t.Helper()
	ids, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(strings.Fields(string(ids))) == 0 {
		t.Fatal("no process wrote its id")
	}
	for id := range strings.FieldsSeq(string(ids)) {
		pid, err := strconv.Atoi(id)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, 5*time.Second, "process "+id+" to be gone", func() bool { return !alive(pid) })
	}
}

// alive tells zombies, which wait for a lazy init, from the living.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err == nil {
		_, state, _ := strings.Cut(string(stat), ") ")
		return !strings.HasPrefix(state, "Z")
	}
	return !os.IsNotExist(err) || errors.Is(syscall.Kill(pid, 0), nil)
}

func TestToolsOutputAndStatusComeBack(t *testing.T) {
	t.Parallel()
	out, err := RunTool(t.Context(), shell("echo foo; echo bar >&2; exit 2"))
	if string(out) != "foo\nbar\n" || err == nil || err.Error() != "run /bin/sh: exit status 2" {
		t.Errorf("output = %q, error = %v", out, err)
	}
	out, err = RunTool(t.Context(), shell("echo foo"))
	if string(out) != "foo\n" || err != nil {
		t.Errorf("output = %q, error = %v", out, err)
	}
}

func TestToolIsEndedWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	pids, ended := filepath.Join(t.TempDir(), "pids"), make(chan struct{})
	go func() {
		defer close(ended)
		out, err := RunTool(ctx, shell(`echo foo; sleep 1000 & echo $$ $! > "$0.new"; mv "$0.new" "$0"; wait`, pids))
		if string(out) != "foo\n" || !errors.Is(err, errTimedOut) {
			t.Errorf("output = %q, error = %v", out, err)
		}
	}()
	testkit.Eventually(t, 20*time.Second, "the tool to have a child", func() bool {
		_, err := os.Stat(pids)
		return err == nil
	})
	cancel(errTimedOut)
	<-ended
	wantGone(t, pids)
	if _, err := RunTool(ctx, shell("echo foo")); !errors.Is(err, errTimedOut) {
		t.Errorf("after the end: error = %v", err)
	}
}

func TestToolLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	for name, redirect := range map[string]string{"holds the output": "", "does not": "> /dev/null 2>&1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pids := filepath.Join(t.TempDir(), "pids")
			out, err := RunTool(t.Context(), shell(`sleep 1000 `+redirect+` & echo $! > "$0"; echo done`, pids))
			if string(out) != "done\n" || err != nil {
				t.Errorf("output = %q, error = %v", out, err)
			}
			wantGone(t, pids)
		})
	}
}

func TestToolHasOnlyTheEnvironmentItIsGiven(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{nil, {"A=b c"}} {
		out, err := RunTool(t.Context(), plugin.Command{Argv: []string{"/usr/bin/env"}, Env: env, Dir: "/"})
		if got := strings.TrimSpace(string(out)); err != nil || got != strings.Join(env, "\n") {
			t.Errorf("environment = %q, error = %v, want %q", got, err, env)
		}
	}
}

func TestEndOfLongOutputIsKept(t *testing.T) {
	t.Parallel()
	out, err := RunTool(t.Context(), shell("head -c 5000000 /dev/zero; echo the end"))
	if err != nil || len(out) != maxToolOutput || !strings.HasSuffix(string(out), "\x00the end\n") {
		t.Errorf("%d bytes, error = %v", len(out), err)
	}
}

func TestMissingToolIsNamed(t *testing.T) {
	t.Parallel()
	if _, err := RunTool(t.Context(), plugin.Command{Argv: []string{"/no/such/tool"}}); err == nil || !strings.Contains(err.Error(), "run /no/such/tool: ") {
		t.Errorf("error = %v", err)
	}
	if _, err := RunTool(t.Context(), plugin.Command{}); err == nil {
		t.Error("no program was run without an error")
	}
}
