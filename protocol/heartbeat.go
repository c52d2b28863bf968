package protocol

import "errors"

// What a DEA tells of its instances (DEA 0.99).
const (
	// DEAHeartbeat lists the instances of a DEA: all of them every 10 s and on healthmanager.start, one alone when it
	// starts running. A DEA without instances is silent.
	DEAHeartbeat Subject[Heartbeat] = "dea.heartbeat"
	// HealthManagerStart makes every DEA send a heartbeat at once; its payload is ignored.
	HealthManagerStart Subject[Ignored] = "healthmanager.start"
	// DropletExited says that an instance is gone, and why.
	DropletExited Subject[Exited] = "droplet.exited"
	// DropletStatus asks every DEA for figures, one answer for each instance that starts or runs; the payload is ignored.
	DropletStatus Call[Ignored, InstanceStatus] = "droplet.status"
)

// State is where an instance is in its life.
type State string

// The states that travel on the bus.
const (
	Starting State = "STARTING"
	Running  State = "RUNNING"
	Stopped  State = "STOPPED"
	Crashed  State = "CRASHED"
	Deleted  State = "DELETED"
)

// Heartbeat is a DEA's list of instances, crashed ones that it still keeps included.
type Heartbeat struct {
	Droplets []HeartbeatEntry `json:"droplets"`
	DEA      string           `json:"dea"`
	Prod     *bool            `json:"prod"`
}

// Validate demands the sender.
func (h Heartbeat) Validate() error {
	if h.DEA == "" {
		return errors.New("dea is missing")
	}
	return nil
}

// HeartbeatEntry is one instance in a heartbeat.
type HeartbeatEntry struct {
	Droplet        ID      `json:"droplet"`
	Version        Text    `json:"version"`
	Instance       string  `json:"instance"`
	Index          Int     `json:"index"`
	State          State   `json:"state"`
	StateTimestamp int64   `json:"state_timestamp"` // epoch seconds
	CCPartition    *string `json:"cc_partition"`
}

// ExitReason says why an instance is gone.
type ExitReason string

// The reasons of droplet.exited. A process that ends by itself has CRASHED, whatever its exit status.
const (
	ExitCrashed       ExitReason = "CRASHED"
	ExitStopped       ExitReason = "STOPPED"
	ExitDEAShutdown   ExitReason = "DEA_SHUTDOWN"
	ExitDEAEvacuation ExitReason = "DEA_EVACUATION"
)

// Exited is the end of an instance.
type Exited struct {
	Droplet        ID         `json:"droplet"`
	Version        Text       `json:"version"`
	Instance       string     `json:"instance"`
	Index          Int        `json:"index"`
	Reason         ExitReason `json:"reason"`
	CCPartition    *string    `json:"cc_partition"`
	CrashTimestamp int64      `json:"crash_timestamp,omitempty"` // epoch seconds, only of a crash
}

// InstanceStatus are the figures of one instance.
type InstanceStatus struct {
	Name      string   `json:"name"`
	Host      string   `json:"host"`
	Port      *int     `json:"port"`
	URIs      []string `json:"uris"`
	Uptime    float64  `json:"uptime"`     // seconds
	MemQuota  int64    `json:"mem_quota"`  // bytes
	DiskQuota int64    `json:"disk_quota"` // bytes
	FDsQuota  int      `json:"fds_quota"`
	Usage     *Usage   `json:"usage,omitempty"` // absent until first measured
}

// Usage is what an instance used when last looked at.
type Usage struct {
	Time string  `json:"time"` // "2012-11-22 06:48:01 +0000"
	CPU  float64 `json:"cpu"`  // percent of one core
	Mem  float64 `json:"mem"`  // KB
	Disk int64   `json:"disk"` // bytes
}
