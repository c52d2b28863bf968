// Package isolation is where an instance becomes processes, and the seam at which a DEA can be given another way to do it.
//
// A Backend starts what lies in an instance's directory and hands back a Container: the whole family of processes that comes of it, to be
// waited for, measured and stopped as one. A backend never sees a message, and knows nothing of apps, routes or droplets
// beyond the two scripts in the directory, startup and stop.
//
// In 2012 this was `env -i /bin/sh` fed with exports, the stop script being all that ever killed an app; containers (warden) came with
// the second DEA.
package isolation

import (
	"context"
	"errors"
	"time"
)

// IDVariable is the environment variable that tells an instance its id. The DEA exports it to everything it starts, and to nothing twice; apps
// have no reason to change it, as they have with HOME.
const IDVariable = "VMC_APP_ID"

// ErrGone is returned by Usage and Adopt when nothing of the container is alive.
var ErrGone = errors.New("no process of the instance is left")

// Spec is what to start.
type Spec struct {
	ID     string   // instance id, unique on this machine; Env has it as IDVariable
	Dir    string   // instance directory, absolute: working directory, and home of startup and stop
	Args   []string // of startup: "-p", "41234", or none
	Env    []string // the complete environment, "K=V"; nothing is inherited
	Limits Limits

	Runtime string   // program that startup runs the app with, absolute; empty when there is none
	Read    []string // what the app needs to read outside of Dir, besides its runtime
}

// Limits are what the instance may use. Zero means no limit. The DEA measures memory, disk and processes, and ends an instance that uses more; a
// backend that can does better, and holds it to them.
type Limits struct {
	MemoryMB  int
	DiskMB    int
	FDs       int // open files of each process
	Processes int // alive at once
	CPUShares int // of a busy machine's cores, in proportion to what others have; 1024 is what a program has by itself

	UserProcesses int // processes and threads of the user that it runs as, whatever program they are of (ulimit -u)
	FileMB        int // size of one file (ulimit -f)
}

// Handle finds a container again after the DEA was killed and started anew. A process id alone is never enough: it may
// belong to somebody else by now.
type Handle struct {
	ID    string `json:"id"`    // of the instance; empty in what a DEA wrote that knew no such key
	PID   int    `json:"pid"`   // leader of the process group
	Start uint64 `json:"start"` // when it started, in the system's own ticks; 0 where the system does not tell
	Dir   string `json:"dir"`   // of the instance
}

// Exit tells how startup ended.
type Exit struct {
	Status int    // exit status, -1 when a signal ended it or nobody knows
	Reason string // for people: "exit status 7", "signal: killed"
	Stderr string // the last lines that startup itself, not the app, wrote to its standard error

	// OverMemoryKB is what the processes used when the system ended one of them, since they were beyond Limits.MemoryMB; 0 when it did not.
	OverMemoryKB int64
}

// Usage is what all processes of a container use together.
type Usage struct {
	At       time.Time
	CPU      float64 // percent of one core since the last measurement
	MemoryKB int64   // resident; once the system has ended a process for it, the most that there was
	DiskB    int64   // bytes below the directory

	Processes int // that are alive
}

// Container is a started instance. Its methods may be used by many goroutines.
type Container interface {
	// Handle never changes.
	Handle() Handle
	// Done is closed when startup has ended; Exit is meaningful then.
	Done() <-chan struct{}
	Exit() Exit
	// Stop runs the instance's stop script and then makes sure that every process of the container is gone, within a grace time and then by force.
	// It may be called at any time and more than once. The error says what is still alive.
	Stop(ctx context.Context) error
	// Usage measures now. It returns ErrGone when nothing is alive.
	Usage(ctx context.Context) (Usage, error)
}

// Prober is what a Container may be besides, if it knows better than a connection to its port whether its app answers. Ask with a
// type assertion; fake is one, as nothing listens there.
type Prober interface {
	// Ready reports whether the app answers now.
	Ready(ctx context.Context) bool
}

// Nicer is what a Container may be besides, if it can give way to others on a busy machine. Ask with a type assertion.
type Nicer interface {
	// Renice sets the priority of all processes, from 0 (that of everybody else) to 19 (the lowest). Raising it again may not be allowed. The
	// error is errors.ErrUnsupported where the container shares the cores with others by other means.
	Renice(ctx context.Context, nice int) error
}

// Protection is something that instances are kept from, or held to.
type Protection struct {
	Name   string `json:"name"`
	On     bool   `json:"on"`
	Detail string `json:"detail"` // how, or why not
}

// Protector is what a Backend may be besides, if it can tell what it protects. Ask with a type assertion.
type Protector interface {
	// Protections are the same from the first call on: those that are on, and those that this machine does not offer.
	Protections() []Protection
}

// Confiner is what a Backend may be besides, if its instances may not write outside of their directories, /tmp included: they are given a TMPDIR
// inside. Ask with a type assertion.
type Confiner interface {
	Confines() bool
}

// Backend starts containers.
type Backend interface {
	// Name is how dea.yml chooses the backend (isolation: process).
	Name() string
	// Start runs startup. The container outlives ctx, which only bounds the starting. Errors: the startup script is missing or cannot be executed.
	Start(ctx context.Context, s Spec) (Container, error)
	// Adopt takes over the container that another DEA, now dead, started and h finds. s is what it was started with, as far as that is known. The
	// error is ErrGone when its startup has ended; what may be left of it is for Sweep. Its exit status nobody knows.
	Adopt(ctx context.Context, h Handle, s Spec) (Container, error)
	// Sweep ends what another DEA, now dead, started: the container that h finds, if it is still that one, and whatever still runs with h.ID as its
	// IDVariable or with h.Dir as its home. Nothing found is no error.
	Sweep(ctx context.Context, h Handle) error
}
