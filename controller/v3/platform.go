package v3

import (
	"context"
	"time"

	"github.com/minicf/minicf/client"
)

// Stager is the stagers, as the controller reaches them over the bus.
type Stager interface {
	// Stage has a package made into a droplet, which is stored under the same id as the package. The error is a *client.StandaloneError when
	// nobody can tell what kind of app it is, a *client.StagingError when the stager says no.
	Stage(ctx context.Context, s Staging) (Staged, error)
}

// Platform is what runs apps: the DEAs, as the controller reaches them over the bus.
type Platform interface {
	// Start runs an app with the droplet that is stored under w.Droplet, whether or not it runs already: what runs then is a new version of it.
	Start(ctx context.Context, w Wanted) error
	// Adjust changes how many instances of an app there are and where they are reached, without a restart. With none the app is stopped. An app that was
	// never started stays as it is.
	Adjust(ctx context.Context, w Wanted) error
	// Renew starts one instance of an app anew.
	Renew(ctx context.Context, id string, index int) error
	// Forget stops an app for good, and drops what was stored for it.
	Forget(ctx context.Context, id string) error
	// Await looks at the instances of an app until enough says so, or ctx ends; the last look is returned. It looks at least once. An app that
	// is not started has none.
	Await(ctx context.Context, id string, enough func([]Instance) bool) ([]Instance, error)
}

// Staging is what a stager has to know.
type Staging struct {
	Bits   string // id under which the package is stored, and the droplet will be
	App    string // GUID
	Name   string
	As     client.Overrides // what the user knows better than the detection
	Env    []string         // "K=V"
	Memory int              // MB; 0: what the framework needs
}

// Staged is what became of it.
type Staged struct {
	SHA1      string
	Framework string
	Runtime   string
	Command   string // "" when the framework knows how it is started
	Memory    int    // MB, what the framework needs
	Log       string // of the stager's task
}

// Wanted is what is wanted of an app.
type Wanted struct {
	ID        string // GUID
	Name      string
	Droplet   string // id under which it is stored
	Instances int
	Memory    int // MB
	Disk      int // MB
	URIs      []string
	Env       []string // "K=V"
	Framework string
	Runtime   string
	Stopped   bool
}

// Instance is one instance that should run, and how it does.
type Instance struct {
	Index     int
	State     string // RUNNING, STARTING, CRASHED, DOWN
	Details   string // why it does not run, if that is known
	Host      string
	Port      int
	Uptime    time.Duration
	CPU       float64 // of one core: 1 is all of it
	Mem, Disk int64   // bytes
	MemQuota  int64   // bytes
	DiskQuota int64   // bytes
	FDsQuota  int
}
