package controller

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
)

// The two ways to find a DEA, as `placement` in controller.yml names them. In 2012 the key was new_initial_placement, a boolean.
const (
	// PlaceByDiscover asks all DEAs and takes the first that answers within two seconds: the busier one is, the later it does.
	PlaceByDiscover = "discover"
	// PlaceByAdvertise takes any DEA that has advertised enough room within the last ten seconds.
	PlaceByAdvertise = "advertise"
)

// place finds a DEA for one instance and asks it to run it. That there is none is not an error that anybody waits for: the health
// manager will ask again.
func (c *Controller) place(ctx context.Context, a app, index int, flapping bool) {
	log := c.log.With("app", a.Name, "app_id", a.ID, "index", index)
	need := discoverRequest(a)
	dea, err := c.findDEA(ctx, need)
	c.trouble.note(a.ID, err)
	if errors.Is(err, client.ErrNoDEA) {
		log.Warn("No resources available to start instance", "runtime", a.Runtime, "memory", a.Memory, "reason", err)
		return
	}
	if err != nil {
		log.Error("instance not started", "error", err)
		return
	}
	if err := client.Start(c.bus, dea, c.startRequest(a, index, flapping)); err != nil {
		log.Error("instance not started", "dea", dea, "error", err)
		return
	}
	log.Info("starting instance", "dea", dea, "version", a.version())
}

func (c *Controller) findDEA(ctx context.Context, need protocol.DiscoverRequest) (string, error) {
	if c.cfg.Placement == PlaceByAdvertise {
		dea, ok := c.pool.choose(need, time.Now())
		if !ok {
			return "", client.ErrNoDEA
		}
		return dea, nil
	}
	hello, err := client.Discover(ctx, c.bus, need)
	return hello.ID, err
}

func discoverRequest(a app) protocol.DiscoverRequest {
	return protocol.DiscoverRequest{
		Droplet: protocol.ID(a.ID), Name: a.Name, Limits: limits(a), RuntimeInfo: runtimes.Info(a.Runtime), Runtime: a.Runtime, SHA: a.Droplet,
	}
}

func limits(a app) protocol.Limits {
	mem, disk, fds := protocol.Int(a.Memory), protocol.Int(a.Disk), protocol.Int(a.FDs)
	return protocol.Limits{Mem: &mem, Disk: &disk, FDs: &fds}
}

// startRequest is all that a DEA needs to know.
func (c *Controller) startRequest(a app, index int, flapping bool) protocol.StartRequest {
	partition := c.cfg.CCPartition
	env := a.Env
	if a.FromAPI {
		env = append(slices.Clone(env), fmt.Sprintf("CF_INSTANCE_INDEX=%d", index))
	}
	return protocol.StartRequest{
		Droplet: protocol.ID(a.ID), Name: a.Name, URIs: a.URIs, Runtime: a.Runtime, RuntimeInfo: runtimes.Info(a.Runtime),
		Framework: a.Framework, SHA1: a.Droplet, ExecutableFile: filepath.ToSlash(c.droplets.Path(a.Droplet)), ExecutableURI: c.dropletURI(a),
		Version: a.version(), Services: a.Services, Limits: limits(a), Env: env, Users: []string{}, CCPartition: &partition,
		Index: protocol.Int(index), Flapping: protocol.Truth(flapping),
	}
}

func (c *Controller) dropletURI(a app) string {
	return (&client.Controller{URL: c.URL()}).DropletURI(a.ID, a.Droplet)
}
