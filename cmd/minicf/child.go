package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/minicf/minicf/internal/lifecycle"
	"github.com/minicf/minicf/sandbox"
)

// childPoll is how often it is looked whether a child is up.
const childPoll = 10 * time.Millisecond

// child is one more DEA or stager of `minicf up`, in a process of its own: killing it is as real as it can be. It is not started
// again, and the others go on.
type child struct {
	name    string // dea.1
	dataDir string
	command func() *exec.Cmd
	out     io.Writer
}

var _ lifecycle.Component = (*child)(nil)

// spawn makes children of this program.
func (s *session) spawn(r runner) func(component string, index int) lifecycle.Component {
	return func(component string, index int) lifecycle.Component {
		return &child{
			name: sandbox.Numbered(component, index), dataDir: r.settings.DataDir, out: r.out,
			command: func() *exec.Cmd {
				args := []string{component, "--index", strconv.Itoa(index), "--leash", "--log-format", string(r.format), "--data-dir", r.settings.DataDir}
				if component == "dea" && r.settings.Fast {
					args = append(args, "--fast")
				}
				for _, o := range r.settings.Overrides[component] {
					args = append(args, o.Flag, o.Value)
				}
				c := exec.Command(os.Args[0], args...) //nolint:gosec,noctx // ourselves; it is told to stop, not killed
				if self, err := os.Executable(); err == nil {
					c.Path = self
				}
				c.Dir, c.Env = s.dir, append(s.environ(), busVariable(component, r.settings.BusURL)...)
				return c
			},
		}
	}
}

// busVariable names an external bus to a child. It is not an argument: its password would be for everybody to see.
func busVariable(component, url string) []string {
	key := map[string]string{"dea": "MINICF_DEA_MBUS", "stager": "MINICF_STAGER_NATS_URI"}[component]
	if url == "" {
		return nil
	}
	return []string{key + "=" + url}
}

// Run runs the child until ctx ends. That it cannot be started is an error; that it is gone later is not. But what a killed one has left
// running ends with the sandbox, too: one more takes that over, as soon as it is up, and stops in order.
func (c *child) Run(ctx context.Context, ready func()) error {
	killed, err := c.run(ctx, ready)
	if !killed {
		return err
	}
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_, err = c.run(again, cancel)
	return err
}

// run runs the child once, and reports whether it was killed: it did not end in order.
func (c *child) run(ctx context.Context, ready func()) (killed bool, err error) {
	cmd := c.command()
	cmd.Stdout, cmd.Stderr = c.out, c.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us, who stop it in its turn
	leash, err := cmd.StdinPipe()                         // when we are gone, however that came, so is this
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("start %s: %w", c.name, err)
	}
	defer leash.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := c.awaitUp(ctx, cmd.Process.Pid, ended); err != nil {
		return false, err
	}
	if ctx.Err() == nil {
		ready()
	}
	select {
	case err := <-ended:
		fmt.Fprintf(c.out, "%s (process %d) is gone: %v\n", c.name, cmd.Process.Pid, describeEnd(err))
		<-ctx.Done()
		return err != nil, nil
	case <-ctx.Done():
		return false, c.stop(cmd.Process.Pid, ended)
	}
}

// awaitUp waits until the child says that it is up.
func (c *child) awaitUp(ctx context.Context, pid int, ended chan error) error {
	look := time.NewTicker(childPoll)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("%s ended before it was ready: %w", c.name, describeEnd(err))
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		all, err := sandbox.Find(c.dataDir)
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.Component == c.name && r.PID == pid {
				return nil
			}
		}
	}
}

// stop lets the child stop in order, one that is paused too, and kills what does not.
func (c *child) stop(pid int, ended chan error) error {
	_ = syscall.Kill(pid, syscall.SIGTERM)
	_ = syscall.Kill(pid, syscall.SIGCONT)
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-ended:
		return nil
	case <-limit.C:
		_ = syscall.Kill(pid, syscall.SIGKILL)
		<-ended
		return errors.New("it had to be killed")
	}
}

func describeEnd(err error) error {
	if err == nil {
		return errors.New("it ended by itself")
	}
	return err
}

// leashed returns a context that ends with standard input, which the parent holds.
func (s *session) leashed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the process at the latest: a read cannot be interrupted
		_, _ = io.Copy(io.Discard, s.in)
		cancel()
	}()
	return ctx, cancel
}
