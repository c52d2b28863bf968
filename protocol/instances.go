package protocol

import (
	"encoding/json"
	"errors"
)

// What is asked of instances that run already (DEA 0.99). Every DEA hears it; those that have none of the instances are silent.
const (
	// DEAStop stops instances.
	DEAStop Subject[StopRequest] = "dea.stop"
	// DEAUpdate gives the instances of an app other URIs.
	DEAUpdate Subject[UpdateRequest] = "dea.update"
	// DEAFindDroplet asks where instances are, and how they are; one answer for each.
	DEAFindDroplet Call[FindRequest, FoundInstance] = "dea.find.droplet"
)

// Selection chooses instances of an app: those that fit every filter that is given. With none, all of them, retained
// crashes included. An empty list is a filter that nothing fits.
type Selection struct {
	Droplet     ID       `json:"droplet"`
	Version     Text     `json:"version,omitempty"`
	Instances   []string `json:"instances,omitzero"`
	InstanceIDs []string `json:"instance_ids,omitzero"` // the same, as the cloud controller wrote it when it looked for files
	Indices     Indices  `json:"indices,omitzero"`
	States      []State  `json:"states,omitzero"`
}

// Validate demands the droplet: a stop of everything is never meant.
func (s Selection) Validate() error {
	if s.Droplet == "" {
		return errors.New("droplet is missing")
	}
	return nil
}

// Indices name instances of an app by their indices.
type Indices []Int

// UnmarshalJSON leaves out what is null: for Ruby, too, it was no instance's index, least of all 0. A list of nothing else is a filter still.
func (x *Indices) UnmarshalJSON(b []byte) error {
	var all []*Int
	if err := json.Unmarshal(b, &all); err != nil || all == nil {
		return err
	}
	*x = Indices{}
	for _, i := range all {
		if i != nil {
			*x = append(*x, *i)
		}
	}
	return nil
}

// StopRequest says no more than which instances.
type StopRequest = Selection

// UpdateRequest are an app's URIs from now on. The cloud controller sent its whole start message; nobody read the rest.
type UpdateRequest struct {
	Droplet ID       `json:"droplet"`
	URIs    []string `json:"uris"`
}

// Validate demands both: an app that loses all its URIs is told so by an empty list.
func (r UpdateRequest) Validate() error {
	switch {
	case r.Droplet == "":
		return errors.New("droplet is missing")
	case r.URIs == nil:
		return errors.New("uris is missing")
	}
	return nil
}

// FindRequest asks for instances.
type FindRequest struct {
	Selection
	IncludeStats Truth `json:"include_stats,omitempty"`
}

// FoundInstance is where an instance is and how it does. What it does not have is null.
type FoundInstance struct {
	DEA            string   `json:"dea"`
	Version        Text     `json:"version"`
	Droplet        ID       `json:"droplet"`
	Instance       string   `json:"instance"`
	Index          Int      `json:"index"`
	State          State    `json:"state"`
	StateTimestamp int64    `json:"state_timestamp"` // epoch seconds
	FileURI        string   `json:"file_uri"`        // of the DEA's file viewer; before staged and a path
	Credentials    []string `json:"credentials"`     // user and password for it
	Staged         *string  `json:"staged"`          // directory of the instance, once it is there
	DebugIP        *string  `json:"debug_ip"`
	DebugPort      *int     `json:"debug_port"`
	ConsoleIP      *string  `json:"console_ip"`
	ConsolePort    *int     `json:"console_port"`
	// Stats are there when they were asked for and the instance runs.
	Stats *InstanceStats `json:"stats,omitempty"`
}

// InstanceStats are the figures of one instance, with those of its machine.
type InstanceStats struct {
	InstanceStatus
	Cores int `json:"cores"`
}
