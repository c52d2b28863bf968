package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
)

// appFlags are what deploy and request-staging are told of an app.
type appFlags struct {
	id, dir, runtime, command, buildpack string
	env                                  []string
}

func (f *appFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "app", "", "upload the app in this directory first (default: the controller's sample)")
	c.Flags().StringVar(&f.runtime, "runtime", "", "its runtime (default: the framework's)")
	c.Flags().StringVar(&f.command, "command", "", "its start command, for a standalone app")
	c.Flags().StringVar(&f.buildpack, "buildpack", "", "let this buildpack stage it: a directory, or a git URL")
}

// describe is the app to work with: the tutorial's, or the one in a directory. It refuses what could not travel.
func (s *session) describe(ctx context.Context, f appFlags) (client.App, error) {
	if err := client.CheckID(f.id); err != nil {
		return client.App{}, &coded{error: err, code: exitUsage}
	}
	if err := client.CheckEnv(f.env); err != nil {
		return client.App{}, &coded{error: fmt.Errorf("--env: %w", err), code: exitUsage}
	}
	app, err := s.describeDir(ctx, f)
	app.Env = f.env
	return app, err
}

func (s *session) describeDir(ctx context.Context, f appFlags) (client.App, error) {
	if f.dir == "" {
		if f.runtime+f.command+f.buildpack != "" {
			return client.App{}, usageError("--runtime, --command and --buildpack are about an app of yours: name it with --app DIR")
		}
		return client.TutorialApp(f.id), nil
	}
	if info, err := os.Stat(s.path(f.dir)); err != nil || !info.IsDir() {
		return client.App{}, &coded{error: fmt.Errorf("%s is not a directory", f.dir), code: exitNotFound}
	}
	app, err := client.DescribeDir(ctx, s.path(f.dir), f.id, client.Overrides{Runtime: f.runtime, Command: f.command, Buildpack: s.buildpack(f.buildpack)})
	if err != nil {
		return app, err
	}
	if _, err := app.Properties(); err != nil {
		return app, &coded{error: err, code: exitUsage}
	}
	return app, nil
}

// upload gives the app's directory to the controller, if it has one.
func (s *session) upload(ctx context.Context, p *platform, f appFlags) error {
	if f.dir == "" {
		return nil
	}
	return p.api.PutPackageDir(ctx, f.id, s.path(f.dir))
}

// buildpack is an address as the stager understands it: a directory that is here by its whole path.
func (s *session) buildpack(address string) string {
	if info, err := os.Stat(s.path(address)); address != "" && err == nil && info.IsDir() {
		return s.path(address)
	}
	return address
}
