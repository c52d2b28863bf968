package v3

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/minicf/minicf/client"
)

// build is a staging: one request on the bus, and its reply.
type build struct {
	head
	App     string `json:"app"`     // GUID
	Package string `json:"package"` // GUID
	State   string `json:"state"`   // staging, staged, failed
	Error   string `json:"error,omitempty"`
	Droplet string `json:"droplet,omitempty"` // GUID, also of one that is still to come
	By      target `json:"by"`
	// As is what the build was asked to take for the app's buildpacks; nil is what the app says.
	As []string `json:"as,omitempty"`
}

// The states of a build, besides failed.
const (
	staging = "STAGING"
	staged  = "STAGED" // of droplets, too
)

// stagingPatience ends a build that no stager answers: one that was killed never will.
const stagingPatience = 15 * time.Minute

func buildListing() listing[build] {
	return listing[build]{filters: map[string]filter[build]{
		"app_guids":     oneOf(func(b build) string { return b.App }),
		"package_guids": oneOf(func(b build) string { return b.Package }),
		"states":        oneOf(func(b build) string { return b.State }),
	}}
}

func (c *call) viewBuild(b build) object {
	o := object{
		"state": b.State, "error": nil, "droplet": nil, "package": object{"guid": b.Package}, "created_by": b.By,
		"lifecycle": viewLifecycle(b.As, localStack), "relationships": object{"app": related(b.App)},
		"links": object{"self": c.href("builds", b.GUID), "app": c.href("apps", b.App)},
	}
	if b.Error != "" {
		o["error"] = b.Error
	}
	if b.State == staged {
		o["droplet"] = object{"guid": b.Droplet}
	}
	return b.view(o)
}

func (a *API) listBuilds(c *call) error {
	all, err := a.builds.All(c.Context())
	if err != nil {
		return err
	}
	if guid := c.param("guid"); guid != "" {
		if _, err := a.app(c); err != nil {
			return err
		}
		all = only(all, func(b build) bool { return b.App == guid })
	}
	return list(c, buildListing(), all, c.viewBuild)
}

// showBuild answers when the build has ended, or after a while.
func (a *API) showBuild(c *call) error {
	ctx, cancel := context.WithTimeout(c.Context(), a.held)
	defer cancel()
	for {
		changed := a.staged.next()
		b, err := find(c.Context(), a.builds, "Build", c.param("guid"))
		if err != nil {
			return err
		}
		if b.State != staging || ctx.Err() != nil {
			return c.json(http.StatusOK, c.viewBuild(b))
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (a *API) createBuild(c *call) error {
	var body struct {
		Package struct {
			GUID string `json:"guid"`
		} `json:"package"`
		Lifecycle *struct {
			Type string `json:"type"`
			Data struct {
				Buildpacks []string `json:"buildpacks"`
				Stack      string   `json:"stack"`
			} `json:"data"`
		} `json:"lifecycle"`
		Memory   *int      `json:"staging_memory_in_mb"`
		Disk     *int      `json:"staging_disk_in_mb"`
		LogRate  *int      `json:"staging_log_rate_limit_bytes_per_second"`
		Metadata *metadata `json:"metadata"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	p, err := a.packages.Get(c.Context(), body.Package.GUID)
	if err != nil {
		return unprocessable("Unable to use package. Ensure that the package exists and you have access to it.")
	}
	if p.State != ready {
		return unprocessable("Package is not ready: its state is %s.", p.State)
	}
	x, err := find(c.Context(), a.apps, "App", p.App)
	if err != nil {
		return err
	}
	b := build{
		head: newHead(), App: p.App, Package: p.GUID, State: staging, Droplet: newGUID(), By: target{c.who.ID, c.who.Type, c.who.Name}, As: x.Buildpacks,
	}
	b.note(body.Metadata)
	if l := body.Lifecycle; l != nil && l.Data.Buildpacks != nil {
		b.As = l.Data.Buildpacks
	}
	if err := checkBuildpacks(b.As); err != nil {
		return err
	}
	if err := a.begin(c, b); err != nil {
		return err
	}
	a.recordApp(c, "audit.app.build.create", x, map[string]any{"build_guid": b.GUID, "package_guid": p.GUID})
	a.work.do(func(ctx context.Context) { a.stage(ctx, b) })
	return c.json(http.StatusCreated, c.viewBuild(b))
}

// begin records a build, unless one of the app's is under way.
func (a *API) begin(c *call, b build) error {
	defer a.busy.Lock(b.App)()
	all, err := a.builds.All(c.Context())
	if err != nil {
		return err
	}
	if len(only(all, func(o build) bool { return o.App == b.App && o.State == staging })) > 0 {
		return unprocessable("Only one build can be STAGING at a time per application.")
	}
	return add(c.Context(), a.builds, b)
}

// stage has a build done and records how it ended. When the controller stops meanwhile the record stays as it is, for the next start to
// settle.
func (a *API) stage(ctx context.Context, b build) {
	defer a.staged.fire()
	d, err := a.makeDroplet(ctx, b)
	if ctx.Err() != nil {
		return
	}
	_, gone := edit(ctx, a.builds, "Build", b.GUID, func(b *build) error {
		b.State, b.UpdatedAt = staged, now()
		if err != nil {
			b.State, b.Error = failed, reasonOf(err)
		}
		return nil
	})
	if gone != nil && err == nil { // the app was deleted
		err = a.dropDroplet(ctx, d)
	}
	if err != nil || gone != nil {
		a.Log.Warn("build has no droplet", "app_id", b.App, "build", b.GUID, "error", errors.Join(err, gone))
		return
	}
	if x, err := a.apps.Get(ctx, b.App); err == nil {
		if err := a.dropBits(ctx, b.App, maxKept, x.Droplet); err != nil {
			a.Log.Warn("old droplets stay", "app_id", b.App, "error", err)
		}
	}
}

// makeDroplet stages a package, and records the droplet.
func (a *API) makeDroplet(ctx context.Context, b build) (droplet, error) {
	ctx, cancel := context.WithTimeout(ctx, stagingPatience)
	defer cancel()
	x, err := a.apps.Get(ctx, b.App)
	if err != nil {
		return droplet{}, err
	}
	id := bitsID(b.Droplet)
	if _, err := a.Packages.Share(bitsID(b.Package), id); err != nil {
		return droplet{}, err
	}
	defer a.Packages.Drop(id)
	out, err := a.Stager.Stage(ctx, Staging{
		Bits: id, App: x.GUID, Name: x.Name, As: overrides(b.As, x.Process.Command), Env: x.settings(), Memory: x.Process.Memory,
	})
	if err != nil {
		return droplet{}, err
	}
	d := droplet{
		head: newHead(), App: x.GUID, Package: b.Package, Build: b.GUID, SHA1: out.SHA1, Framework: out.Framework, Runtime: out.Runtime,
		Command: out.Command, Memory: out.Memory,
	}
	d.GUID = b.Droplet
	return d, add(ctx, a.droplets, d)
}

// reasonOf words why a build has failed. The cf command looks for NoAppDetectedError.
func reasonOf(err error) string {
	if _, unknown := errors.AsType[*client.StandaloneError](err); unknown {
		return "NoAppDetectedError - An app was not successfully detected by any available buildpack: " + err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "StagerError - No stager has answered for " + stagingPatience.String()
	}
	hint := ""
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		hint = " (" + h.Hint() + ")"
	}
	return "StagingError - " + err.Error() + hint
}
