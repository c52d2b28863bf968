package stager

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// What lies in a workspace.
const (
	appZip     = "app.zip"     // as downloaded
	unstaged   = "unstaged"    // as unpacked
	staged     = "staged"      // as the plugin left it: the droplet's files
	scratch    = "scratch"     // HOME and TMPDIR of the tools that the plugin runs
	dropletTgz = "droplet.tgz" // as uploaded
)

// workspace is the temporary directory of one task:
//
//	d20121113-24244-x1y2z3/     0700, the name that Ruby's mktmpdir made of date, pid and chance
//	  app.zip  unstaged/  staged/  scratch/  droplet.tgz
//
// As long as the task lives it holds a flock on the directory. The kernel drops the lock when the process dies, however that
// happens, so a directory that can be locked belongs to nobody: see sweep.
type workspace struct {
	dir  string
	lock *os.File
}

// newWorkspace makes a workspace below tmp.
func newWorkspace(tmp string) (*workspace, error) {
	// Two tries can fail without anything being wrong: a name that exists already, and another stager that starts, finds
	// the directory before it is locked and takes it for a dead stager's.
	var err error
	for range 10 {
		var w *workspace
		if w, err = tryWorkspace(tmp); err == nil {
			return w, nil
		}
	}
	return nil, fmt.Errorf("make a workspace: %w", err)
}

func tryWorkspace(tmp string) (*workspace, error) {
	name := fmt.Sprintf("d%s-%d-%s", time.Now().Format("20060102"), os.Getpid(), strconv.FormatUint(uint64(rand.Uint32()), 36))
	w := &workspace{dir: filepath.Join(tmp, name)}
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return nil, err
	}
	if err := w.fill(); err != nil {
		_ = w.remove() // what matters is why it cannot be filled
		return nil, err
	}
	return w, nil
}

func (w *workspace) fill() error {
	lock, err := lockDir(w.dir)
	if err != nil {
		return err
	}
	w.lock = lock
	for _, dir := range []string{unstaged, staged, scratch} {
		if err := os.Mkdir(w.path(dir), 0o700); err != nil {
			return err
		}
	}
	return nil
}

func (w *workspace) path(name string) string { return filepath.Join(w.dir, name) }

// remove deletes the workspace, whatever modes the app gave its files. It may be called again, should something have been
// written meanwhile.
func (w *workspace) remove() error {
	err := removeTree(w.dir)
	if w.lock != nil {
		w.lock.Close()
		w.lock = nil
	}
	return err
}

// lockDir opens dir and takes the flock on it, or fails when somebody has it.
func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "flock", Path: dir, Err: err}
	}
	return f, nil
}

// removeTree is os.RemoveAll for trees that hold directories which their owner may not change.
func removeTree(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	// Links are not followed. What cannot be made writable shows in the second try.
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
