package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// shell runs a command that the user has agreed to. What it prints goes to standard error, which leaves standard output
// to data; it can ask nothing. When ctx ends, the command is stopped with all that it started, and waited for.
func (s *session) shell(ctx context.Context, command string) error {
	c := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	c.Stdout, c.Stderr = s.err, s.err
	c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive") // apt would ask about time zones otherwise
	if os.Geteuid() != 0 && strings.Contains(command, "sudo ") {
		// What sudo runs is root's: nobody else may signal it. In our process group the terminal's Ctrl-C reaches it.
		c.Cancel = func() error { return nil }
		return c.Run()
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = patience
	err := c.Run()
	if ctx.Err() != nil && c.Process != nil {
		endGroup(c.Process.Pid)
	}
	return err
}

// patience is how long a command that was told to stop may take, so that a package manager leaves its database in order.
const patience = 10 * time.Second

// endGroup waits until a process group, which was told to stop, is gone; when that takes too long it is killed.
func endGroup(pgid int) {
	tooLong := time.NewTimer(patience)
	defer tooLong.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for syscall.Kill(-pgid, 0) == nil {
		select {
		case <-look.C:
		case <-tooLong.C:
			_ = syscall.Kill(-pgid, syscall.SIGKILL)
			return
		}
	}
}

// ask puts a question to the user. Without an answer, as when nobody is there, it is no.
func (s *session) ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(s.err, question)
	type reply struct {
		line string
		err  error
	}
	replies := make(chan reply, 1)
	// The read cannot be interrupted; when ctx ends first, the process ends too and takes it along.
	go func() {
		line, err := bufio.NewReader(s.in).ReadString('\n')
		replies <- reply{line, err}
	}()
	select {
	case r := <-replies:
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return false, r.err
		}
		answer := strings.ToLower(strings.TrimSpace(r.line))
		if r.err != nil {
			fmt.Fprintln(s.err)
		}
		return answer == "y" || answer == "yes", nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
