// Package pidfile makes sure that a component runs once: whoever holds the file runs, everybody
// else is told who does.
//
// In goes the path that `pid` names in a component's configuration; a file with the process id
// comes to lie there, until Remove. In 2012 this was VCAP::PidFile, which looked for the process
// with ps. A process id may belong to somebody else by now, above all in a container, where
// everybody is process 7: so the file stays locked as well, for as long as its owner lives.
package pidfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/minicf/minicf/internal/procfs"
)

// maxContent is how much of a pid file is looked at, in bytes.
const maxContent = 64

// RunningError says that another process holds the file.
type RunningError struct {
	Path string
	PID  int // 0 when the file does not tell
}

// Error is the message of 2012.
func (e *RunningError) Error() string {
	return fmt.Sprintf("Process already running (pid=%d).", e.PID)
}

// Hint says what to do about it.
func (e *RunningError) Hint() string {
	return fmt.Sprintf("stop process %d, or give this one a pid file and a directory of its own; if that process is something else, delete %s", e.PID, e.Path)
}

// File is a pid file that this process holds.
type File struct {
	path string
	f    *os.File
}

// Create writes this process's id into a file at path, and creates the directories above it. The
// error is a *RunningError when another process, or another component of this one, holds the file.
func Create(path string) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("create pid file: %w", err)
	}
	for {
		f, err := take(path)
		if errors.Is(err, errReplaced) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &File{path: path, f: f}, nil
	}
}

// Remove deletes the file and lets go of it.
func (p *File) Remove() error {
	defer p.f.Close()
	if err := os.Remove(p.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove pid file: %w", err)
	}
	return nil
}

// errReplaced means that the file was removed between opening and locking it: it is not the one at
// the path any more.
var errReplaced = errors.New("pid file was replaced")

func take(path string) (*os.File, error) {
	// Without O_NONBLOCK a fifo at the path would hold us here until somebody writes into it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create pid file: %w", err)
	}
	if err := claim(f, path); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func claim(f *os.File, path string) error {
	here, err := f.Stat()
	if err != nil {
		return fmt.Errorf("create pid file: %w", err)
	}
	if !here.Mode().IsRegular() {
		return fmt.Errorf("create pid file: %s is not a file", path)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return &RunningError{Path: path, PID: read(f)}
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(here, there) {
		return errReplaced
	}
	if pid := read(f); pid != os.Getpid() && alive(pid) {
		return &RunningError{Path: path, PID: pid} // of a kind that does not lock, as the Ruby components
	}
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("create pid file: %w", err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("create pid file: %w", err)
	}
	return nil
}

// read returns the process id in the file, 0 when there is none.
func read(f *os.File) int {
	content, err := io.ReadAll(io.NewSectionReader(f, 0, maxContent))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}

// alive reports whether a process runs; one of another user that may not be signalled runs too. A zombie does not: who was
// killed in a container whose first process never reaps must be able to start again. (In 2012, ps counted zombies.)
func alive(pid int) bool {
	if pid <= 0 || zombie(pid) {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// zombie reports whether a process has ended and nobody has taken notice. Only Linux tells.
func zombie(pid int) bool {
	var r procfs.Reader
	st, err := r.Stat(pid)
	return err == nil && st.Dead
}
