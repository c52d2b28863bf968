package healthmanager

import (
	"time"

	"github.com/minicf/minicf/protocol"
)

// mine says whether a message is about this controller's apps. None at all means the default one.
func (m *Manager) mine(partition *string) bool {
	if partition == nil {
		return m.cfg.CCPartition == protocol.DefaultPartition
	}
	return *partition == m.cfg.CCPartition
}

// appOf returns what is known of an app, which may be nothing yet. The caller holds the mutex.
func (m *Manager) appOf(id protocol.ID, now time.Time) *app {
	a := m.apps[id]
	if a == nil {
		a = newApp(id, now)
		m.apps[id] = a
	}
	return a
}

// onHeartbeat takes up which instances a DEA has. Only what is new may need something.
func (m *Manager) onHeartbeat(h protocol.Heartbeat) {
	m.figures.heartbeats.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for _, e := range h.Droplets {
		if !m.mine(e.CCPartition) || e.Droplet == "" {
			continue
		}
		a := m.appOf(e.Droplet, now)
		if a.beat(e, h.DEA, now) {
			m.judge(a, now)
		}
	}
}

// onExited takes up that an instance is gone, and at once asks for another one if that is wanted.
func (m *Manager) onExited(e protocol.Exited) {
	m.figures.exits.Add(1)
	if !m.mine(e.CCPartition) || e.Droplet == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	a := m.appOf(e.Droplet, now)
	a.exit(e, m.rules, now)
	m.tellFlapping(a, e)
	m.judge(a, now)
}

// tellFlapping says what will become of an instance that has crashed more than once.
func (m *Manager) tellFlapping(a *app, e protocol.Exited) {
	s := a.slots[place{e.Version, int(e.Index)}]
	if s == nil || e.Reason != protocol.ExitCrashed || !a.wish.known() || !m.rules.flaps(s.crashes) {
		return
	}
	if m.rules.givesUp(s.crashes) {
		m.log.Warn("giving up on an instance that crashes again and again", "app_id", a.id, "index", e.Index, "crashes", s.crashes)
		return
	}
	m.log.Info("instance is flapping", "app_id", a.id, "index", e.Index, "crashes", s.crashes, "next_try", time.Until(s.due).Round(time.Second))
}

// onUpdated hears that a record has changed: nothing is done about the app until the new one was read.
func (m *Manager) onUpdated(u protocol.Updated) {
	m.figures.updates.Add(1)
	if !m.mine(u.CCPartition) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	a := m.appOf(u.Droplet, now)
	a.stale, a.reset = now, now
	poke(m.dirty)
}
