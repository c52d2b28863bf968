package dea

import "github.com/minicf/minicf/protocol"

// onDropletStatus answers with the figures of each instance that starts or runs (droplet.status).
func (d *DEA) onDropletStatus(_ protocol.Ignored, reply func(protocol.InstanceStatus)) {
	d.mu.Lock()
	var all []protocol.InstanceStatus
	if !d.stopping {
		for _, in := range d.registry.live() {
			all = append(all, d.status(in))
		}
	}
	d.mu.Unlock()
	for _, s := range all {
		reply(s)
	}
}
