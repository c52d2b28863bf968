package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Staging asks a stager to turn an app into a droplet. Stagers share the queue group named like the subject, so exactly one
// of them answers, and it answers exactly once (stager 0.1.15).
const Staging Call[StagingRequest, StagingReply] = "staging"

// StagingOn is Staging on another queue, as the stager's `queues:` may name several.
func StagingOn(queue string) Call[StagingRequest, StagingReply] {
	return Call[StagingRequest, StagingReply](queue)
}

// StagingRequest says where the app is and where the droplet should go. Use ParseStagingRequest to read one: it knows what
// the stager's schema demanded.
type StagingRequest struct {
	AppID       ID                `json:"app_id"` // integer or string; not echoed in the reply
	DownloadURI string            `json:"download_uri"`
	UploadURI   string            `json:"upload_uri"`
	Properties  StagingProperties `json:"properties"`
}

// UnmarshalJSON takes any app_id, as the stager never looked at it; one that is no string or number is forgotten.
func (r *StagingRequest) UnmarshalJSON(b []byte) error {
	type plain StagingRequest
	wire := struct {
		*plain
		AppID json.RawMessage `json:"app_id"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	if len(wire.AppID) == 0 || r.AppID.UnmarshalJSON(wire.AppID) != nil {
		r.AppID = ""
	}
	return nil
}

// StagingReply is the one answer. On success there is no error key at all.
type StagingReply struct {
	TaskID  string `json:"task_id"`  // 32 hex digits, made up by the stager
	TaskLog string `json:"task_log"` // what the user reads, "[2012-11-13 22:13:08] Downloading application\n…"
	Error   string `json:"error,omitempty"`
}

// StagingProperties is what a staging plugin is told about the app. It is `properties` in the request and `environment` in
// the configuration file of a plugin.
type StagingProperties struct {
	Services      []map[string]any `json:"services"`
	Framework     string           `json:"framework,omitempty"`
	FrameworkInfo FrameworkInfo    `json:"framework_info"`
	Runtime       string           `json:"runtime,omitempty"`
	RuntimeInfo   RuntimeInfo      `json:"runtime_info"`
	Resources     Resources        `json:"resources"`
	Environment   []string         `json:"environment,omitempty"` // "K=V"; plugins look at BUNDLE_WITHOUT and RAILS_ENV
	Meta          map[string]any   `json:"meta,omitempty"`        // command, debug, console
	Buildpack     string           `json:"buildpack,omitempty"`
	Name          string           `json:"name,omitempty"`
}

// UnmarshalJSON forgets what is no text in the keys that no plugin looks at: the schema of 2012 did not know them.
func (p *StagingProperties) UnmarshalJSON(b []byte) error {
	type plain StagingProperties
	wire := struct {
		*plain
		Framework unread `json:"framework"`
		Runtime   unread `json:"runtime"`
		Buildpack unread `json:"buildpack"`
		Name      unread `json:"name"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	p.Framework, p.Runtime = string(wire.Framework), string(wire.Runtime)
	p.Buildpack, p.Name = string(wire.Buildpack), string(wire.Name)
	return nil
}

// unread is text that is passed on and that nobody acts upon; what is no text is none.
type unread string

func (u *unread) UnmarshalJSON(b []byte) error {
	var t Text
	if t.UnmarshalJSON(b) != nil {
		t = ""
	}
	*u = unread(t)
	return nil
}

// Command is the start command the user gave (meta.command), for frameworks that need one.
func (p StagingProperties) Command() string {
	s, _ := p.Meta["command"].(string)
	return s
}

// FrameworkInfo is a framework's manifest.
type FrameworkInfo struct {
	Name      string    `json:"name"`
	Runtimes  Choices   `json:"runtimes,omitempty"`
	Detection Detection `json:"detection,omitempty"`
}

// Choices are the runtimes that a framework can have, each an object {name: {"default": true}}. They tell people and clients; no component reads
// them, so that what is no such list is forgotten.
type Choices []map[string]any

// UnmarshalJSON never fails.
func (c *Choices) UnmarshalJSON(b []byte) error {
	var all []map[string]any
	if json.Unmarshal(b, &all) != nil {
		all = nil
	}
	*c = all
	return nil
}

// Resources are an app's limits.
type Resources struct {
	Memory Int `json:"memory"` // MB
	Disk   Int `json:"disk"`   // MB
	FDs    Int `json:"fds"`
}

// RuntimeInfo describes the runtime an app wants: to the stager, to dea.discover and to dea.<id>.start.
type RuntimeInfo struct {
	Name             string              `json:"name"`
	Version          Text                `json:"version,omitempty"`
	Description      string              `json:"description,omitempty"`
	Executable       string              `json:"executable,omitempty"`
	VersionFlag      string              `json:"version_flag,omitempty"`   // shell words; default -v
	VersionOutput    Text                `json:"version_output,omitempty"` // regular expression, unanchored
	AdditionalChecks string              `json:"additional_checks,omitempty"`
	Environment      Vars                `json:"environment,omitempty"`
	DebugEnv         map[string][]string `json:"debug_env,omitempty"`
	NPM              string              `json:"npm,omitempty"`
}

// UnmarshalJSON reads a number or boolean as text wherever there should be text, and forgets what is none in the keys that nobody reads.
func (r *RuntimeInfo) UnmarshalJSON(b []byte) error {
	type plain RuntimeInfo
	wire := struct {
		*plain
		Name             Text   `json:"name"`
		Description      unread `json:"description"`
		Executable       Text   `json:"executable"`
		VersionFlag      Text   `json:"version_flag"`
		AdditionalChecks Text   `json:"additional_checks"`
		NPM              unread `json:"npm"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	r.Name, r.Description, r.Executable = string(wire.Name), string(wire.Description), string(wire.Executable)
	r.VersionFlag, r.AdditionalChecks, r.NPM = string(wire.VersionFlag), string(wire.AdditionalChecks), string(wire.NPM)
	return nil
}

// ParseStagingRequest reads a staging request and checks it as the stager and its plugins did. The error names every
// wrong key in the words of Membrane, the schema library of 2012:
//
//	{ properties => { resources => { memory => Expected instance of Integer, given an instance of String } } }
func ParseStagingRequest(payload []byte) (StagingRequest, error) {
	var r StagingRequest
	err := parse(payload, stagingRequestSchema(), &r)
	return r, err
}

// ParseStagingProperties reads properties alone, as they stand in a plugin's configuration file.
func ParseStagingProperties(payload []byte) (StagingProperties, error) {
	var p StagingProperties
	err := parse(payload, stagingPropertiesSchema(), &p)
	return p, err
}

func stagingRequestSchema() schema {
	return record{
		{key: "app_id", is: anything{}, optional: true},
		{key: "download_uri", is: class("String")},
		{key: "upload_uri", is: class("String")},
		{key: "properties", is: stagingPropertiesSchema()},
	}
}

func stagingPropertiesSchema() schema {
	return record{
		{key: "services", is: list{class("Hash")}},
		{key: "framework_info", is: record{{key: "name", is: class("String")}}},
		{key: "runtime_info", is: class("Hash")},
		{key: "resources", is: record{
			{key: "memory", is: class("Integer")},
			{key: "disk", is: class("Integer")},
			{key: "fds", is: class("Integer")},
		}},
		{key: "environment", is: list{class("String")}, optional: true},
		{key: "meta", is: class("Hash"), optional: true},
	}
}

func parse[T any](payload []byte, s schema, into *T) error {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var tree any
	if len(bytes.TrimSpace(payload)) == 0 {
		return errors.New("the message is empty")
	}
	if err := d.Decode(&tree); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if d.More() {
		return fmt.Errorf("not JSON: something follows the object at byte %d", d.InputOffset())
	}
	if problem := s.check(tree); problem != "" {
		return &SchemaError{Problem: problem}
	}
	return Explain[T](payload, json.Unmarshal(payload, into))
}
