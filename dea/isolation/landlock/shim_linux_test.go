package landlock

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/process"
	"github.com/minicf/minicf/internal/testkit"
)

// Go programs raise their limit of open files when they begin, and put back what it was when they become another: the shim must not.
func TestLimitThatTheShimWasGivenIsTheScripts(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	newBackend(t, Options{})
	shim, err := Enter(os.Args)
	if err != nil {
		t.Fatal(err)
	}
	c := &process.Command{Path: "/bin/bash", Args: []string{"bash", "-c", "ulimit -Sn; ulimit -Hn"}}
	started, err := shim.wrap(Options{}, isolation.Spec{ID: "c8b0", Dir: t.TempDir(), Limits: isolation.Limits{FDs: 77}}, c)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd := exec.Command(c.Path)
	cmd.Args, cmd.Env, cmd.ExtraFiles, cmd.Stdout = c.Args, c.Env, c.Files, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "the shim to wait for its order", func() bool {
		info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", cmd.Process.Pid, reportFile))
		return strings.Contains(string(info), "flags:\t02") // closed on exec
	})
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 77, Max: 77}, nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(started(), cmd.Wait()); err != nil || out.String() != "77\n77\n" {
		t.Errorf("open files: %q, %v, want 77", out.String(), err)
	}
}
