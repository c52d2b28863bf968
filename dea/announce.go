package dea

import (
	"time"

	"github.com/minicf/minicf/protocol"
)

// What a DEA says unasked. All of these want DEA.mu held: the order of messages is the order of
// what happened.

// hello introduces this DEA; it is also the answer to dea.discover.
func (d *DEA) hello() protocol.DEAHello {
	return protocol.DEAHello{ID: d.id, IP: d.ip, Port: d.files.Port(), Version: protocol.DEAVersion}
}

// advertise tells how much room is left. A DEA that can take nothing is silent.
func (d *DEA) advertise() {
	if d.stopping || d.room.full() || d.diskFull() {
		return
	}
	say(d, protocol.DEAAdvertise, protocol.Advertisement{
		ID: d.id, AvailableMemory: d.room.available(), Runtimes: d.runtimes.names, Prod: d.cfg.Prod,
	})
}

// beat sends a heartbeat of all instances that others may know of, retained crashes included.
func (d *DEA) beat() {
	all := d.registry.known()
	if d.stopping || len(all) == 0 {
		return
	}
	d.heartbeat(all...)
}

// tellRunning is the heartbeat of one instance, so that the health manager need not wait for the
// next one.
func (d *DEA) tellRunning(in *instance) { d.heartbeat(in) }

func (d *DEA) heartbeat(instances ...*instance) {
	h := protocol.Heartbeat{DEA: d.id, Prod: d.cfg.Prod}
	for _, in := range instances {
		h.Droplets = append(h.Droplets, protocol.HeartbeatEntry{
			Droplet: in.request.Droplet, Version: in.request.Version, Instance: in.id, Index: in.request.Index,
			State: in.state, StateTimestamp: in.since.Unix(), CCPartition: in.request.CCPartition,
		})
	}
	say(d, protocol.DEAHeartbeat, h)
}

// tellExit says that an instance is gone, and why. An evacuated one was said to be gone before it was.
func (d *DEA) tellExit(in *instance) {
	if in.evacuated {
		return
	}
	e := protocol.Exited{
		Droplet: in.request.Droplet, Version: in.request.Version, Instance: in.id, Index: in.request.Index,
		Reason: in.exit, CCPartition: in.request.CCPartition,
	}
	if in.state == protocol.Crashed {
		e.CrashTimestamp = in.since.Unix()
	}
	say(d, protocol.DropletExited, e)
}

// status are an instance's figures, as droplet.status answers them.
func (d *DEA) status(in *instance) protocol.InstanceStatus {
	s := protocol.InstanceStatus{
		Name: in.request.Name, Host: d.ip, Port: in.appPort(), URIs: in.uris, Uptime: time.Since(in.start).Seconds(),
		MemQuota: int64(in.memory) << 20, DiskQuota: int64(in.disk) << 20, FDsQuota: in.fds,
	}
	if u := in.usage.last(); u != nil {
		wire := wireUsage(*u)
		s.Usage = &wire
	}
	return s
}

// word is a string on the wire, null when it is not known.
func word(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
