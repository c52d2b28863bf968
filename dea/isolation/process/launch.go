package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/cgroup"
)

// start is Start without the name of the script in its errors.
func (b *Backend) start(ctx context.Context, startup string, s isolation.Spec) (*container, error) {
	if _, err := newFamily(isolation.Handle{Dir: s.Dir}); err != nil {
		return nil, err
	}
	if err := executable(startup); err != nil {
		return nil, err
	}
	stderr, err := newTail(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("make a file for its standard error: %w", err)
	}
	group := b.makeGroup(s)
	cmd, err := b.launch(ctx, s, stderr.file, group)
	var c *container
	if err == nil {
		c, err = b.contain(ctx, cmd, s)
	}
	if err != nil {
		stderr.close()
		b.removeGroup(group)
		return nil, err
	}
	c.stderr, c.family.group = stderr, group
	b.running.Add(1)
	go c.wait(context.WithoutCancel(ctx))
	return c, nil
}

// contain makes a container of a process that was just started, or ends it.
func (b *Backend) contain(ctx context.Context, cmd *exec.Cmd, s isolation.Spec) (*container, error) {
	pid := cmd.Process.Pid
	// It runs: no use in giving up now.
	start, ok := b.table.startOf(context.WithoutCancel(ctx), pid)
	if !ok {
		abandon(cmd)
		return nil, errors.New("the process table does not show it")
	}
	h := isolation.Handle{ID: s.ID, PID: pid, Start: start, Dir: s.Dir}
	f, err := newFamily(h)
	if err != nil {
		abandon(cmd)
		return nil, err
	}
	return &container{
		backend: b, spec: s, handle: h, family: f, cmd: cmd,
		meter: meter{at: time.Now()}, done: make(chan struct{}),
	}, nil
}

// abandon ends a startup that nobody has waited for yet, so that the id is still its own.
func abandon(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
}

// launch starts the script. When another goroutine forks in the moment in which the DEA writes a startup script, the fork holds the file open for
// writing until it has executed its own program, and the system refuses to execute it ("text file busy", Go issue 22315).
func (b *Backend) launch(ctx context.Context, s isolation.Spec, stderr *os.File, group *cgroup.Group) (*exec.Cmd, error) {
	closeInherited()
	for pause := time.Millisecond; ; pause *= 2 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		cmd, err := b.try(ctx, s, stderr, group)
		if err == nil {
			return cmd, nil
		}
		if !errors.Is(err, syscall.ETXTBSY) || pause > time.Second/2 {
			return nil, explain(err, filepath.Join(s.Dir, "startup"))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// try starts the script once. It runs on when ctx ends.
func (b *Backend) try(ctx context.Context, s isolation.Spec, stderr *os.File, group *cgroup.Group) (*exec.Cmd, error) {
	cmd, started, err := b.command(context.WithoutCancel(ctx), s, "startup", s.Args...)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	outside, err := group.Start(cmd)
	if err != nil {
		_ = started()
		return nil, err
	}
	if outside != nil {
		b.opts.Log.Warn("instance is not in its control group", "instance", s.ID, "error", outside)
	}
	err = limit(cmd.Process.Pid, s.Limits)
	if err != nil {
		err = fmt.Errorf("limit it: %w", err)
	}
	if err = errors.Join(err, started()); err != nil {
		abandon(cmd)
		return nil, err
	}
	return cmd, nil
}

// executable says in words what is wrong with a script; execve only has numbers.
func executable(startup string) error {
	info, err := os.Stat(startup)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("not a file")
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("not executable, its mode is %s", info.Mode())
	}
	return nil
}

// explain finds out what execve means: a missing interpreter is reported as if the script were missing.
func explain(err error, startup string) error {
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("neither a program for this machine nor a script that begins with #!: %w", syscall.ENOEXEC)
	case errors.Is(err, fs.ErrNotExist):
		if name, ok := interpreter(startup); ok {
			return fmt.Errorf("its interpreter %q does not exist: %w", name, fs.ErrNotExist)
		}
	}
	var path *fs.PathError
	if errors.As(err, &path) && slices.Contains([]string{"fork/exec", "chdir"}, path.Op) {
		return path.Err // Start names the script
	}
	return err
}

// interpreter returns what stands behind a script's #!.
func interpreter(script string) (string, bool) {
	f, err := os.Open(script)
	if err != nil {
		return "", false
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(f, 256).ReadSlice('\n') // a program's first "line" may be endless
	rest, ok := strings.CutPrefix(string(line), "#!")
	words := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" \t\n", r) })
	if !ok || len(words) == 0 {
		return "", false
	}
	return words[0], true
}
