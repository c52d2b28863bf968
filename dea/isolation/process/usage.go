package process

import (
	"context"
	"sync"
	"time"

	"github.com/minicf/minicf/dea/isolation"
)

// freshEnough is how old a process table may be to measure by: a DEA that measures all its instances in a row reads it once.
const freshEnough = 500 * time.Millisecond

// Usage implements isolation.Container, for the whole family. CPU may exceed 100 on several cores, and counts from the start of the
// instance the first time. MemoryKB is the sum of all resident sets: pages that processes share count for each, as in ps.
// DiskB is what du says: blocks of 512 bytes, hard links once; it may be a little old where the directory is large.
func (c *container) Usage(ctx context.Context) (isolation.Usage, error) {
	c.stderr.trim()
	at, members, err := c.measurable(ctx)
	if err != nil {
		return isolation.Usage{}, err
	}
	if len(members) == 0 {
		return isolation.Usage{}, isolation.ErrGone
	}
	usage := isolation.Usage{At: at, DiskB: c.disk.used(ctx, c.spec.Dir, int(c.backend.running.Load())), Processes: len(members)}
	var cpu time.Duration
	for _, p := range members {
		usage.MemoryKB += p.memoryKB
		cpu += p.cpu
	}
	if c.family.group != nil {
		usage.MemoryKB = c.gather(members, usage.MemoryKB)
	}
	usage.CPU = c.meter.percent(cpu, at)
	return usage, nil
}

// measurable returns the members as they were a moment ago. A glance may be older than the instance, or miss a process that was just
// executed: whether nothing is alive takes a better look.
func (c *container) measurable(ctx context.Context) (at time.Time, members []process, err error) {
	now, err := c.backend.glance(ctx)
	if err != nil {
		return time.Time{}, nil, err
	}
	if members = c.family.find(now); len(members) > 0 {
		return now.at, members, nil
	}
	at = time.Now()
	members, err = c.members(ctx)
	return at, members, err
}

// shortest is the span below which CPU time, counted in hundredths of a second, gives no percentage worth telling.
const shortest = 100 * time.Millisecond

// meter turns used CPU time into percent of one core since the time before.
type meter struct {
	mu   sync.Mutex
	at   time.Time // of the last measurement, at first of the start; zero when that was another DEA's
	used time.Duration
	last float64
}

func (m *meter) percent(used time.Duration, at time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at.IsZero() {
		m.at, m.used = at, used
	}
	span := at.Sub(m.at)
	if span < shortest {
		return m.last
	}
	// A process whose parent did not wait for it takes its time along: less than before is nothing.
	m.last = 100 * float64(max(0, used-m.used)) / float64(span)
	m.at, m.used = at, used
	return m.last
}
