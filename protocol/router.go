package protocol

import "errors"

// How the router learns where apps are (router 0.98).
const (
	// RouterRegister adds a route: when an instance runs, and again on every router.start.
	RouterRegister Subject[Route] = "router.register"
	// RouterUnregister removes one.
	RouterUnregister Subject[Route] = "router.unregister"
	// RouterStart makes everybody register again: at the router's start and every 30 s. Its payload may be empty.
	RouterStart Subject[RouterHello] = "router.start"
)

// Route is an endpoint and the URIs it serves.
type Route struct {
	DEA               string             `json:"dea,omitempty"`
	App               ID                 `json:"app,omitempty"`
	Host              string             `json:"host"`
	Port              *Int               `json:"port"` // null in the unregister of an instance that never got one
	URIs              []string           `json:"uris"`
	Tags              map[string]*string `json:"tags,omitempty"` // framework and runtime, or component
	PrivateInstanceID string             `json:"private_instance_id,omitempty"`
}

// Validate demands the endpoint's host; a route without a port is legal and means nothing.
func (r Route) Validate() error {
	if r.Host == "" {
		return errors.New("host is missing")
	}
	if r.Port != nil && (*r.Port < 1 || *r.Port > 65535) {
		return errors.New("port is not between 1 and 65535")
	}
	return nil
}

// RouterHello introduces a router.
type RouterHello struct {
	ID      string   `json:"id"`
	Version float64  `json:"version"` // 0.98
	Hosts   []string `json:"hosts,omitempty"`
}
