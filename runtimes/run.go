package runtimes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Runner runs an executable and returns what it printed, stdout and stderr together. The error tells that it could not
// be started, did not exit with 0, or was cut off. [Run] is the real one.
type Runner func(ctx context.Context, executable string, args []string) (output []byte, err error)

const (
	// runLimit is how long a version check may take. A cold Java needs about one second.
	runLimit = 10 * time.Second
	// maxOutput is how much of the output is kept, in bytes.
	maxOutput = 64 << 10
)

// Run runs an executable with nothing in its environment but HOME, as the DEA of 2012 did with env -i, and with an
// empty stdin. After 10 s, or when ctx ends, it and everything it started is killed.
func Run(ctx context.Context, executable string, args []string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, runLimit, fmt.Errorf("took longer than %s", runLimit))
	defer cancel()
	var output head
	cmd := exec.CommandContext(ctx, executable, args...)
	cmd.Env = []string{"HOME=" + os.Getenv("HOME")}
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for what still holds the pipe although the executable has ended
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	return output.Bytes(), err
}

// head is a buffer that keeps the beginning and forgets the rest.
type head struct{ buf bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	h.buf.Write(p[:min(len(p), maxOutput-h.buf.Len())])
	return len(p), nil
}

func (h *head) Bytes() []byte { return h.buf.Bytes() }
