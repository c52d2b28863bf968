package controller

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// app is what the controller knows of an app: what it is, and what is wanted of it. What is the case, the health manager knows.
type app struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	State     string            `json:"state"` // protocol.AppStarted, AppStopped, AppDeleted
	Instances int               `json:"instances"`
	Droplet   string            `json:"droplet"` // SHA1
	RunCount  int               `json:"run_count"`
	URIs      []string          `json:"uris"`
	Framework string            `json:"framework"`
	Runtime   string            `json:"runtime"`
	Memory    int               `json:"memory"` // MB, of each instance
	Disk      int               `json:"disk"`   // MB
	FDs       int               `json:"fds"`
	Env       []string          `json:"env"` // "K=V"
	Services  protocol.Services `json:"services"`
	FromAPI   bool              `json:"from_api,omitempty"` // the CF API wants it, see machine.go
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"` // whole seconds, as on the wire
}

// What an app gets when nobody said.
const (
	defaultInstances = 1
	defaultMemory    = 256 // MB
	defaultDisk      = 2048
	defaultFDs       = 256
)

// Limits of a record, far above what one would want and far below what would do harm.
const (
	maxLimit = 1 << 20 // MB of memory or disk, and files
	maxNames = 100     // URIs of an app
)

// version names what runs: the droplet, and how often it was started. Instances of another version are not what is wanted.
func (a app) version() protocol.Text {
	return protocol.Text(fmt.Sprintf("%s-%d", a.Droplet, a.RunCount))
}

func (a app) started() bool { return a.State == protocol.AppStarted }
func (a app) deleted() bool { return a.State == protocol.AppDeleted }

// change is what somebody wants to be different. What is nil stays as it is.
type change struct {
	Name      *string            `json:"name"`
	State     *string            `json:"state"`
	Instances *int               `json:"instances"`
	URIs      []string           `json:"uris"`
	Framework *string            `json:"framework"`
	Runtime   *string            `json:"runtime"`
	Memory    *int               `json:"memory"`
	Disk      *int               `json:"disk"`
	FDs       *int               `json:"fds"`
	Env       []string           `json:"env"`
	Services  *protocol.Services `json:"services"`
	FromAPI   bool               `json:"-"`
}

// newApp is an app of which nobody has said anything yet.
func newApp(id string, now time.Time) app {
	return app{
		ID: id, Name: id, State: protocol.AppStopped, Instances: defaultInstances, Memory: defaultMemory, Disk: defaultDisk, FDs: defaultFDs,
		URIs: []string{}, Env: []string{}, Services: protocol.Services{}, CreatedAt: now,
	}
}

// with returns the app as changed. Whoever starts it counts: the version of what runs from then on is another one.
func (a app) with(c change, now time.Time) app {
	was := a.State
	set(&a.Name, c.Name)
	set(&a.State, c.State)
	set(&a.Instances, c.Instances)
	set(&a.Framework, c.Framework)
	set(&a.Runtime, c.Runtime)
	set(&a.Memory, c.Memory)
	set(&a.Disk, c.Disk)
	set(&a.FDs, c.FDs)
	set(&a.Services, c.Services)
	a.FromAPI = a.FromAPI || c.FromAPI
	if c.URIs != nil {
		a.URIs = hostNames(c.URIs)
	}
	if c.Env != nil {
		a.Env = c.Env
	}
	if a.started() && was != protocol.AppStarted {
		a.RunCount++
	}
	a.UpdatedAt = now
	return a
}

// redeployed returns the app with a droplet, to be started with it whether or not it is running.
func (a app) redeployed(sha1 string, c change, now time.Time) app {
	if sha1 != a.Droplet {
		a.Droplet, a.RunCount = sha1, 0
	}
	started := protocol.AppStarted
	if c.State == nil {
		c.State = &started
	}
	a.State = protocol.AppStopped
	return a.with(c, now)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// hostNames are names as the router compares them, each once.
func hostNames(uris []string) []string {
	names := make([]string, 0, len(uris))
	for _, u := range uris {
		if name := strings.ToLower(u); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// check says what of an app cannot be.
func (a app) check() error {
	if err := client.CheckID(a.ID); err != nil {
		return badRequest("%v", err)
	}
	if err := client.CheckEnv(a.Env); err != nil {
		return badRequest("env: %v", err)
	}
	switch {
	case a.Name == "" || len(a.Name) > 255:
		return badRequest("name: want 1 to 255 bytes")
	case a.State != protocol.AppStarted && a.State != protocol.AppStopped:
		return badRequest("state: want %s or %s, not %q", protocol.AppStarted, protocol.AppStopped, a.State)
	case a.Instances < 0 || a.Instances > client.MaxInstances:
		return badRequest("instances: want 0 to %d, not %d", client.MaxInstances, a.Instances)
	case a.Runtime == "":
		return badRequest("runtime: want the name of one, such as ruby19")
	case len(a.URIs) > maxNames:
		return badRequest("uris: want at most %d", maxNames)
	}
	for key, n := range map[string]int{"memory": a.Memory, "disk": a.Disk, "fds": a.FDs} {
		if n < 1 || n > maxLimit {
			return badRequest("%s: want 1 to %d, not %d", key, maxLimit, n)
		}
	}
	return nil
}
