package dea

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// standardPath is the PATH of every instance, behind the directory of its runtime. In 2012 PATH was
// not exported at all, and what an app called had only the shell's own idea of it.
const standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const vmcWarning = "All VMC_* environment variables are deprecated, please use VCAP_* versions."

// launch is what the environment of an instance is made from.
type launch struct {
	record     record // of the instance, as it is now
	request    protocol.StartRequest
	host       string // that others reach the instance at
	executable string // of the runtime
	rubylib    string // directory that a Ruby needs in front of its library path; empty for other runtimes
	tmp        string // for temporary files, where instances may not use the system's; else empty
}

// env is the environment of an instance, in the order of 2012: a later entry wins, and may use what
// stands before it. refused names the entries that could not be exported.
func (l launch) env() (list, refused []string) {
	e := newEnvironment()
	e.set("HOME", l.record.Dir)
	e.set("PATH", filepath.Dir(l.executable)+":"+standardPath)
	if l.rubylib != "" {
		e.set("RUBYLIB", l.rubylib)
	}
	if l.tmp != "" {
		e.set("TMPDIR", l.tmp)
	}
	l.addVCAP(e)
	l.addVMC(e)
	info := l.request.RuntimeInfo
	for _, name := range slices.Sorted(maps.Keys(info.Environment)) {
		e.addShell(name, string(info.Environment[name]))
	}
	for _, entry := range l.request.Env {
		e.add(entry)
	}
	if own := e.values["RUBYLIB"]; l.rubylib != "" && own != l.rubylib && !strings.HasPrefix(own, l.rubylib+":") {
		e.set("RUBYLIB", strings.TrimSuffix(l.rubylib+":"+own, ":"))
	}
	return e.list(), e.refused
}

func (l launch) addVCAP(e *environment) {
	e.set("VCAP_APPLICATION", compact(l.application()))
	e.set("VCAP_SERVICES", compact(l.services()))
	e.set("VCAP_APP_HOST", l.host)
	e.set("VCAP_APP_PORT", number(l.record.Port))
	e.set("VCAP_DEBUG_IP", l.record.DebugIP)
	e.set("VCAP_DEBUG_PORT", number(l.record.DebugPort))
	e.set("VCAP_CONSOLE_IP", l.record.ConsoleIP)
	e.set("VCAP_CONSOLE_PORT", number(l.record.ConsolePort))
	if l.record.DebugPort == 0 {
		return
	}
	for _, entry := range l.request.RuntimeInfo.DebugEnv[string(l.request.Debug)] {
		name, value, ok := strings.Cut(entry, "=")
		if !ok {
			e.refuse(entry)
			continue
		}
		e.addShell(name, value)
	}
}

// addVMC adds the variables that apps of the first year read.
func (l launch) addVMC(e *environment) {
	e.set("VMC_WARNING_WARNING", vmcWarning)
	e.set("VMC_SERVICES", compact(l.legacyServices()))
	e.set("VMC_APP_INSTANCE", compact(l.record))
	e.set("VMC_APP_NAME", l.request.Name)
	e.set("VMC_APP_ID", l.record.InstanceID)
	e.set("VMC_APP_VERSION", string(l.request.Version))
	e.set("VMC_APP_HOST", l.host)
	e.set("VMC_APP_PORT", number(l.record.Port))
	for _, s := range l.request.Services {
		vendor, _ := s["vendor"].(string)
		if address, ok := addressOf(s); ok && vendor != "" {
			e.set("VMC_"+strings.ToUpper(vendor), address)
		}
	}
}

// application is VCAP_APPLICATION. Its limits are in bytes, unlike those of the start message.
type application struct {
	InstanceID     string            `json:"instance_id"`
	InstanceIndex  int               `json:"instance_index"`
	Name           string            `json:"name"`
	URIs           []string          `json:"uris"`
	Users          []string          `json:"users,omitzero"`
	Version        protocol.Text     `json:"version,omitempty"`
	Start          string            `json:"start"`
	Runtime        string            `json:"runtime"`
	StateTimestamp int64             `json:"state_timestamp"`
	Port           int               `json:"port,omitempty"`
	Limits         applicationLimits `json:"limits"`
	Host           string            `json:"host"`
}

type applicationLimits struct {
	FDs  int   `json:"fds"`
	Mem  int64 `json:"mem"`
	Disk int64 `json:"disk"`
}

func (l launch) application() application {
	r := l.record
	return application{
		InstanceID: r.InstanceID, InstanceIndex: r.InstanceIndex, Name: r.Name, URIs: r.URIs, Users: r.Users, Version: r.Version,
		Start: r.Start, Runtime: r.Runtime, StateTimestamp: r.StateTimestamp, Port: r.Port,
		Limits: applicationLimits{FDs: r.FDsQuota, Mem: r.MemQuota, Disk: r.DiskQuota}, Host: l.host,
	}
}

// services is VCAP_SERVICES: the services by label, each without what it does not have.
func (l launch) services() map[string][]map[string]any {
	byLabel := map[string][]map[string]any{}
	for _, s := range l.request.Services {
		label, _ := s["label"].(string)
		byLabel[label] = append(byLabel[label], pick(s, "name", "label", "plan", "tags", "plan_option", "credentials"))
	}
	return byLabel
}

func (l launch) legacyServices() []map[string]any {
	all := []map[string]any{}
	for _, s := range l.request.Services {
		legacy := pick(s, "name", "type", "vendor", "version")
		legacy["tier"], legacy["options"] = s["plan"], s["credentials"]
		all = append(all, legacy)
	}
	return all
}

// pick copies the keys that Ruby would call truthy.
func pick(from map[string]any, keys ...string) map[string]any {
	picked := map[string]any{}
	for _, k := range keys {
		if v := from[k]; v != nil && v != false {
			picked[k] = v
		}
	}
	return picked
}

// addressOf is host:port of a service whose credentials tell both.
func addressOf(service map[string]any) (string, bool) {
	credentials, _ := service["credentials"].(map[string]any)
	host, ok := credentials["hostname"].(string)
	if !ok {
		host, ok = credentials["host"].(string)
	}
	switch port := credentials["port"].(type) {
	case json.Number: // as protocol.Services reads them
		return host + ":" + port.String(), ok
	case string:
		return host + ":" + port, ok
	}
	return "", false
}

// number is a port as text, empty when there is none.
func number(port int) string {
	if port == 0 {
		return ""
	}
	return strconv.Itoa(port)
}

// compact is v as JSON on one line, with <, > and & left as they are.
func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only strings, numbers and what JSON was decoded into
	}
	return strings.TrimSuffix(b.String(), "\n")
}
