package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/procfs"
)

// canLimit says whether limit does anything.
const canLimit = true

// limit sets what rlimits can express, for startup and all that it starts from now on, and for what it has started already: on a busy machine it
// may have been quicker. Each process is limited before its children are looked for, so that none is missed but a daemon that has already left its
// parent.
func limit(pid int, l isolation.Limits) error {
	if err := limitOne(pid, l); err != nil {
		return err
	}
	for _, child := range childrenOf(pid) {
		if err := limit(child, l); err != nil {
			return err
		}
	}
	return nil
}

// childrenOf reads the children of a process from /proc. A kernel that does not tell them, or a process that has ended, has none.
func childrenOf(pid int) (children []int) {
	lists, _ := filepath.Glob(procfs.File(pid, "task/*/children")) // the only error is of the pattern
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}

func limitOne(pid int, l isolation.Limits) error {
	for _, r := range []struct {
		resource, n int
		what        string
	}{
		{unix.RLIMIT_NOFILE, l.FDs, "open files"},
		{unix.RLIMIT_NPROC, l.UserProcesses, "processes of the user"},
		{unix.RLIMIT_FSIZE, l.FileMB << 20, "bytes in a file"},
	} {
		if err := limitTo(pid, r.resource, r.n); err != nil {
			return fmt.Errorf("%d %s: %w", r.n, r.what, err)
		}
	}
	return nil
}

// limitTo lowers one limit, never above what the DEA itself may have.
func limitTo(pid, resource, n int) error {
	if n <= 0 {
		return nil
	}
	var old unix.Rlimit
	err := unix.Prlimit(pid, resource, nil, &old)
	if err == nil {
		want := min(uint64(n), old.Max)
		err = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: want, Max: want}, nil)
	}
	if errors.Is(err, unix.ESRCH) {
		return nil // it has ended already
	}
	return err
}
