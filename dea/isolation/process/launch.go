package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/minicf/minicf/dea/isolation"
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
	cmd, err := launch(ctx, startup, s, stderr.file)
	if err != nil {
		stderr.close()
		return nil, err
	}
	c, err := b.contain(ctx, cmd, s)
	if err != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // not waited for yet: the id is still its own
		_ = cmd.Wait()
		stderr.close()
		return nil, err
	}
	c.stderr = stderr
	b.running.Add(1)
	go c.wait(context.WithoutCancel(ctx))
	return c, nil
}

// contain makes a container of a process that was just started.
func (b *Backend) contain(ctx context.Context, cmd *exec.Cmd, s isolation.Spec) (*container, error) {
	pid := cmd.Process.Pid
	if err := limit(pid, s.Limits); err != nil {
		return nil, fmt.Errorf("limit it: %w", err)
	}
	ctx = context.WithoutCancel(ctx) // it runs: no use in giving up now
	start, ok := b.table.startOf(ctx, pid)
	if !ok {
		return nil, errors.New("the process table does not show it")
	}
	h := isolation.Handle{ID: s.ID, PID: pid, Start: start, Dir: s.Dir}
	f, err := newFamily(h)
	if err != nil {
		return nil, err
	}
	return &container{
		backend: b, spec: s, handle: h, family: f, cmd: cmd,
		meter: meter{at: time.Now()}, done: make(chan struct{}),
	}, nil
}

// launch starts the script. When another goroutine forks in the moment in which the DEA writes a startup script, the fork holds the file open for
// writing until it has executed its own program, and the system refuses to execute it ("text file busy", Go issue 22315).
func launch(ctx context.Context, startup string, s isolation.Spec, stderr *os.File) (*exec.Cmd, error) {
	closeInherited()
	for pause := time.Millisecond; ; pause *= 2 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		cmd := exec.Command(startup, s.Args...)
		cmd.Dir = s.Dir
		cmd.Env = append([]string{}, s.Env...) // nil would mean ours
		cmd.Stderr = stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		err := cmd.Start()
		if err == nil {
			return cmd, nil
		}
		if !errors.Is(err, syscall.ETXTBSY) || pause > time.Second/2 {
			return nil, explain(err, startup)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
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
