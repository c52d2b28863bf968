package dea

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/protocol"
)

// maxDirName bounds the part of an instance directory's name that a message chooses.
const maxDirName = 100

// instance is one copy of an app on this DEA.
type instance struct {
	id      string // 32 hex digits
	private string // 64, known to the router alone, for sticky sessions
	request protocol.StartRequest
	memory  int    // MB
	disk    int    // MB
	fds     int    // open files
	dir     string // absolute
	start   time.Time
	cancel  context.CancelCauseFunc // ends the goroutine that lives the instance's life
	log     *slog.Logger            // names the instance

	// What follows changes, and is guarded by DEA.mu.

	state       protocol.State
	since       time.Time           // of the state
	exit        protocol.ExitReason // once it is gone, or was evacuated
	evacuated   bool                // it was told to be gone, and runs until the DEA stops
	reserved    bool                // memory and a place are taken
	staged      bool                // the directory is there
	uris        []string            // that it serves; those of the request until dea.update says otherwise
	port        int                 // 0: none
	debugPort   int
	consolePort int
	container   isolation.Container // nil until launched
	usage       samples
	nice        int  // steps by which its priority was lowered
	retain      bool // the record and the directory of the crash are kept
	ended       bool // no process is left, and what was taken is given back
}

// newInstance returns an instance that nobody knows of yet. The error says which limit makes no
// sense.
func newInstance(r protocol.StartRequest, apps string, log *slog.Logger) (*instance, error) {
	now := time.Now()
	in := &instance{id: bus.Hex(16), private: bus.Hex(32), request: r, start: now, state: born, since: now}
	in.uris = append([]string{}, r.URIs...) // an empty list on the wire, never null
	in.log = in.logger(log)
	for _, l := range []struct {
		key       string
		asked     *protocol.Int
		otherwise int
		n         *int
	}{
		{"mem", r.Limits.Mem, defaultMemory, &in.memory},
		{"disk", r.Limits.Disk, defaultDisk, &in.disk},
		{"fds", r.Limits.FDs, defaultFDs, &in.fds},
	} {
		n, ok := limit(l.asked, l.otherwise)
		if !ok {
			return nil, fmt.Errorf("limits.%s is %d, want 0 to %d", l.key, n, maxLimit)
		}
		*l.n = n
	}
	in.dir = filepath.Join(apps, in.dirName())
	return in, nil
}

func (in *instance) logger(log *slog.Logger) *slog.Logger {
	return log.With("app", in.request.Name, "app_id", in.request.Droplet, "instance", in.id, "index", in.request.Index)
}

// dirName is <name>-<index>-<instance id>, whatever the name is.
func (in *instance) dirName() string {
	return pathSafe(in.request.Name) + "-" + strconv.Itoa(int(in.request.Index)) + "-" + in.id
}

// idIn is the instance id at the end of what dirName made; ids have no dashes.
func idIn(dirName string) string { return dirName[strings.LastIndexByte(dirName, '-')+1:] }

// logID is how log lines name the instance, in the words of 2012.
func (in *instance) logID() string {
	return fmt.Sprintf("(name=%s app_id=%s instance=%s index=%d)", in.request.Name, in.request.Droplet, in.id, in.request.Index)
}

// portsText names the ports, as a log line of 2012 did.
func (in *instance) portsText() (text string) {
	for _, p := range []struct {
		name string
		port int
	}{{" on port:", in.port}, {" debugger:", in.debugPort}, {" console:", in.consolePort}} {
		if p.port != 0 {
			text += p.name + strconv.Itoa(p.port)
		}
	}
	return text
}

// appPort is the port on the wire: null when there is none.
func (in *instance) appPort() *int { return optional(in.port) }

func optional(port int) *int {
	if port == 0 {
		return nil
	}
	return &port
}

// pathSafe returns name as one component of a path: what is not a letter, digit, dot, dash or
// underscore becomes an underscore, as does a dot or dash at the front.
func pathSafe(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if safe == "" || safe[0] == '.' || safe[0] == '-' {
		safe = "_" + safe[min(1, len(safe)):]
	}
	return safe[:min(len(safe), maxDirName)]
}
