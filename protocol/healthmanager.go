package protocol

import (
	"errors"
	"fmt"
	"strings"
)

// How apps are kept as they should be (health manager 0.98 and that of February 2013).
const (
	// DropletUpdated says that an app's record has changed: its state, its number of instances.
	DropletUpdated Subject[Updated] = "droplet.updated"
	// HealthManagerStatus asks which instances of an app are flapping, or have crashed. Only an app that the health manager knows is
	// answered for.
	HealthManagerStatus Call[HealthStatusRequest, HealthStatusReply] = "healthmanager.status"
	// HealthManagerHealth asks how many instances of apps run: one answer for each app that is known.
	HealthManagerHealth Call[HealthRequest, HealthReply] = "healthmanager.health"
	// HealthManagerDroplet asks for all that the health manager knows of apps, one answer for each (July 2013).
	HealthManagerDroplet Call[HealthRequest, HealthDump] = "healthmanager.droplet"
)

// DefaultPartition is the cloud controller that is meant when a message names none.
const DefaultPartition = "default"

// HMRequests is where the health manager asks one of the cloud controllers of a partition (queue group cc) to start or to stop instances.
// Nobody answers.
func HMRequests(partition string) (Subject[HMRequest], error) {
	if !token(partition) {
		return "", fmt.Errorf("%q cannot be the name of a partition", partition)
	}
	return Subject[HMRequest]("cloudcontrollers.hm.requests." + partition), nil
}

// Updated names an app whose record has changed.
type Updated struct {
	Droplet     ID      `json:"droplet"`
	CCPartition *string `json:"cc_partition"`
}

// Validate demands the app.
func (u Updated) Validate() error { return needDroplet(u.Droplet) }

// Op is what the health manager wants.
type Op string

// What the health manager may want. The last one is to stop an app that nobody uses.
const (
	OpStart    Op = "START"
	OpStop     Op = "STOP"
	OpSpindown Op = "SPINDOWN"
)

// Kind returns the operation in this word, which the cloud controller looked for anywhere in it and in any case; empty when there is
// none.
func (o Op) Kind() Op {
	for _, known := range []Op{OpStart, OpStop, OpSpindown} {
		if strings.Contains(strings.ToUpper(string(o)), string(known)) {
			return known
		}
	}
	return ""
}

// HMRequest asks for instances of an app to be started, by their index, or stopped, by their id.
type HMRequest struct {
	Droplet     ID       `json:"droplet"`
	Op          Op       `json:"op"`
	LastUpdated int64    `json:"last_updated,omitempty"` // epoch seconds, of the record that the request is about
	Version     Text     `json:"version,omitempty"`      // to start
	Indices     Indices  `json:"indices,omitzero"`       // to start
	Flapping    Truth    `json:"flapping,omitempty"`     // to start: it has crashed often
	Instances   []string `json:"instances,omitzero"`     // to stop
}

// Validate demands the app and an operation.
func (r HMRequest) Validate() error {
	if r.Op.Kind() == "" {
		return errors.New("op is none of START, STOP and SPINDOWN")
	}
	return needDroplet(r.Droplet)
}

// HealthStatusRequest asks for one app's instances in a state, FLAPPING or CRASHED.
type HealthStatusRequest struct {
	Droplet ID    `json:"droplet"`
	Version Text  `json:"version,omitempty"` // for FLAPPING
	State   State `json:"state"`
}

// Flapping is what an instance does that crashes again and again. It is a state of an index, known to the health manager alone.
const Flapping State = "FLAPPING"

// Validate demands the app.
func (r HealthStatusRequest) Validate() error { return needDroplet(r.Droplet) }

// HealthStatusReply has the one list or the other, which may be empty.
type HealthStatusReply struct {
	Indices   []FlappingIndex   `json:"indices,omitzero"`
	Instances []CrashedInstance `json:"instances,omitzero"`
}

// FlappingIndex is one that crashes again and again.
type FlappingIndex struct {
	Index Int   `json:"index"`
	Since int64 `json:"since"` // epoch seconds
}

// CrashedInstance is one whose remains can be looked at.
type CrashedInstance struct {
	Instance string `json:"instance"`
	Since    int64  `json:"since"` // epoch seconds
}

// HealthRequest names apps, each in a version.
type HealthRequest struct {
	Droplets []AppVersion `json:"droplets"`
}

// AppVersion is an app in a version.
type AppVersion struct {
	Droplet ID   `json:"droplet"`
	Version Text `json:"version,omitempty"`
}

// HealthReply says how many indices of an app have a running instance of the version.
type HealthReply struct {
	Droplet ID   `json:"droplet"`
	Version Text `json:"version"`
	Healthy int  `json:"healthy"`
}

// HealthDump is what is known of an app, for people who wonder. The keys are ours.
type HealthDump struct {
	Droplet   ID             `json:"droplet"`
	Known     bool           `json:"known"` // to the controller
	State     string         `json:"state,omitempty"`
	Version   Text           `json:"version,omitempty"`
	Instances int            `json:"instances"` // wanted
	Indices   []IndexDump    `json:"indices"`
	Extra     []InstanceDump `json:"extra"` // alive, and not among those that are wanted
}

// IndexDump is one of the wanted instances.
type IndexDump struct {
	Index    int    `json:"index"`
	State    State  `json:"state"` // STARTING, RUNNING, FLAPPING, DOWN
	Instance string `json:"instance,omitempty"`
	Crashes  int    `json:"crashes"`           // in a row
	NextTry  int64  `json:"next_try,omitzero"` // epoch seconds; absent when nothing is planned
}

// InstanceDump is an instance that nobody wants.
type InstanceDump struct {
	Instance string `json:"instance"`
	Version  Text   `json:"version"`
	Index    int    `json:"index"`
	DEA      string `json:"dea"`
}

// Down is the state of an index that has no instance.
const Down State = "DOWN"

func needDroplet(id ID) error {
	if id == "" {
		return errors.New("droplet is missing")
	}
	return nil
}
