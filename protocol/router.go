package protocol

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// How the router learns where apps are (router 0.98).
const (
	// RouterRegister adds a route: when an instance runs, and again on every router.start.
	RouterRegister Subject[Route] = "router.register"
	// RouterUnregister removes one.
	RouterUnregister Subject[Route] = "router.unregister"
	// RouterStart makes everybody register again: at the router's start and every 30 s. Its payload may be empty.
	RouterStart Subject[RouterHello] = "router.start"
	// RouterGreet asks routers for the same hello (gorouter, since June 2013): who starts and wants to register need not wait for
	// the next router.start. The payload is ignored.
	RouterGreet Call[Ignored, RouterHello] = "router.greet"
	// RouterActiveApps names the apps that were sent a request since the last such message, every 30 s where that is enabled.
	RouterActiveApps Subject[ActiveApps] = "router.active_apps"
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

// RouterHello introduces a router. The last two are gorouter's, which had no version.
type RouterHello struct {
	ID               string   `json:"id"`
	Version          float64  `json:"version,omitempty"` // 0.98
	Hosts            []string `json:"hosts,omitempty"`
	RegisterInterval Int      `json:"minimumRegisterIntervalInSeconds,omitempty"` // how often to register
	PruneThreshold   Int      `json:"pruneThresholdInSeconds,omitempty"`          // who has not for so long is forgotten
}

// ActiveApps are ids of apps. Alone of all payloads it is no JSON text: it is one that zlib has deflated.
type ActiveApps []ID

// maxActiveApps is how many bytes of JSON an ActiveApps may have: more than a message of nats-server can be deflated from by
// anybody honest, and less than it takes to fill the memory.
const maxActiveApps = 16 << 20

// MarshalBinary returns the deflated list; an empty one is [], as the original sent it.
func (a ActiveApps) MarshalBinary() ([]byte, error) {
	list := []ID(a)
	if list == nil {
		list = []ID{}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(text) // a bytes.Buffer takes everything, and Close says the same again
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// UnmarshalBinary reads a deflated list of strings and integers of up to 16 MiB.
func (a *ActiveApps) UnmarshalBinary(payload []byte) error {
	z, err := zlib.NewReader(bytes.NewReader(payload))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxActiveApps+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxActiveApps:
		return fmt.Errorf("inflates to more than %d bytes", maxActiveApps)
	}
	return json.Unmarshal(text, (*[]ID)(a))
}

// Readable returns a message as text: it inflates the list of router.active_apps, and leaves alone whatever else comes, and what is no
// such list.
func Readable(subject string, payload []byte) []byte {
	var a ActiveApps
	if subject != RouterActiveApps.String() || a.UnmarshalBinary(payload) != nil {
		return payload
	}
	text, err := json.Marshal([]ID(a))
	if err != nil {
		return payload
	}
	return text
}
