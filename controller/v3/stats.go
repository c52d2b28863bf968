package v3

import (
	"context"
	"net/http"
	"time"
)

// longPoll is how long a request may wait for the state that it asks for to change. The cf command asks every three seconds, which nobody can
// change; but it waits for an answer as long as that takes. So push and restart end when the work does.
const longPoll = 20 * time.Second

// startPatience is how long after its start an app is worth waiting for: a DEA gives up after a minute.
const startPatience = 65 * time.Second

// showStats answers how the instances of an app do. While the app is starting the answer waits until it has.
func (a *API) showStats(c *call) error {
	x, err := a.processApp(c)
	if err != nil {
		return err
	}
	_, memory, err := a.dropletOf(c.Context(), x)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), a.held)
	defer cancel()
	starting := time.Since(x.UpdatedAt) < startPatience
	all, err := a.Platform.Await(ctx, x.GUID, func(all []Instance) bool { return !starting || settled(all) })
	if err != nil {
		return err
	}
	shown := make([]object, len(all))
	for i, in := range all {
		shown[i] = in.view(int64(memory)<<20, int64(x.Process.Disk)<<20)
	}
	return c.json(http.StatusOK, object{"resources": shown})
}

// settled reports whether it is known how a start ends: an instance runs, or all have crashed.
func settled(all []Instance) bool {
	crashed := 0
	for _, in := range all {
		switch in.State {
		case "RUNNING":
			return true
		case "CRASHED":
			crashed++
		}
	}
	return crashed == len(all)
}

func (in Instance) view(memory, disk int64) object {
	o := object{
		"type": web, "index": in.Index, "state": in.State, "uptime": int(in.Uptime.Seconds()), "routable": in.State == "RUNNING",
		"mem_quota": memory, "disk_quota": disk, "fds_quota": in.FDsQuota, "log_rate_limit": -1, "isolation_segment": nil, "details": nil,
		"usage": object{},
	}
	if in.Details != "" {
		o["details"] = in.Details
	}
	if in.State != "RUNNING" {
		return o
	}
	o["host"], o["mem_quota"], o["disk_quota"] = in.Host, in.MemQuota, in.DiskQuota
	o["instance_ports"] = []object{{"external": in.Port, "internal": in.Port}}
	o["usage"] = object{
		"time": time.Now().UTC().Format(time.RFC3339Nano), "cpu": in.CPU, "cpu_entitlement": in.CPU, "mem": in.Mem, "disk": in.Disk, "log_rate": 0,
	}
	return o
}
