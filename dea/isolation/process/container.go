package process

import (
	"context"
	"os/exec"
	"sync"
	"time"

	"github.com/minicf/minicf/dea/isolation"
)

var _ isolation.Container = (*container)(nil)

// execTime is more than the system takes to execute a program.
const execTime = 2 * time.Millisecond

// container is a started instance.
type container struct {
	backend *Backend
	spec    isolation.Spec
	handle  isolation.Handle
	family  *family
	cmd     *exec.Cmd // nil when it was adopted
	stderr  *tail
	meter   meter
	disk    disk

	done chan struct{}
	exit isolation.Exit // written before done is closed

	stopping sync.Mutex // held by Stop, so that there is one at a time
	closed   sync.Once
}

// Handle implements isolation.Container.
func (c *container) Handle() isolation.Handle { return c.handle }

// Done implements isolation.Container. Processes that startup left behind do not delay it.
func (c *container) Done() <-chan struct{} { return c.done }

// Exit implements isolation.Container. Before startup has ended it is empty.
func (c *container) Exit() isolation.Exit {
	select {
	case <-c.done:
		return c.exit
	default:
		return isolation.Exit{}
	}
}

// Stop implements isolation.Container. It takes at most 4 seconds, the stop script (2 s), a grace time after TERM (1 s) and KILL together.
// When ctx ends its patience does, not its work: what is left gets KILL at once. Where nothing is alive nothing is run.
func (c *container) Stop(ctx context.Context) error {
	c.stopping.Lock()
	defer c.stopping.Unlock()
	members, err := c.members(context.WithoutCancel(ctx))
	if err != nil {
		c.killBlindly()
		return err
	}
	if len(members) > 0 {
		c.runStopScript(ctx, members)
	}
	if err := c.backend.end(ctx, c.family); err != nil {
		return err
	}
	<-c.done // startup is dead, so this is only its being waited for
	c.close()
	return nil
}

// close gives back what the container held, once.
func (c *container) close() {
	c.closed.Do(func() {
		c.backend.running.Add(-1)
		c.stderr.close()
		c.backend.removeGroup(c.family.group)
	})
}

// wait ends when startup does, whatever else of the family goes on.
func (c *container) wait(ctx context.Context) {
	defer close(c.done)
	// The error repeats what the state says: there is no pipe whose copying could fail.
	_ = c.cmd.Wait()
	state := c.cmd.ProcessState
	most, _ := c.family.group.Killed()
	c.exit = isolation.Exit{Status: state.ExitCode(), Reason: state.String(), Stderr: c.stderr.read(), OverMemoryKB: most}
	if now, err := c.backend.look(ctx, time.Now()); err == nil {
		c.family.leaderEnded(now)
	}
}

// members returns what is alive of the family. One look is not enough to say that nothing is: a process that executes a program at that very
// moment has no environment to tell whose it is.
func (c *container) members(ctx context.Context) ([]process, error) {
	now, err := c.backend.look(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	if found := c.family.find(now); len(found) > 0 {
		return found, nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(execTime):
	}
	if now, err = c.backend.look(ctx, time.Now()); err != nil {
		return nil, err
	}
	return c.family.find(now), nil
}
