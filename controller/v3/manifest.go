package v3

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/minicf/minicf/config"
)

// manifest is a manifest.yml. It is read strictly: a key that nobody knows, or a value of the wrong kind, is an error with its line.
type manifest struct {
	Version      int           `yaml:"version"`
	Applications []application `yaml:"applications"`
}

// application is what a manifest says of one app. What it does not say stays as it is.
type application struct {
	Name       string         `yaml:"name"`
	Path       string         `yaml:"path"` // on the user's machine; the cf command has read it
	Stack      string         `yaml:"stack"`
	Buildpack  optional       `yaml:"buildpack"` // as it was called once
	Buildpacks []string       `yaml:"buildpacks"`
	Env        map[string]any `yaml:"env"`
	Services   []any          `yaml:"services"`
	Metadata   *notes         `yaml:"metadata"`

	Routes       []namedRoute `yaml:"routes"`
	RandomRoute  bool         `yaml:"random-route"`
	DefaultRoute bool         `yaml:"default-route"`
	NoRoute      bool         `yaml:"no-route"`

	Instances  *int     `yaml:"instances"`
	Memory     quantity `yaml:"memory"`
	Disk       quantity `yaml:"disk_quota"`
	DiskToo    quantity `yaml:"disk-quota"` // as the cf command writes it
	LogRate    string   `yaml:"log-rate-limit-per-second"`
	Command    optional `yaml:"command"`
	HealthType string   `yaml:"health-check-type"`
	Endpoint   string   `yaml:"health-check-http-endpoint"`
	Invocation *int     `yaml:"health-check-invocation-timeout"`
	Interval   *int     `yaml:"health-check-interval"`
	Timeout    *int     `yaml:"timeout"`

	Processes []typedProcess `yaml:"processes"`

	// What minicf has not.
	Lifecycle string `yaml:"lifecycle"`
	Docker    any    `yaml:"docker"`
	Sidecars  []any  `yaml:"sidecars"`
}

// typedProcess is what a manifest says of one process.
type typedProcess struct {
	Type       string   `yaml:"type"`
	Instances  *int     `yaml:"instances"`
	Memory     quantity `yaml:"memory"`
	Disk       quantity `yaml:"disk_quota"`
	DiskToo    quantity `yaml:"disk-quota"`
	LogRate    string   `yaml:"log-rate-limit-per-second"`
	Command    optional `yaml:"command"`
	HealthType string   `yaml:"health-check-type"`
	Endpoint   string   `yaml:"health-check-http-endpoint"`
	Invocation *int     `yaml:"health-check-invocation-timeout"`
	Interval   *int     `yaml:"health-check-interval"`
	Timeout    *int     `yaml:"timeout"`
}

// namedRoute is a route by its whole name.
type namedRoute struct {
	Route    string `yaml:"route"`
	Protocol string `yaml:"protocol"`
	Options  any    `yaml:"options"`
}

// notes are labels and annotations.
type notes struct {
	Labels      map[string]any `yaml:"labels"`
	Annotations map[string]any `yaml:"annotations"`
}

// optional is text that may be taken back: null and "default" leave it to the platform.
type optional struct {
	Said bool
	Text string
}

// UnmarshalText reads any text.
func (o *optional) UnmarshalText(text []byte) error {
	o.Said, o.Text = true, string(text)
	if o.Text == "default" || o.Text == "null" {
		o.Text = ""
	}
	return nil
}

// quantity is an amount of memory or disk in MB; 0 is none that was said.
type quantity int

// UnmarshalText reads a number with a unit, as the cf command wants it: 64M, 1G, 512MB.
func (q *quantity) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(string(text))), "B")
	shift := 0
	switch {
	case strings.HasSuffix(s, "M"):
	case strings.HasSuffix(s, "G"):
		shift = 10
	case strings.HasSuffix(s, "T"):
		shift = 20
	default:
		return fmt.Errorf("want a number with a unit, such as 64M or 1G, not %q", text)
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 1 || n > maxLimit>>shift {
		return fmt.Errorf("want a number with a unit, such as 64M or 1G, not %q", text)
	}
	*q = quantity(n << shift)
	return nil
}

// megabytes is an amount as manifests have it.
func megabytes(n int) string {
	if n > 0 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "G"
	}
	return strconv.Itoa(n) + "M"
}

// readManifest reads the body.
func (c *call) readManifest() (manifest, error) {
	text, err := io.ReadAll(http.MaxBytesReader(c.ResponseWriter, c.Body, maxBody))
	if err != nil {
		return manifest{}, unreadable("%v", err)
	}
	m, err := config.Parse[manifest]("manifest.yml", text)
	if err != nil {
		return m, unprocessable("%v", err)
	}
	if len(m.Applications) == 0 {
		return m, unprocessable("Manifest must have at least one application in `applications`")
	}
	seen := map[string]bool{}
	for i, app := range m.Applications {
		switch {
		case app.Name == "":
			return m, unprocessable("For application at index %d: Name must not be empty", i)
		case seen[strings.ToLower(app.Name)]:
			return m, unprocessable("The application %s is in the manifest twice", app.Name)
		}
		seen[strings.ToLower(app.Name)] = true
	}
	return m, nil
}

// process is what is said of the process web: by the app itself, or in its processes, which win.
func (m application) process() typedProcess {
	p := typedProcess{
		Type: web, Instances: m.Instances, Memory: m.Memory, Disk: m.Disk + m.DiskToo, LogRate: m.LogRate, Command: m.Command,
		HealthType: m.HealthType, Endpoint: m.Endpoint, Invocation: m.Invocation, Interval: m.Interval, Timeout: m.Timeout,
	}
	for _, more := range m.Processes {
		if more.Type == web {
			p.override(more)
		}
	}
	return p
}

func (p *typedProcess) override(more typedProcess) {
	if more.Instances != nil {
		p.Instances = more.Instances
	}
	if more.Memory > 0 {
		p.Memory = more.Memory
	}
	if disk := more.Disk + more.DiskToo; disk > 0 {
		p.Disk = disk
	}
	if more.Command.Said {
		p.Command = more.Command
	}
	if more.HealthType != "" {
		p.HealthType, p.Endpoint = more.HealthType, more.Endpoint
	}
	if more.Timeout != nil {
		p.Timeout = more.Timeout
	}
	if more.Invocation != nil {
		p.Invocation = more.Invocation
	}
}

// apply makes a process what the manifest says.
func (p typedProcess) apply(to *process) error {
	set(&to.Instances, p.Instances)
	if p.Memory > 0 {
		to.Memory = int(p.Memory)
	}
	if p.Disk > 0 {
		to.Disk = int(p.Disk)
	}
	if p.Command.Said {
		to.Command = p.Command.Text
	}
	switch p.HealthType {
	case "":
	case "none":
		to.Health.Type = "process"
	default:
		to.Health.Type = p.HealthType
	}
	if p.Endpoint != "" {
		to.Health.Endpoint = p.Endpoint
	}
	if p.Timeout != nil {
		to.Health.Timeout = p.Timeout
	}
	if p.Invocation != nil {
		to.Health.Invocation = p.Invocation
	}
	return to.check()
}

// text is a value of the environment, or of a label, as text: YAML knows numbers, truth, and more.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool, int, int64, uint64:
		return fmt.Sprint(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// texts makes changes of values; null takes one away.
func texts(all map[string]any) map[string]*string {
	changes := map[string]*string{}
	for k, v := range all {
		if v == nil {
			changes[k] = nil
			continue
		}
		t := text(v)
		changes[k] = &t
	}
	return changes
}
