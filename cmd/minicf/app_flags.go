package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
)

// kindFlags are what the user knows better about an app than its detection.
type kindFlags struct{ framework, runtime, command, buildpack string }

func (f *kindFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.framework, "framework", "", "its framework (default: detected)")
	c.Flags().StringVar(&f.runtime, "runtime", "", "its runtime (default: the framework's)")
	c.Flags().StringVar(&f.command, "command", "", "its start command, for a standalone app")
	c.Flags().StringVar(&f.buildpack, "buildpack", "", "let this buildpack stage it: a directory, or a git URL")
}

// given reports whether any of them was.
func (f kindFlags) given() bool { return f != kindFlags{} }

// errNoApp refuses them for the sample, of which all is known.
func (f kindFlags) errNoApp() error {
	return &coded{
		error: errors.New("--framework, --runtime, --command and --buildpack are about an app of yours"),
		code:  exitUsage, hint: "name it with --app DIR",
	}
}

// overrides is the same for the client. A buildpack's directory that is here goes by its whole path, as the stager has it.
func (f kindFlags) overrides(s *session) client.Overrides {
	o := client.Overrides{Framework: f.framework, Runtime: f.runtime, Command: f.command, Buildpack: f.buildpack}
	if info, err := os.Stat(s.path(f.buildpack)); f.buildpack != "" && err == nil && info.IsDir() {
		o.Buildpack = s.path(f.buildpack)
	}
	return o
}

// appFlags are what deploy and request-staging are told of an app.
type appFlags struct {
	id, dir string
	kind    kindFlags
	env     []string
}

func (f *appFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "app", "", "upload the app in this directory first (default: the controller's sample)")
	f.kind.add(c)
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
		if f.kind.given() {
			return client.App{}, f.kind.errNoApp()
		}
		return client.TutorialApp(f.id), nil
	}
	if info, err := os.Stat(s.path(f.dir)); err != nil || !info.IsDir() {
		return client.App{}, &coded{error: fmt.Errorf("%s is not a directory", f.dir), code: exitNotFound}
	}
	app, err := client.DescribeDir(ctx, s.path(f.dir), f.id, f.kind.overrides(s))
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
