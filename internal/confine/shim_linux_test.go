package confine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minicf/minicf/internal/testkit"
)

// Go programs put back the limit of open files that they began with when they become another: the shim must not.
func TestLimitThatTheShimIsGivenIsThePrograms(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	shim, err := Enter(os.Args)
	if err != nil {
		t.Fatal(err)
	}
	start, err := shim.Confine(Program{Path: "/bin/bash", Args: []string{"bash", "-c", "ulimit -Sn; ulimit -Hn"}}, Rights{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd := exec.Command(start.Path)
	cmd.Args, cmd.Env, cmd.ExtraFiles, cmd.Stdout = start.Args, []string{}, start.Files, &out
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
	if err := errors.Join(start.Started(), cmd.Wait()); err != nil || out.String() != "77\n77\n" {
		t.Errorf("open files: %q, %v, want 77", out.String(), err)
	}
}
