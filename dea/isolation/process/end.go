package process

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"
)

const (
	graceTime = time.Second            // from TERM to KILL
	killTime  = 900 * time.Millisecond // until KILL must have worked
)

// end makes an end of a family: TERM, and KILL for who is left. It returns when nothing is alive, or with an error that says what is.
// When ctx ends there is no grace.
func (b *Backend) end(ctx context.Context, f *family) error {
	grace, cancel := context.WithTimeout(ctx, graceTime)
	defer cancel()
	left, err := b.pursue(grace, f, syscall.SIGTERM, 0)
	if err != nil || len(left) == 0 {
		return err
	}
	kill, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	left, err = b.pursue(kill, f, syscall.SIGKILL, syscall.SIGKILL)
	if err != nil || len(left) == 0 {
		return err
	}
	return errAlive(left)
}

// pursue sends a signal once, and then another (or none, 0) at each further look, until two looks in a row found nothing or patience
// is over.
func (b *Backend) pursue(patience context.Context, f *family, first, then syscall.Signal) ([]process, error) {
	work := context.WithoutCancel(patience)
	sig, calm := first, false
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		left, err := b.signal(work, f, sig)
		if err != nil || calm && len(left) == 0 {
			return left, err
		}
		sig, calm = then, len(left) == 0
		if calm {
			pause = time.Millisecond
		}
		select {
		case <-patience.Done():
			return b.signal(work, f, then)
		case <-time.After(pause):
		}
	}
}

// signal sends sig to the members that are alive now, and returns them. Signal 0 is sent to nobody.
//
// The group gets it in one go, so that an app that forks all the time cannot get out in between; those who left it get it one by one.
func (b *Backend) signal(ctx context.Context, f *family, sig syscall.Signal) ([]process, error) {
	now, err := b.look(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	members := f.find(now)
	if sig == 0 {
		return members, nil
	}
	inGroup := func(p process) bool { return p.group == f.leader }
	if i := slices.IndexFunc(members, inGroup); i >= 0 && b.still(ctx, members[i]) {
		_ = syscall.Kill(-f.leader, sig)
	}
	for _, p := range members {
		if !inGroup(p) {
			b.signalOne(ctx, p, sig)
		}
	}
	return members, nil
}

// signalOne never hits a stranger who got the id meanwhile: on Linux the handle is one process for ever (a pidfd), and only then
// the start time is compared.
func (b *Backend) signalOne(ctx context.Context, p process, sig syscall.Signal) {
	handle, err := os.FindProcess(p.pid)
	if err != nil {
		return
	}
	defer func() { _ = handle.Release() }()
	if b.still(ctx, p) {
		_ = handle.Signal(sig) // it may end just now, or not be ours to signal: the next look tells
	}
}

// still says whether p is the process that it was when the table was read.
func (b *Backend) still(ctx context.Context, p process) bool {
	start, ok := b.table.startOf(ctx, p.pid)
	return ok && start == p.start
}

// killBlindly is for when the process table cannot be read, say for lack of file descriptors: the group of a startup that was not
// waited for yet has its number to itself.
func (c *container) killBlindly() {
	if c.cmd == nil { // adopted: nobody keeps its number for it
		return
	}
	select {
	case <-c.done:
	default:
		_ = syscall.Kill(-c.handle.PID, syscall.SIGKILL)
	}
}
