package process

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minicf/minicf/dea/isolation"
)

// limit sets what rlimits can express. Startup has only just been executed; what it starts from now on inherits them.
func limit(pid int, l isolation.Limits) error {
	if err := limitTo(pid, unix.RLIMIT_NOFILE, l.FDs); err != nil {
		return fmt.Errorf("%d open files: %w", l.FDs, err)
	}
	if err := limitTo(pid, unix.RLIMIT_NPROC, l.Processes); err != nil {
		return fmt.Errorf("%d processes: %w", l.Processes, err)
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
