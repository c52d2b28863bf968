package v3

import (
	"context"
	"errors"
	"strings"

	"github.com/minicf/minicf/bus"
)

// The names of what is there from the beginning.
const (
	defaultOrg    = "minicf"
	defaultSpace  = "dev"
	defaultDomain = "localhost"
)

// settle makes everything what the records say, after whatever ended the last run: there is an organization to target, a build that was under way has
// failed, what should run is asked for again, and bits that no record names are gone. It can be repeated.
func (a *API) settle(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		a.found, a.failBuilds, a.resume, a.forgetOrphans, a.collect, a.forgetOldJobs, a.forgetOldEvents,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// found makes the organization, the space and the domain that there are from the beginning, each if there is none at all.
func (a *API) found(ctx context.Context) error {
	orgs, err := a.orgs.All(ctx)
	if err != nil {
		return err
	}
	if len(orgs) == 0 {
		orgs = []organization{{head: newHead(), Name: defaultOrg}}
		if err := add(ctx, a.orgs, orgs[0]); err != nil {
			return err
		}
	}
	spaces, err := a.spaces.All(ctx)
	if err != nil {
		return err
	}
	if len(spaces) == 0 && orgs[0].Name == defaultOrg {
		if err := add(ctx, a.spaces, space{head: newHead(), Name: defaultSpace, Org: orgs[0].GUID}); err != nil {
			return err
		}
	}
	domains, err := a.domains.All(ctx)
	if err != nil || len(domains) > 0 {
		return err
	}
	return add(ctx, a.domains, domain{head: newHead(), Name: defaultDomain})
}

// failBuilds ends the builds whose reply would have come to a controller that is gone.
func (a *API) failBuilds(ctx context.Context) error {
	all, err := a.builds.All(ctx)
	if err != nil {
		return err
	}
	for _, b := range only(all, func(b build) bool { return b.State == staging }) {
		_, err := edit(ctx, a.builds, "Build", b.GUID, func(b *build) error {
			b.State, b.Error, b.UpdatedAt = failed, "StagingError - The controller was stopped before the stager had answered; push again", now()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// resume asks the platform for every app that should run, and to stop every other. What runs already runs on.
func (a *API) resume(ctx context.Context) error {
	all, err := a.apps.All(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		if err := a.readjust(ctx, x.GUID); err != nil {
			return err
		}
	}
	return nil
}

// forgetOrphans drops packages and droplets whose app is gone: it was deleted while they were made.
func (a *API) forgetOrphans(ctx context.Context) error {
	apps, err := a.apps.All(ctx)
	if err != nil {
		return err
	}
	there := byGUID(apps)
	droplets, err := a.droplets.All(ctx)
	if err != nil {
		return err
	}
	for _, d := range droplets {
		if _, ok := there[d.App]; !ok {
			if err := a.dropDroplet(ctx, d); err != nil {
				return err
			}
		}
	}
	packages, err := a.packages.All(ctx)
	if err != nil {
		return err
	}
	for _, p := range packages {
		if _, ok := there[p.App]; !ok {
			if err := a.dropPackage(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// collect drops the bits that no record names: those of a staging or an upload that was cut off.
func (a *API) collect(ctx context.Context) error {
	for _, guid := range a.Packages.Names(bitsPrefix) {
		_, err := a.packages.Get(ctx, strings.TrimPrefix(guid, bitsPrefix))
		if errors.Is(err, bus.ErrNoRecord) {
			a.Packages.Drop(guid)
		} else if err != nil {
			return err
		}
	}
	for _, guid := range a.Droplets.Names(bitsPrefix) {
		_, err := a.droplets.Get(ctx, strings.TrimPrefix(guid, bitsPrefix))
		if errors.Is(err, bus.ErrNoRecord) {
			a.Droplets.Drop(guid)
		} else if err != nil {
			return err
		}
	}
	return nil
}
