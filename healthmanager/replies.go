package healthmanager

import (
	"cmp"
	"slices"

	"github.com/minicf/minicf/protocol"
)

// onStatus answers which indices are flapping, or which instances have crashed, of an app that the controller knows.
func (m *Manager) onStatus(r protocol.HealthStatusRequest, reply func(protocol.HealthStatusReply)) {
	m.figures.statuses.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.apps[r.Droplet]
	if a == nil || !a.wish.known() {
		return
	}
	switch r.State {
	case protocol.Flapping:
		reply(protocol.HealthStatusReply{Indices: a.flapping(m.rules, r.Version)})
	case protocol.Crashed:
		reply(protocol.HealthStatusReply{Instances: a.crashed()})
	}
}

// flapping are the indices of a version that crash again and again and do not run just now.
func (a *app) flapping(r rules, version protocol.Text) []protocol.FlappingIndex {
	alive := a.alive()
	all := []protocol.FlappingIndex{}
	for at, s := range a.slots {
		if at.version == version && r.flaps(s.crashes) && alive[at] == nil {
			all = append(all, protocol.FlappingIndex{Index: protocol.Int(at.index), Since: s.crashed.Unix()})
		}
	}
	slices.SortFunc(all, func(a, b protocol.FlappingIndex) int { return cmp.Compare(a.Index, b.Index) })
	return all
}

func (a *app) crashed() []protocol.CrashedInstance {
	all := []protocol.CrashedInstance{}
	for id, c := range a.crashes {
		all = append(all, protocol.CrashedInstance{Instance: id, Since: c.since})
	}
	slices.SortFunc(all, func(a, b protocol.CrashedInstance) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.Instance, b.Instance))
	})
	return all
}

// alive is for each place the instance that has it.
func (a *app) alive() map[place]*instance {
	all := map[place]*instance{}
	for _, in := range byAge(a.instances) {
		if all[in.at] == nil {
			all[in.at] = in
		}
	}
	return all
}

// onHealth answers how many wanted instances of each app run.
func (m *Manager) onHealth(r protocol.HealthRequest, reply func(protocol.HealthReply)) {
	m.figures.healths.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range r.Droplets {
		if a := m.apps[d.Droplet]; a != nil && a.wish.known() {
			reply(protocol.HealthReply{Droplet: a.id, Version: d.Version, Healthy: a.healthy(d.Version)})
		}
	}
}

// healthy is how many of the wanted indices have a running instance of a version.
func (a *app) healthy(version protocol.Text) int {
	n := 0
	for at, in := range a.alive() {
		if at.version == version && at.index >= 0 && at.index < a.wish.instances && in.state == protocol.Running {
			n++
		}
	}
	return n
}

// onDroplet answers all that is known of apps, the controller's or not.
func (m *Manager) onDroplet(r protocol.HealthRequest, reply func(protocol.HealthDump)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range r.Droplets {
		if a := m.apps[d.Droplet]; a != nil {
			reply(a.dump(m.rules))
		}
	}
}

func (a *app) dump(r rules) protocol.HealthDump {
	d := protocol.HealthDump{
		Droplet: a.id, Known: a.wish.known(), State: a.wish.state, Version: a.wish.version, Instances: a.wish.instances,
		Indices: []protocol.IndexDump{}, Extra: []protocol.InstanceDump{},
	}
	alive := a.alive()
	for index := range a.wish.wanted() {
		d.Indices = append(d.Indices, a.dumpIndex(r, alive, index))
	}
	for _, in := range byAge(a.instances) {
		if in.at.version != a.wish.version || in.at.index >= a.wish.wanted() || alive[in.at] != in {
			d.Extra = append(d.Extra, protocol.InstanceDump{Instance: in.id, Version: in.at.version, Index: in.at.index, DEA: in.dea})
		}
	}
	return d
}

func (a *app) dumpIndex(r rules, alive map[place]*instance, index int) protocol.IndexDump {
	at := place{a.wish.version, index}
	d := protocol.IndexDump{Index: index, State: protocol.Down}
	s := a.slots[at]
	if s != nil {
		d.Crashes = s.crashes
	}
	switch in := alive[at]; {
	case in != nil:
		d.State, d.Instance = in.state, in.id
	case s != nil && r.flaps(s.crashes):
		d.State = protocol.Flapping
	}
	if alive[at] == nil && s != nil && !r.givesUp(s.crashes) {
		d.NextTry = s.due.Unix()
	}
	return d
}

// varz are the figures of 2012, and how many apps are nobody's.
func (m *Manager) varz() map[string]any {
	m.mu.Lock()
	defer m.mu.Unlock()
	apps, wanted, running, crashed, unknown := 0, 0, 0, 0, 0
	frameworks, runtimes := map[string]int{}, map[string]int{}
	for _, a := range m.apps {
		crashed += len(a.crashes)
		if !a.wish.known() {
			unknown++
			continue
		}
		apps++
		wanted += a.wish.wanted()
		running += a.healthy(a.wish.version)
		frameworks[a.wish.framework]++
		runtimes[a.wish.runtime]++
	}
	if !m.done {
		running = -1
	}
	return map[string]any{
		"total_apps": apps, "total_users": 0, "total_instances": wanted, "running_instances": running, "down_instances": wanted - max(running, 0),
		"crashed_instances": crashed, "unknown_apps": unknown, "queue_length": m.queue.length(),
		"total":                                      map[string]any{"frameworks": frameworks, "runtimes": runtimes},
		"heartbeat_msgs_received":                    m.figures.heartbeats.Load(),
		"droplet_exited_msgs_received":               m.figures.exits.Load(),
		"droplet_updated_msgs_received":              m.figures.updates.Load(),
		"healthmanager_status_msgs_received":         m.figures.statuses.Load(),
		"healthmanager_health_request_msgs_received": m.figures.healths.Load(),
		"instances_start_requested":                  m.figures.starts.Load(),
		"instances_stop_requested":                   m.figures.stops.Load(),
	}
}
