package dea

import (
	"errors"
	"fmt"
	"strings"

	"github.com/minicf/minicf/dea/isolation"
)

// The limits of an instance hold in every mode. Memory, disk and the number of processes are measured, whatever the isolation
// does besides; in 2012 only a DEA of root's (secure: true) looked. No rlimit can take their place: that of the address space
// (ulimit -v, 3 GB then) kills the Java and Node of today, and that of processes counts all that the user runs.

// With enforce_ulimit, as in 2012.
const (
	ulimitProcesses = 512     // of the user
	mostFileMB      = 1 << 10 // in one file; else twice the disk limit
)

// Shares of a busy machine's cores go by memory, as with the second DEA: an instance of 256 MB has as much as any other program.
const (
	sharesPerMB = 4
	leastShares = 128
	mostShares  = 8192
)

// isolationLimits are what the backend is told; what it can hold the instance to is its own affair.
func (d *DEA) isolationLimits(in *instance) isolation.Limits {
	l := isolation.Limits{
		MemoryMB: in.memory, DiskMB: in.disk, FDs: in.fds, Processes: d.cfg.MaxProcesses,
		CPUShares: min(max(in.memory*sharesPerMB, leastShares), mostShares),
	}
	if d.cfg.EnforceUlimit {
		l.UserProcesses, l.FileMB = ulimitProcesses, min(2*in.disk, mostFileMB)
	}
	return l
}

// exceeded tells, in the words of 2012, which limits an instance exceeds: two lines for each.
func exceeded(l isolation.Limits, u isolation.Usage) []string {
	var lines []string
	for _, c := range []struct {
		name, unit       string
		limit, use, size int64
	}{
		{"Memory", "M", int64(l.MemoryMB) << 20, u.MemoryKB << 10, 1 << 20},
		{"Disk usage", "M", int64(l.DiskMB) << 20, u.DiskB, 1 << 20},
		{"Process", "", int64(l.Processes), int64(u.Processes), 1},
	} {
		if c.limit > 0 && c.use > c.limit {
			lines = append(lines,
				fmt.Sprintf("%s limit of %d%s exceeded.", c.name, c.limit/c.size, c.unit),
				fmt.Sprintf("Actual usage was %d%s, process terminated.", c.use/c.size, c.unit))
		}
	}
	return lines
}

// overMemory tells what an instance has exceeded that the system ended before the DEA could see it.
func (d *DEA) overMemory(in *instance) []string {
	if in.container == nil {
		return nil
	}
	return exceeded(d.isolationLimits(in), isolation.Usage{MemoryKB: in.container.Exit().OverMemoryKB})
}

// terminate ends an instance that uses more than it may; for everybody but its own log it crashes.
func (d *DEA) terminate(in *instance, lines []string) { in.cancel(d.tellExcess(in, lines)) }

// tellExcess writes into an instance's own log why it ends, and returns it as an error.
func (d *DEA) tellExcess(in *instance, lines []string) error {
	if err := appendFatal(in.dir, lines); err != nil {
		in.log.Warn("err.log of the instance was not written", "error", err)
	}
	return errors.New(strings.Join(lines, " "))
}
