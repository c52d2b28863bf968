package dea

import "github.com/minicf/minicf/protocol"

// onStop stops the instances of an app that fit the filters (dea.stop). Retained crashes are
// deleted without a word. An app that has no instance here is another DEA's affair.
func (d *DEA) onStop(r protocol.StopRequest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return
	}
	for _, in := range d.registry.match(r) {
		d.stop(in, protocol.ExitStopped)
	}
}

// stop tells that an instance is gone, and makes it so: its own goroutine does the rest. The caller
// holds DEA.mu.
func (d *DEA) stop(in *instance, why protocol.ExitReason) {
	if d.move(in, protocol.Stopped, why) {
		in.log.Info("stopping instance", "reason", why)
		in.cancel(nil)
		return
	}
	if d.move(in, protocol.Deleted, "") && in.ended {
		d.forget(in)
		d.work.Go(func() { d.removeDir(in.dir) })
	}
}
