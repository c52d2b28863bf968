package dea

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/protocol"
)

// sweepLimit is how long the processes of an earlier DEA may take to go; then they are killed at
// once.
const sweepLimit = 5 * time.Second

// legacy is an instance of an earlier DEA that was killed.
type legacy struct {
	record
	in   *instance
	kept bool // by this DEA: it runs on, or is a crash to look at
}

// recover takes over what an earlier DEA that was killed left behind. What still runs is adopted,
// with its id, its port and its memory. What does not, or cannot be told for sure, is swept: its
// processes are ended, and its directory goes, too, unless it is a crash to look at.
//
// Nothing is written or said yet: a DEA that is killed now leaves the same to the next one.
func (d *DEA) recover(ctx context.Context) {
	left := d.legacies()
	known := map[string]bool{} // directories
	limited, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	var wg sync.WaitGroup
	for _, l := range left {
		known[l.Dir] = true
		wg.Go(func() { d.inherit(limited, l) })
	}
	d.sweepUnknown(limited, known, &wg)
	wg.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range left {
		d.enlist(ctx, l)
	}
	if n := len(d.registry.all); n > 0 {
		d.log.Info(fmt.Sprintf("DEA recovered %d applications", n))
	}
	d.recall(left)
}

// legacies reads what the last DEA wrote down, oldest first.
func (d *DEA) legacies() []*legacy {
	all, err := d.snapshot.load()
	if err != nil {
		d.log.Warn("snapshot of the last DEA cannot be read", "error", err)
	}
	var left []*legacy
	for _, app := range all {
		for _, r := range app {
			left = append(left, &legacy{record: r, in: r.instance(d.log)})
		}
	}
	slices.SortFunc(left, func(a, b *legacy) int { return cmp.Compare(a.StateTimestamp, b.StateTimestamp) })
	return left
}

// inherit decides on one instance.
func (d *DEA) inherit(ctx context.Context, l *legacy) {
	ours := l.Dir == filepath.Join(d.paths.apps, l.in.dirName()) // a snapshot does not decide what is adopted or deleted elsewhere
	if ours && l.lived() && d.adopt(ctx, l) {
		l.in.log.Info("instance of the last DEA is adopted", "pid", l.in.container.Handle().PID, "port", l.in.port)
		return
	}
	l.in.log.Warn("instance of the last DEA is swept", "dir", l.Dir)
	d.sweep(ctx, l.handle())
	l.in.ended = true
	if l.kept = ours && l.retained(); !l.kept && ours {
		d.removeDir(l.Dir)
	}
}

// lived reports whether the instance ran, or was about to, and nobody wanted it to end.
func (l *legacy) lived() bool {
	return (l.State == protocol.Starting || l.State == protocol.Running) && !l.Evacuated
}

// retained reports whether the instance is a crash, of then or of meanwhile, that can be looked at.
func (l *legacy) retained() bool {
	if l.Staged == "" || l.Flapping || !l.lived() && l.State != protocol.Crashed {
		return false
	}
	info, err := os.Stat(l.Dir)
	return err == nil && info.IsDir()
}

// handle finds the processes of the instance, by its id and directory if nothing better was written down.
func (l *legacy) handle() isolation.Handle {
	h := isolation.Handle{Dir: l.Dir}
	if l.Handle != nil {
		h = *l.Handle
	}
	h.ID, h.Dir = l.InstanceID, l.Dir
	return h
}

// adopt takes over an instance whose processes run.
func (d *DEA) adopt(ctx context.Context, l *legacy) bool {
	if l.Handle == nil {
		return false // it had not been launched, or a moment ago
	}
	spec := isolation.Spec{
		ID: l.in.id, Dir: l.Dir, Limits: d.isolationLimits(l.in),
		// Of the rest nobody knows where the system does not tell.
		Env: []string{"HOME=" + l.Dir, "PATH=" + standardPath, isolation.IDVariable + "=" + l.in.id},
	}
	c, err := d.backend.Adopt(ctx, l.handle(), spec)
	if err != nil {
		l.in.log.Debug("instance cannot be adopted", "error", err)
		return false
	}
	l.in.container, l.kept = c, true
	return true
}

// sweepUnknown ends and removes what is in no record: a DEA was killed between making a directory and writing that
// down, or between forgetting an instance and removing its directory.
func (d *DEA) sweepUnknown(ctx context.Context, known map[string]bool, wg *sync.WaitGroup) {
	dirs, err := os.ReadDir(d.paths.apps)
	if err != nil {
		d.log.Warn("directories of the last DEA cannot be listed", "error", err)
	}
	for _, entry := range dirs {
		dir := filepath.Join(d.paths.apps, entry.Name())
		if known[dir] {
			continue
		}
		d.log.Warn(fmt.Sprintf("Removing instance dir '%s', doesn't correspond to any instance entry.", dir))
		wg.Go(func() {
			d.sweep(ctx, isolation.Handle{ID: idIn(entry.Name()), Dir: dir})
			d.removeDir(dir)
		})
	}
}

func (d *DEA) sweep(ctx context.Context, h isolation.Handle) {
	if err := d.backend.Sweep(ctx, h); err != nil {
		d.log.Error("instance of the last DEA was not stopped", "dir", h.Dir, "error", err)
	}
}

// enlist makes an instance that is kept this DEA's own. The caller holds DEA.mu.
func (d *DEA) enlist(ctx context.Context, l *legacy) {
	if !l.kept {
		return
	}
	d.registry.add(l.in)
	if l.in.container == nil {
		l.in.retain = true
		return
	}
	d.room.take(l.in)
	ctx, l.in.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	d.adopted = append(d.adopted, func() {
		defer l.in.cancel(nil)
		d.resume(ctx, l.in)
	})
}

// recall tells what became of the last DEA's instances. The caller holds DEA.mu.
func (d *DEA) recall(left []*legacy) {
	if len(d.adopted) > 0 {
		d.advertise()
	}
	for _, l := range left {
		if l.in.container != nil && l.in.state == protocol.Running {
			d.register(l.in)
		}
	}
	for _, l := range left {
		if l.in.container == nil {
			d.mourn(l)
		}
	}
	d.changed()
}

// goOn lets the lives of the adopted instances go on, each in its own goroutine as if it had been started here.
func (d *DEA) goOn() {
	for _, live := range d.adopted {
		d.work.Go(live)
	}
	d.adopted = nil
}

// mourn says what the last DEA would have said of an instance that is gone, had it not been killed. It may have
// said so: twice is better than never. The caller holds DEA.mu.
func (d *DEA) mourn(l *legacy) {
	switch {
	case l.Notified, l.State == protocol.Deleted:
	case l.lived():
		d.move(l.in, protocol.Crashed, protocol.ExitCrashed)
	default: // it was on its way out, or evacuated
		l.in.evacuated = false
		d.unregister(l.in)
		d.tellExit(l.in)
	}
}
