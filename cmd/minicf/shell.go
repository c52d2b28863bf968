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
// to data; it can ask nothing.
func (s *session) shell(ctx context.Context, command string) error {
	c := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	c.Stdout, c.Stderr = s.err, s.err
	c.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive") // apt would ask about time zones otherwise
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = 2 * time.Second
	return c.Run()
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
