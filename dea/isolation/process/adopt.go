package process

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/procfs"
)

// lookInterval is how often the process table is read for adopted processes where the system does not tell of their end.
const lookInterval = time.Second

// Adopt implements isolation.Backend. The startup script must still be the process that h names, by its id and its start time, and not have another
// instance's id in its environment. Only its parent could be told its exit status, and the parent is gone.
func (b *Backend) Adopt(ctx context.Context, h isolation.Handle, s isolation.Spec) (isolation.Container, error) {
	f, err := newFamily(h)
	if err != nil {
		return nil, fmt.Errorf("adopt %s: %w", h.Dir, err)
	}
	end := watchEnd(h.PID) // first, so that it is of the very process that is looked at next
	if !b.is(ctx, h) {
		end.release()
		return nil, fmt.Errorf("adopt %s: %w", h.Dir, isolation.ErrGone)
	}
	if env := environOf(h.PID); env != nil {
		s.Env = env
	}
	f.group = b.opts.Groups.Open(h.ID)
	c := &container{backend: b, spec: s, handle: h, family: f, done: make(chan struct{})}
	b.running.Add(1)
	go c.awaitEnd(context.WithoutCancel(ctx), end)
	return c, nil
}

// is reports whether the process that h names is alive.
func (b *Backend) is(ctx context.Context, h isolation.Handle) bool {
	now, err := b.look(ctx, time.Now())
	if err != nil {
		return false
	}
	return slices.ContainsFunc(now.processes, func(p process) bool {
		return p.pid == h.PID && p.start == h.Start && h.Start != 0 && !p.dead && (p.id == "" || p.id == h.ID)
	})
}

// awaitEnd is wait for a process that is nobody's child here.
func (c *container) awaitEnd(ctx context.Context, end processEnd) {
	defer close(c.done)
	defer end.release()
	if !end.await() {
		for c.backend.is(ctx, c.handle) {
			time.Sleep(lookInterval)
		}
	}
	most, _ := c.family.group.Killed()
	c.exit = isolation.Exit{Status: -1, Reason: "an exit status that only an earlier DEA was told", OverMemoryKB: most}
}

// environOf is the environment with which a process was executed; nil where the system does not tell.
func environOf(pid int) []string {
	text, err := os.ReadFile(procfs.File(pid, "environ"))
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
