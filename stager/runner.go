package stager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/minicf/minicf/stager/plugin"
)

const (
	// maxToolOutput is how much of a program's output is kept, in bytes: the end of it.
	maxToolOutput = 1 << 20
	// pipeGrace is how long the output may stay open after the program has ended, by something that it left running.
	pipeGrace = 500 * time.Millisecond
)

var _ plugin.Runner = RunTool

// RunTool runs a program for a plugin, in a process group of its own, which is gone when RunTool returns: killed when ctx
// ends, and whatever the program left running is killed after it. The error is ctx's cause, or tells how the program ended.
// Of very long output the end is returned. Programs may use whatever the stager may.
func RunTool(ctx context.Context, c plugin.Command) ([]byte, error) { return runner{}.run(ctx, c) }

// runner runs programs as RunTool does.
type runner struct {
	// confine changes a command so that it may use what it is allowed to and nothing else; nil allows everything. It is told when the command has
	// been started, or could not be; its error then means that the program does not run after all.
	confine func(cmd *exec.Cmd, a plugin.Access) (started func() error, err error)
}

func (r runner) run(ctx context.Context, c plugin.Command) ([]byte, error) {
	if len(c.Argv) == 0 {
		return nil, errors.New("run a tool: no program is named")
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var out tail
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Env = c.Dir, append([]string{}, c.Env...) // nil would be the stager's environment
	cmd.Stdout = io.Writer(&out)
	if c.Output != nil {
		cmd.Stdout = io.MultiWriter(&out, c.Output)
	}
	cmd.Stderr = cmd.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	cmd.WaitDelay = pipeGrace
	if err := r.start(cmd, c.Access); err != nil {
		return nil, fmt.Errorf("run %s: %w", c.Argv[0], err)
	}
	err := cmd.Wait()
	// The error is that nobody is left, as it should be.
	_ = killGroup(cmd.Process.Pid)
	switch {
	case ctx.Err() != nil:
		return out.end(), context.Cause(ctx)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return out.end(), fmt.Errorf("run %s: %w", c.Argv[0], err)
	}
	return out.end(), nil
}

// start starts the program itself: when it returns without an error that runs.
func (r runner) start(cmd *exec.Cmd, a plugin.Access) error {
	if r.confine == nil || cmd.Err != nil {
		return cmd.Start()
	}
	started, err := r.confine(cmd, a)
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, started())
	}
	if err := started(); err != nil {
		_ = killGroup(cmd.Process.Pid)
		_ = cmd.Wait() // it says less than err
		return err
	}
	return nil
}

func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*maxToolOutput {
		t.kept = bytes.Clone(t.end())
	}
	return len(p), nil
}

func (t *tail) end() []byte { return t.kept[max(0, len(t.kept)-maxToolOutput):] }
