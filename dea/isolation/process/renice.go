package process

import (
	"context"
	"errors"
	"os"
	"strconv"
	"syscall"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/cgroup"
	"github.com/minicf/minicf/internal/procfs"
)

var _ isolation.Nicer = (*container)(nil)

// Renice implements isolation.Nicer for every process that is alive now; what these start inherits it.
func (c *container) Renice(ctx context.Context, nice int) error {
	if c.family.group != nil && c.backend.opts.Groups.Has(cgroup.CPU) {
		return errors.ErrUnsupported
	}
	_, members, err := c.measurable(ctx)
	for _, p := range members {
		for _, thread := range threads(p.pid) {
			if e := syscall.Setpriority(syscall.PRIO_PROCESS, thread, nice); !errors.Is(e, syscall.ESRCH) {
				err = errors.Join(err, e)
			}
		}
	}
	return err
}

// threads of a process: Linux gives each a priority of its own, other systems give one to all.
func threads(pid int) []int {
	entries, err := os.ReadDir(procfs.File(pid, "task"))
	if err != nil {
		return []int{pid}
	}
	var all []int
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			all = append(all, id)
		}
	}
	return all
}
