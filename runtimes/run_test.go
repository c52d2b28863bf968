package runtimes

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
)

func TestRunHasNothingButHomeInItsEnvironment(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), "/usr/bin/env", nil)
	if want := "HOME=" + os.Getenv("HOME") + "\n"; err != nil || string(out) != want {
		t.Errorf("env printed %q, %v, want %q", out, err, want)
	}
}

func TestRunReturnsBothStreamsAndTheExitStatus(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), "/bin/sh", []string{"-c", "echo out; echo err >&2; exit 3"})
	if string(out) != "out\nerr\n" || err == nil || err.Error() != "exit status 3" {
		t.Errorf("Run = %q, %v, want out, err and exit status 3", out, err)
	}
	if _, err := Run(t.Context(), "/nowhere/ruby", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Run of nothing = %v, want not exist", err)
	}
}

func TestRunKeepsOnlyTheBeginningOfALongOutput(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), "/bin/sh", []string{"-c", "head -c 1000000 /dev/zero"})
	if err != nil || len(out) != maxOutput {
		t.Errorf("Run kept %d bytes, %v, want %d", len(out), err, maxOutput)
	}
}

func TestRunKillsEverythingItStartedWhenItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := filepath.Join(t.TempDir(), "pid")
	ended := make(chan error, 1)
	go func() {
		_, err := Run(ctx, "/bin/sh", []string{"-c", "sleep 600 & echo $! > " + file + "; wait"})
		ended <- err
	}()
	var pid []byte
	testkit.Eventually(t, 10*time.Second, "the background process to start", func() bool {
		pid, _ = os.ReadFile(file)
		return strings.HasSuffix(string(pid), "\n")
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want context canceled", err)
	}
	expectGone(t, pid)
}

func TestRunDoesNotWaitForWhatTheExecutableLeftBehind(t *testing.T) {
	t.Parallel()
	out, err := Run(t.Context(), "/bin/sh", []string{"-c", "sleep 600 & echo $!"})
	if err == nil {
		t.Error("Run succeeded although something still holds the output")
	}
	expectGone(t, out)
}

// expectGone waits until the process whose number was printed is dead, perhaps not yet buried.
func expectGone(t *testing.T, printed []byte) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(string(printed)))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 5*time.Second, "the background process to die", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err == nil {
			return strings.Contains(string(stat), ") Z ")
		}
		return syscall.Kill(pid, 0) != nil
	})
}
