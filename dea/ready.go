package dea

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/minicf/minicf/dea/isolation"
)

// How long an instance may take until it is ready.
const (
	portLimit      = 60 * time.Second
	stateFileLimit = 5 * time.Minute
)

// How often the DEA looks: after a hundredth of the time that the instance has taken so far, within
// these bounds. In 2012 it looked twice a second, and every app seemed to need half a second longer
// than it did.
const (
	fastestProbe = 2 * time.Millisecond
	slowestProbe = 15 * time.Millisecond
)

// dialLimit is how long one attempt to reach a port may take.
const dialLimit = 250 * time.Millisecond

// debugSuspend is the debug mode in which an app waits for its debugger before it does anything,
// perhaps for ever.
const debugSuspend = "suspend"

// What ends the waiting for an instance.
var (
	errNeverReady = errors.New("it never became ready for connections")
	errEnded      = errors.New("its startup script ended")
)

// awaitReady returns nil once the instance can be routed to: its state file says RUNNING if the
// droplet names one, else its port accepts connections, else, without URIs, at once.
func (d *DEA) awaitReady(ctx context.Context, in *instance, c isolation.Container) error {
	probe, limit := d.readiness(in, c)
	giveUp := time.NewTimer(limit)
	defer giveUp.Stop()
	if in.request.Debug == debugSuspend {
		giveUp.Stop()
	}
	for start := time.Now(); !probe(ctx); {
		select {
		case <-time.After(min(max(time.Since(start)/100, fastestProbe), slowestProbe)):
		case <-c.Done():
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		case <-giveUp.C:
			in.log.Warn("Giving up on connecting app.", "port", in.port, "limit", limit)
			return errNeverReady
		}
	}
	select {
	case <-c.Done(): // whatever answered, it was somebody else
		if in.port != 0 {
			return errEnded
		}
	default:
	}
	return nil
}

// readiness returns how to look whether an instance is ready, and for how long.
func (d *DEA) readiness(in *instance, c isolation.Container) (probe func(context.Context) bool, limit time.Duration) {
	prober, knows := c.(isolation.Prober)
	name := stateFile(in.dir)
	addr := net.JoinHostPort(d.ip, strconv.Itoa(in.port))
	switch {
	case name == "" && in.port == 0:
		return func(context.Context) bool { return true }, portLimit
	case knows:
		return prober.Ready, portLimit
	case name != "":
		return func(context.Context) bool { return saysRunning(in.dir, name) }, stateFileLimit
	}
	return func(ctx context.Context) bool { return d.probe(ctx, addr) }, portLimit
}

// accepts reports whether something accepts connections at addr.
func accepts(ctx context.Context, addr string) bool {
	dialer := net.Dialer{Timeout: dialLimit}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// stateFile is the file that a droplet's droplet.yaml names, relative to the instance directory;
// empty when it names none.
func stateFile(dir string) string {
	text, err := readInside(dir, "droplet.yaml", maxManifest)
	if err != nil {
		return ""
	}
	var manifest struct {
		StateFile string `yaml:"state_file"`
	}
	defer func() {
		_ = recover() // the file is an app's, and YAML is too large a language to trust its parser with the DEA
	}()
	if yaml.Unmarshal(text, &manifest) != nil {
		return "" // as in 2012: then the port decides
	}
	return manifest.StateFile
}

func saysRunning(dir, name string) bool {
	text, err := readInside(dir, name, maxManifest)
	if err != nil {
		return false
	}
	var is struct {
		State string `json:"state"`
	}
	return json.Unmarshal(text, &is) == nil && is.State == "RUNNING"
}
