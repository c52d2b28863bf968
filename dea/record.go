package dea

import (
	"log/slog"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/protocol"
)

// record is an instance as db/applications.json has it, and as the app itself sees it in
// VMC_APP_INSTANCE. The keys are those of 2012, but for the handle: a process id was all that 2012
// had to find a process again.
type record struct {
	DropletID         protocol.ID         `json:"droplet_id"`
	InstanceID        string              `json:"instance_id"`
	PrivateInstanceID string              `json:"private_instance_id"`
	InstanceIndex     int                 `json:"instance_index"`
	Name              string              `json:"name"`
	Dir               string              `json:"dir"`
	URIs              []string            `json:"uris"`
	Users             []string            `json:"users"`
	Version           protocol.Text       `json:"version"`
	MemQuota          int64               `json:"mem_quota"`  // bytes
	DiskQuota         int64               `json:"disk_quota"` // bytes
	FDsQuota          int                 `json:"fds_quota"`
	State             protocol.State      `json:"state"`
	Runtime           string              `json:"runtime"`
	Framework         string              `json:"framework"`
	Start             string              `json:"start"`           // "2012-11-22 06:47:40 +0000"
	StateTimestamp    int64               `json:"state_timestamp"` // epoch seconds
	LogID             string              `json:"log_id"`
	Flapping          bool                `json:"flapping"`
	CCPartition       *string             `json:"cc_partition"`
	ResourcesTracked  bool                `json:"resources_tracked"`
	Port              int                 `json:"port,omitempty"`
	DebugIP           string              `json:"debug_ip,omitempty"`
	DebugPort         int                 `json:"debug_port,omitempty"`
	DebugMode         string              `json:"debug_mode,omitempty"`
	ConsoleIP         string              `json:"console_ip,omitempty"`
	ConsolePort       int                 `json:"console_port,omitempty"`
	Staged            string              `json:"staged,omitempty"` // name of the directory, once it is there
	PID               int                 `json:"pid,omitempty"`
	ExitReason        protocol.ExitReason `json:"exit_reason,omitempty"`
	Nice              int                 `json:"nice,omitempty"` // steps by which its priority was lowered
	Evacuated         bool                `json:"evacuated,omitempty"`
	Notified          bool                `json:"notified,omitempty"` // its end was told, and nothing of it runs any more
	Handle            *isolation.Handle   `json:"handle,omitempty"`   // to find the processes, once there are any
}

// record describes an instance as it is now. The caller holds DEA.mu.
func (d *DEA) record(in *instance) record {
	r := in.request
	rec := record{
		DropletID: r.Droplet, InstanceID: in.id, PrivateInstanceID: in.private, InstanceIndex: int(r.Index),
		Name: r.Name, Dir: in.dir, URIs: in.uris, Users: r.Users, Version: r.Version,
		MemQuota: int64(in.memory) << 20, DiskQuota: int64(in.disk) << 20, FDsQuota: in.fds,
		State: in.state, Runtime: r.RuntimeInfo.Name, Framework: r.Framework,
		Start: in.start.UTC().Format(protocol.TimeFormat), StateTimestamp: in.since.Unix(), LogID: in.logID(),
		Flapping: bool(r.Flapping), CCPartition: r.CCPartition, ResourcesTracked: in.reserved,
		Port: in.port, DebugPort: in.debugPort, ConsolePort: in.consolePort, ExitReason: in.exit, Nice: in.nice,
		Evacuated: in.evacuated, Notified: in.ended,
	}
	if in.debugPort != 0 {
		rec.DebugIP, rec.DebugMode = d.ip, string(r.Debug)
	}
	if in.consolePort != 0 {
		rec.ConsoleIP = d.ip
	}
	if in.staged {
		rec.Staged = in.dirName()
	}
	if in.container != nil {
		h := in.container.Handle()
		rec.PID, rec.Handle = h.PID, &h
	}
	return rec
}

// instance is the inverse of DEA.record, as far as a record tells. What only a start needs, the
// environment and the droplet, is not there.
func (r record) instance(log *slog.Logger) *instance {
	in := &instance{
		id: r.InstanceID, private: r.PrivateInstanceID, dir: r.Dir,
		memory: int(r.MemQuota >> 20), disk: int(r.DiskQuota >> 20), fds: r.FDsQuota,
		state: r.State, since: time.Unix(r.StateTimestamp, 0), exit: r.ExitReason, evacuated: r.Evacuated, nice: r.Nice, staged: r.Staged != "",
		uris: append([]string{}, r.URIs...), port: r.Port, debugPort: r.DebugPort, consolePort: r.ConsolePort,
		request: protocol.StartRequest{
			Droplet: r.DropletID, Name: r.Name, Framework: r.Framework, RuntimeInfo: protocol.RuntimeInfo{Name: r.Runtime}, Version: r.Version,
			Users: r.Users, CCPartition: r.CCPartition, Index: protocol.Int(r.InstanceIndex), Debug: protocol.Mode(r.DebugMode),
			Flapping: protocol.Truth(r.Flapping),
		},
	}
	var err error
	if in.start, err = time.Parse(protocol.TimeFormat, r.Start); err != nil {
		in.start = in.since
	}
	in.log = in.logger(log)
	return in
}
