package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// DEAStart tells one DEA to run one instance. Nobody answers: what becomes of it is seen in dea.heartbeat,
// router.register and droplet.exited.
func DEAStart(dea string) (Subject[StartRequest], error) {
	if !token(dea) {
		return "", fmt.Errorf("%q cannot be a DEA's id", dea)
	}
	return Subject[StartRequest]("dea." + dea + ".start"), nil
}

// StartRequest is everything a DEA needs to run an instance.
type StartRequest struct {
	Droplet        ID          `json:"droplet"` // the app
	Name           string      `json:"name"`
	URIs           []string    `json:"uris"` // none: no port and no route
	Runtime        string      `json:"runtime,omitempty"`
	RuntimeInfo    RuntimeInfo `json:"runtime_info"`
	Framework      string      `json:"framework,omitempty"`
	Prod           Truth       `json:"prod"`
	SHA1           string      `json:"sha1"`           // of the droplet; the tutorial sends the literal "SHA1"
	ExecutableFile string      `json:"executableFile"` // path on a disk shared with the cloud controller, if there is one
	ExecutableURI  string      `json:"executableUri"`  // where else to fetch it
	Version        Text        `json:"version"`        // opaque: "<staged sha1>-<run count>"
	Services       Services    `json:"services"`
	Limits         Limits      `json:"limits"`
	Env            []string    `json:"env"` // "K=V"
	Users          []string    `json:"users"`
	CCPartition    *string     `json:"cc_partition"`
	Index          Int         `json:"index"`
	Debug          Mode        `json:"debug"`
	Console        Mode        `json:"console"`
	Flapping       Truth       `json:"flapping,omitempty"`
}

// Validate demands what the DEA cannot guess.
func (r StartRequest) Validate() error {
	switch {
	case r.Droplet == "":
		return errors.New("droplet is missing")
	case r.RuntimeInfo.Name == "":
		return errors.New("runtime_info.name is missing")
	case r.Index < 0:
		return fmt.Errorf("index is %d, want 0 or more", r.Index)
	}
	return nil
}

// Services are the services bound to an app, each as the cloud controller knows it. It sent `[]`; the DEA's own tests
// sent `{}`. Both, and null, mean none.
type Services []map[string]any

// UnmarshalJSON reads a list of objects, an empty object or null.
func (s *Services) UnmarshalJSON(b []byte) error {
	*s = Services{}
	var empty map[string]any
	if json.Unmarshal(b, &empty) == nil && len(empty) == 0 {
		return nil
	}
	var all []map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // credentials are nobody's to round
	if err := d.Decode(&all); err != nil {
		return fmt.Errorf("services: want a list of objects: %w", err)
	}
	*s = all
	return nil
}

// Mode is a switch that may carry a word: false and null are off (""), true is "true", and a debug mode is its name.
type Mode string

// UnmarshalJSON reads a boolean, a string or null.
func (m *Mode) UnmarshalJSON(b []byte) error {
	if string(b) == "false" {
		*m = ""
		return nil
	}
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	*m = Mode(t)
	return nil
}

// MarshalJSON writes null, true or the word.
func (m Mode) MarshalJSON() ([]byte, error) {
	switch m {
	case "":
		return []byte("null"), nil
	case "true":
		return []byte("true"), nil
	}
	return json.Marshal(string(m))
}
