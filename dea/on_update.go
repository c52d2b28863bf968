package dea

import (
	"slices"

	"github.com/minicf/minicf/protocol"
)

// onUpdate gives the instances of an app other URIs (dea.update).
//
// In 2012 it also registered crashed instances and those that still started, and sent both messages even when
// there was nothing to add or to remove.
func (d *DEA) onUpdate(r protocol.UpdateRequest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return
	}
	for _, in := range d.registry.match(protocol.Selection{Droplet: r.Droplet}) {
		d.reroute(in, r.URIs)
	}
}

// reroute changes an instance's URIs. The new ones are added before the old ones are removed, so that the app is never
// without a route. The caller holds DEA.mu.
func (d *DEA) reroute(in *instance, uris []string) {
	added, removed := less(uris, in.uris), less(in.uris, uris)
	in.uris = slices.Clone(uris)
	d.changed()
	if in.state != protocol.Running {
		return
	}
	if in.port == 0 && len(uris) > 0 {
		in.log.Info("instance has no port, its URIs hold from its next start")
		return
	}
	d.addRoutes(in, added)
	d.removeRoutes(in, removed)
}
