package protocol

// How components make themselves known (vcap-common).
const (
	// ComponentAnnounce is a component's hello, once, when it starts.
	ComponentAnnounce Subject[Component] = "vcap.component.announce"
	// ComponentDiscover asks every component for the same, with its uptime; the payload is ignored.
	ComponentDiscover Call[Ignored, Component] = "vcap.component.discover"
)

// Component is what a component says of itself.
type Component struct {
	Type        string   `json:"type"` // "Stager", "DEA", "Router", "CloudController"
	Index       *int     `json:"index"`
	UUID        string   `json:"uuid"`             // 32 hex digits, after "<index>-" when it has an index
	Host        string   `json:"host"`             // ip:port of its /varz and /healthz
	Credentials []string `json:"credentials"`      // user and password for them
	Start       string   `json:"start"`            // "2012-11-10 23:16:11 -0800"
	Uptime      string   `json:"uptime,omitempty"` // "0d:0h:0m:31s", only in answers
}

// TimeFormat is how Ruby printed a time and all components of 2012 did with it.
const TimeFormat = "2006-01-02 15:04:05 -0700"
