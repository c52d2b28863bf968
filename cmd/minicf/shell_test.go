package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

func TestInterruptedInstallationLeavesNoPackageManagerRunning(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := filepath.Join(t.TempDir(), "pid")
	out, err := os.Create(filepath.Join(t.TempDir(), "stderr")) // a pipe would be waited for anyway
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s := &session{terminal: &terminal{err: out}}
	ended := make(chan error, 1)
	go func() {
		// The first shell dies of the signal at once; what it started takes a little to put its things in order.
		ended <- s.shell(ctx, `sh -c 'trap "sleep 0.2; exit" TERM; echo $$ > `+file+`; while :; do sleep 0.02; done'; true`)
	}()
	var pid int
	testkit.Eventually(t, 10*time.Second, "the package manager to start", func() bool {
		text, _ := os.ReadFile(file)
		n, err := strconv.Atoi(strings.TrimSpace(string(text)))
		pid = n
		return err == nil
	})
	cancel()
	if err := <-ended; err == nil {
		t.Error("an interrupted command succeeded")
	}
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && !strings.Contains(string(stat), ") Z ") {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		t.Errorf("the package manager (%d) still runs", pid)
	}
}
