package dea

import (
	"slices"

	"github.com/minicf/minicf/protocol"
)

// What the router hears of an instance. All of it wants DEA.mu held.

// register makes the router send the requests for all of the instance's URIs to its port.
func (d *DEA) register(in *instance) { d.addRoutes(in, in.uris) }

// unregister ends that. It comes before droplet.exited, so that nobody is sent to a dead instance
// because a new one was started.
func (d *DEA) unregister(in *instance) { d.removeRoutes(in, in.uris) }

// addRoutes registers some URIs. An instance that was started without any has no port, and no
// router could reach it.
func (d *DEA) addRoutes(in *instance, uris []string) {
	if len(uris) == 0 || in.port == 0 {
		return
	}
	r := d.route(in, uris)
	framework, runtime := in.request.Framework, in.request.RuntimeInfo.Name
	r.Tags = map[string]*string{"framework": word(framework), "runtime": word(runtime)}
	r.PrivateInstanceID = in.private
	say(d, protocol.RouterRegister, r)
}

// removeRoutes unregisters some URIs. An instance that fails before it gets a port says so of port null, as in 2012.
func (d *DEA) removeRoutes(in *instance, uris []string) {
	if len(uris) > 0 {
		say(d, protocol.RouterUnregister, d.route(in, uris))
	}
}

func (d *DEA) route(in *instance, uris []string) protocol.Route {
	r := protocol.Route{DEA: d.id, App: in.request.Droplet, Host: d.ip, URIs: uris}
	if in.port != 0 {
		port := protocol.Int(in.port)
		r.Port = &port
	}
	return r
}

// less returns the URIs of all that are not in other, each once.
func less(all, other []string) []string {
	var left []string
	for _, uri := range all {
		if !slices.Contains(other, uri) && !slices.Contains(left, uri) {
			left = append(left, uri)
		}
	}
	return left
}
