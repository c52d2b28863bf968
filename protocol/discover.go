package protocol

import "errors"

// The conversation by which a DEA is found (DEA 0.99).
const (
	// DEAStarted is a DEA's hello, once, when it has recovered what ran before.
	DEAStarted Subject[DEAHello] = "dea.start"
	// DEAShutdown is its goodbye, when it begins to stop or to evacuate. Only the second DEA sent it.
	DEAShutdown Subject[DEAGoodbye] = "dea.shutdown"
	// DEAAdvertise tells how much room a DEA has: at start, every 5 s, on dea.locate and whenever that changes. A full DEA is silent.
	DEAAdvertise Subject[Advertisement] = "dea.advertise"
	// DEALocate makes every DEA advertise at once; its payload is ignored.
	DEALocate Subject[Ignored] = "dea.locate"
	// DEADiscover asks who can run an app. A DEA that can answers after a delay that grows with its load (the taint, at
	// most 250 ms), so the first answer is the best one. A DEA that cannot is silent.
	DEADiscover Call[DiscoverRequest, DEAHello] = "dea.discover"
	// DEAStatus asks every DEA for its figures; the payload is ignored.
	DEAStatus Call[Ignored, DEAStatusReply] = "dea.status"
)

// DEAVersion is what a DEA says it is, a JSON number on the wire.
const DEAVersion = 0.99

// DEAHello introduces a DEA.
type DEAHello struct {
	ID      string  `json:"id"`
	IP      string  `json:"ip"`
	Port    *int    `json:"port"` // of its file viewer, null when it has none
	Version float64 `json:"version"`
}

// DEAGoodbye tells which apps need another place.
type DEAGoodbye struct {
	ID           string     `json:"id"`
	IP           string     `json:"ip"`
	Version      float64    `json:"version"`
	AppIDToCount map[ID]int `json:"app_id_to_count"` // live instances of each app
}

// Advertisement is a DEA's free room.
type Advertisement struct {
	ID              string   `json:"id"`
	AvailableMemory int      `json:"available_memory"` // MB
	Runtimes        []string `json:"runtimes"`         // names as configured, not verified
	Prod            *bool    `json:"prod"`
}

// DiscoverRequest describes what the app needs.
type DiscoverRequest struct {
	Droplet     ID          `json:"droplet"`
	Limits      Limits      `json:"limits"`
	Name        string      `json:"name,omitempty"`
	RuntimeInfo RuntimeInfo `json:"runtime_info"`
	Runtime     string      `json:"runtime,omitempty"`
	Prod        Truth       `json:"prod"`
	SHA         string      `json:"sha,omitempty"` // "sha1" in the start message; a quirk of the cloud controller
}

// Validate demands what the DEA needs to decide: the runtime's name and the memory limit.
func (r DiscoverRequest) Validate() error {
	if r.RuntimeInfo.Name == "" {
		return errors.New("runtime_info.name is missing")
	}
	if r.Limits.Mem == nil {
		return errors.New("limits.mem is missing")
	}
	return nil
}

// Limits are what an instance may use. A nil limit was not sent; dea.start then means 512 MB, 256 MB and 1024.
type Limits struct {
	Mem  *Int `json:"mem,omitempty"`  // MB
	Disk *Int `json:"disk,omitempty"` // MB
	FDs  *Int `json:"fds,omitempty"`
}

// MemLimit is the common case of Limits: memory alone, in MB.
func MemLimit(mb int) Limits {
	n := Int(mb)
	return Limits{Mem: &n}
}

// DEAStatusReply is a DEA's hello and its figures.
type DEAStatusReply struct {
	DEAHello
	MaxMemory      int     `json:"max_memory"`      // MB
	ReservedMemory int     `json:"reserved_memory"` // MB
	UsedMemory     float64 `json:"used_memory"`     // MB
	NumClients     int     `json:"num_clients"`
	State          string  `json:"state,omitempty"` // "SHUTTING_DOWN", only then
}
