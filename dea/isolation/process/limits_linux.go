package process

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minicf/minicf/dea/isolation"
)

// canLimit says whether limit does anything.
const canLimit = true

// limit sets what rlimits can express. Startup has only just been executed; what it starts from now on inherits them.
func limit(pid int, l isolation.Limits) error {
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
