package process

import (
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/cgroup"
)

// removals is how often a group is tried to be removed, within half a second: who has ended counts until init, which may be busy, has waited for it.
const removals = 9

// makeGroup makes an instance's control group. Without one it is measured all the same.
func (b *Backend) makeGroup(s isolation.Spec) *cgroup.Group {
	l := s.Limits
	g, err := b.opts.Groups.Create(s.ID, cgroup.Limits{MemoryMB: l.MemoryMB, Processes: l.Processes, CPUShares: l.CPUShares})
	if err != nil {
		b.opts.Log.Warn("instance has no control group", "instance", s.ID, "error", err)
	}
	return g
}

func (b *Backend) removeGroup(g *cgroup.Group) {
	var err error
	for pause := time.Millisecond; pause < time.Millisecond<<removals; pause *= 2 {
		if err = g.Remove(); err == nil {
			return
		}
		time.Sleep(pause)
	}
	b.opts.Log.Warn("control group is not removed", "error", err)
}

// gather makes the group whole, with those who were started before it held anybody, and returns the memory of the members. Sums of resident sets count
// what processes share for each of them, and the group counts files that are only cached: what is less is nearer to the truth.
func (c *container) gather(members []process, sum int64) (memoryKB int64) {
	in := make(map[int]bool)
	for _, pid := range c.family.group.Members() {
		in[pid] = true
	}
	memoryKB = sum
	missing := false
	for _, p := range members {
		if !in[p.pid] {
			missing = true
			_ = c.family.group.Add(p.pid) // it may have ended just now
		}
	}
	if kb, ok := c.family.group.MemoryKB(); ok && !missing {
		memoryKB = min(sum, kb)
	}
	if most, killed := c.family.group.Killed(); killed {
		memoryKB = max(memoryKB, most)
	}
	return memoryKB
}

// Protections implements isolation.Protector.
func (b *Backend) Protections() []isolation.Protection {
	how := func(controller string, with, without string) string {
		if b.opts.Groups.Has(controller) {
			return with
		}
		return without
	}
	measured := "measured every few seconds"
	return []isolation.Protection{
		{Name: "memory", On: true, Detail: how(cgroup.Memory, "control group, and "+measured, measured)},
		{Name: "disk", On: true, Detail: measured},
		{Name: "processes", On: true, Detail: how(cgroup.PIDs, "control group, and "+measured, measured)},
		{Name: "open files", On: canLimit, Detail: "ulimit"},
		{Name: "cores", On: true, Detail: how(cgroup.CPU, "control group", "busy instances lose priority")},
	}
}
