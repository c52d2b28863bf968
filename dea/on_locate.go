package dea

import "github.com/minicf/minicf/protocol"

// onLocate advertises at once (dea.locate), for a cloud controller that has just started.
func (d *DEA) onLocate(protocol.Ignored) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advertise()
}
