package dea

import (
	"runtime"

	"github.com/minicf/minicf/protocol"
)

// onFindDroplet answers with each instance of an app that fits the filters (dea.find.droplet): where its files can be
// looked at and, if it runs and they are asked for, its figures. Where there is none, another DEA may have it.
func (d *DEA) onFindDroplet(r protocol.FindRequest, reply func(protocol.FoundInstance)) {
	for _, found := range d.find(r) {
		reply(found)
	}
}

func (d *DEA) find(r protocol.FindRequest) []protocol.FoundInstance {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return nil
	}
	var all []protocol.FoundInstance
	for _, in := range d.registry.known() {
		if in.fits(r.Selection) {
			all = append(all, d.found(in, bool(r.IncludeStats)))
		}
	}
	return all
}

// found describes an instance. The caller holds DEA.mu.
func (d *DEA) found(in *instance, stats bool) protocol.FoundInstance {
	f := protocol.FoundInstance{
		DEA: d.id, Version: in.request.Version, Droplet: in.request.Droplet, Instance: in.id, Index: in.request.Index,
		State: in.state, StateTimestamp: in.since.Unix(), FileURI: d.files.URI(), Credentials: d.files.Credentials(),
		DebugPort: optional(in.debugPort), ConsolePort: optional(in.consolePort),
	}
	if in.staged {
		dir := in.dirName()
		f.Staged = &dir
	}
	if in.debugPort != 0 {
		f.DebugIP = &d.ip
	}
	if in.consolePort != 0 {
		f.ConsoleIP = &d.ip
	}
	if stats && in.state == protocol.Running {
		f.Stats = &protocol.InstanceStats{InstanceStatus: d.status(in), Cores: runtime.NumCPU()}
	}
	return f
}
