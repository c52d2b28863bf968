package stager

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// makeTmp makes the directory for workspaces, unless there is one.
func makeTmp(tmp string) error {
	if _, err := os.Stat(tmp); err == nil {
		return nil
	}
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return fmt.Errorf("make the directory for workspaces: %w", err)
	}
	spread(tmp) // it is ours; others' directories are left as they are
	return nil
}

// sweep removes from tmp the workspaces of stagers that were killed. A live stager, in this process or another one, holds the
// lock on each of its workspaces, so several may share tmp. The pid in the name would not do: pids are used again, and in a
// container every stager is pid 1.
//
// Other programs' mktmpdir makes the same names, and tmp may be /tmp: what does not look like a workspace on the inside
// is left alone. The original wiped all of tmp.
func sweep(tmp string, log *slog.Logger) error {
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return fmt.Errorf("look for abandoned workspaces: %w", err)
	}
	name := regexp.MustCompile(`^d\d{8}-(\d+)-[0-9a-z]+$`)
	for _, e := range entries {
		m := name.FindStringSubmatch(e.Name())
		if m == nil || !e.IsDir() {
			continue
		}
		pid, _ := strconv.Atoi(m[1]) // digits; of a number that is too large no process can be alive
		dir := filepath.Join(tmp, e.Name())
		removed, err := sweepOne(dir, pid)
		switch {
		case err != nil:
			log.Warn("abandoned workspace stays", "dir", dir, "error", err)
		case removed:
			log.Info("abandoned workspace removed", "dir", dir)
		}
	}
	return nil
}

// sweepOne removes dir if it is the workspace of a stager that is gone.
func sweepOne(dir string, pid int) (removed bool, err error) {
	lock, err := lockDir(dir)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
		return false, nil // at work, or just finished
	}
	if err != nil {
		return false, err
	}
	defer lock.Close()
	entries, err := lock.ReadDir(-1)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // finished between the opening and the lock
	}
	if err != nil {
		return false, err
	}
	if !looksLikeWorkspace(entries, pid) {
		return false, nil
	}
	return true, errors.Join(endStrays(dir), removeTree(dir))
}

// looksLikeWorkspace reports whether these are the files of a workspace and nothing else. An empty directory was perhaps
// made by another program a moment ago; it counts when that program is gone.
func looksLikeWorkspace(entries []os.DirEntry, pid int) bool {
	for _, e := range entries {
		switch e.Name() {
		case appZip, unstaged, staged, scratch, dropletTgz:
		default:
			return false
		}
	}
	return len(entries) > 0 || pid == os.Getpid() || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
