package isolationtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

// requireProc skips where the system does not show processes as files.
func requireProc(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("SKIP: only Linux's /proc tells")
	}
}

// pid waits for a process id, with the end of its line, in a file that a script writes.
func pid(t *testing.T, spec isolation.Spec, name string) int {
	t.Helper()
	n := 0
	testkit.Eventually(t, patience, "a process id in "+name, func() bool {
		text, _ := os.ReadFile(filepath.Join(spec.Dir, name))
		line, _, whole := strings.Cut(string(text), "\n")
		var err error
		n, err = strconv.Atoi(line)
		return whole && err == nil
	})
	return n
}

// alive tells whether a process runs. One that has ended but was not waited for does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		return !bytes.Contains(stat, []byte(") Z "))
	}
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !bytes.HasPrefix(bytes.TrimSpace(state), []byte("Z"))
}

// dead fails the test when one of the processes is alive: after Stop there is nothing to wait for.
func dead(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d is alive, want it ended", pid)
		}
	}
}

// stranger starts a process that is no instance's, with a directory to work in, and ends it with the test.
func stranger(t *testing.T, dir string) int {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// noneLeft fails the test when a process has to do with a directory: by its environment, its arguments or the directory it works in.
func noneLeft(t *testing.T, root string) {
	t.Helper()
	var left []string
	testkit.Eventually(t, patience, "the process table", func() bool {
		var err error
		left, err = touching(root)
		return err == nil
	})
	for _, process := range left {
		t.Errorf("a process is left: %s", process)
	}
}

func touching(root string) ([]string, error) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		return listed(root)
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, dir := range dirs {
		if dir == fmt.Sprintf("/proc/%d", os.Getpid()) {
			continue
		}
		environ, _ := os.ReadFile(dir + "/environ")
		command, _ := os.ReadFile(dir + "/cmdline")
		cwd, _ := os.Readlink(dir + "/cwd")
		if strings.Contains(string(environ)+"\x00"+string(command)+"\x00"+cwd, root) {
			found = append(found, fmt.Sprintf("%s %q in %s", filepath.Base(dir), bytes.TrimRight(command, "\x00"), cwd))
		}
	}
	return found, nil
}

// listed knows the arguments only, which have the path of every startup script.
func listed(root string) ([]string, error) {
	table, err := exec.Command("ps", "-axo", "pid=,stat=,command=").Output()
	var found []string
	for line := range strings.Lines(string(table)) {
		if strings.Contains(line, root) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found, err
}
