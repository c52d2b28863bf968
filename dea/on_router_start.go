package dea

import "github.com/minicf/minicf/protocol"

// onRouterStart registers the routes of all running instances again (router.start), for a router
// that has just started or is about to forget them: it does so after 120 s, and asks every 30 s.
func (d *DEA) onRouterStart(protocol.Ignored) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, in := range d.registry.in(protocol.Running) {
		d.register(in)
	}
}
