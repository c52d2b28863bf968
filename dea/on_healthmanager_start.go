package dea

import "github.com/minicf/minicf/protocol"

// onHealthManagerStart sends a heartbeat at once (healthmanager.start), for a health manager that
// has just started.
func (d *DEA) onHealthManagerStart(protocol.Ignored) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.beat()
}
