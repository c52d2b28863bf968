package process

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/procfs"
)

// On a busy machine the startup script has started the app before its own limits are set.
func TestWhatStartupHasStartedAlreadyIsLimitedToo(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "sh -c 'sleep 1000 & echo $!; wait' & wait")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var grandchild int
	if _, err := fmt.Fscan(bufio.NewReader(out), &grandchild); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range append(childrenOf(cmd.Process.Pid), grandchild, cmd.Process.Pid) {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
		_ = cmd.Wait()
	})
	if len(childrenOf(cmd.Process.Pid)) == 0 {
		t.Skip("SKIP: this kernel does not tell the children of a process")
	}
	if err := limit(cmd.Process.Pid, isolation.Limits{FDs: 99}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(procfs.File(grandchild, "limits"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok && strings.Fields(rest)[0] == "99" {
			return
		}
	}
	t.Errorf("the app's limits are\n%s", text)
}
