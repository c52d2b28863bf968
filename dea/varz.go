package dea

import (
	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/protocol"
)

// runningApp is an instance in /varz: its record, and what it uses.
type runningApp struct {
	record
	Usage   *protocol.Usage  `json:"usage,omitempty"`
	History []protocol.Usage `json:"usage_history"` // of the last minute, the newest last; in 2012 it was kept and shown to nobody
}

func (d *DEA) runningApp(in *instance) runningApp {
	r := runningApp{record: d.record(in), Usage: d.status(in).Usage, History: []protocol.Usage{}}
	for _, u := range in.usage {
		r.History = append(r.History, wireUsage(u))
	}
	return r
}

// share is what all instances of one framework or runtime use together.
type share struct {
	UsedMemory     int64   `json:"used_memory"`     // KB
	ReservedMemory int64   `json:"reserved_memory"` // KB
	UsedDisk       int64   `json:"used_disk"`       // bytes
	UsedCPU        float64 `json:"used_cpu"`        // percent of one core
}

func (s *share) add(in *instance) {
	s.ReservedMemory += int64(in.memory) << 10
	if u := in.usage.last(); u != nil {
		s.UsedMemory += u.MemoryKB
		s.UsedDisk += u.DiskB
		s.UsedCPU += u.CPU
	}
}

// varz are the DEA's figures in /varz.
func (d *DEA) varz() map[string]any {
	d.mu.Lock()
	defer d.mu.Unlock()
	running := []runningApp{}
	frameworks, runtimes := map[string]*share{}, map[string]*share{}
	for _, in := range d.registry.live() {
		if in.container == nil {
			continue
		}
		running = append(running, d.runningApp(in))
		count(frameworks, in.request.Framework, in)
		count(runtimes, in.request.RuntimeInfo.Name, in)
	}
	figures := map[string]any{
		"apps_max_memory": d.room.maxMemory, "apps_reserved_memory": d.room.reserved, "apps_used_memory": d.usedKB() / 1024,
		"num_apps": d.room.clients, "running_apps": running, "frameworks": frameworks, "runtimes": runtimes,
	}
	if p, ok := d.backend.(isolation.Protector); ok {
		figures["isolation"] = map[string]any{"backend": d.backend.Name(), "protections": p.Protections()}
	}
	if d.stopping {
		figures["state"] = shuttingDown
	}
	return figures
}

func count(by map[string]*share, name string, in *instance) {
	if by[name] == nil {
		by[name] = &share{}
	}
	by[name].add(in)
}
