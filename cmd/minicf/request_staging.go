package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

const requestStagingAbout = `Ask a stager to stage an app, as bin/request_stager_to_stage_app of the tutorial did: every message on the bus is printed, then
the task log. --app DIR uploads another app first.`

// sampleID is the app of the tutorial's scripts.
const sampleID = "my-sinatra-app"

func (s *session) requestStagingCommand() *cobra.Command {
	var dir, runtime, command string
	var quiet bool
	c := &cobra.Command{
		Use: "request-staging [ID]", Short: "Ask a stager to stage an app, and watch the bus", Long: requestStagingAbout, Args: atMostOne,
		Example: "  minicf request-staging\n  minicf request-staging my-app --app ./my-app --quiet",
	}
	s.jsonFlag(c)
	s.appFlags(c, &dir, &runtime, &command)
	c.Flags().BoolVar(&quiet, "quiet", false, "print the task log only")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		p, err := s.connect()
		if err != nil {
			return err
		}
		defer p.Close()
		app, err := p.app(ctx, firstOr(args, sampleID), s.path, dir, client.Overrides{Runtime: runtime, Command: command})
		if err != nil {
			return err
		}
		if s.json {
			reply, err := p.stage(ctx, app)
			if err != nil {
				return err
			}
			return s.printJSON(reply)
		}
		var reply protocol.StagingReply
		err = s.watched(ctx, p.bus, quiet, func() error {
			reply, err = p.stage(ctx, app)
			return err
		})
		return s.printTaskLog(reply, err)
	}
	return c
}

// watched prints all traffic on the bus while f runs, and what f caused before it returns, as the script of 2012 did.
func (s *session) watched(ctx context.Context, b *bus.Bus, quiet bool, f func() error) error {
	if quiet {
		return f()
	}
	sub, err := b.Tap(">", func(m bus.Message) { printMsgReceived(s.out, m) })
	if err != nil {
		return err
	}
	err = f()
	return errors.Join(err, sub.Drain(ctx))
}

// appFlags are about an app of the user's own.
func (s *session) appFlags(c *cobra.Command, dir, runtime, command *string) {
	c.Flags().StringVar(dir, "app", "", "upload the app in this directory first (default: the controller's sample)")
	c.Flags().StringVar(runtime, "runtime", "", "its runtime (default: the framework's)")
	c.Flags().StringVar(command, "command", "", "its start command, for a standalone app")
}

func firstOr(args []string, otherwise string) string {
	if len(args) > 0 {
		return args[0]
	}
	return otherwise
}

// printTaskLog prints the log of a staging, also of one that failed.
func (s *session) printTaskLog(reply protocol.StagingReply, err error) error {
	fmt.Fprint(s.out, reply.TaskLog)
	return err
}

// platform is the running sandbox as a command sees it.
type platform struct {
	bus *bus.Bus
	api *client.Controller
}

// connect finds the running sandbox. The caller closes it.
func (s *session) connect() (*platform, error) {
	api, err := s.controller()
	if err != nil {
		return nil, err
	}
	b, err := s.openBus()
	if err != nil {
		return nil, err
	}
	return &platform{b, api}, nil
}

// Close hangs up. What was published has been sent before.
func (p *platform) Close() { _ = p.bus.Close() }

// app is the app to work with: the tutorial's, or the one in a directory, which is uploaded.
func (p *platform) app(ctx context.Context, id string, path func(string) string, dir string, o client.Overrides) (client.App, error) {
	if dir == "" {
		if o != (client.Overrides{}) {
			return client.App{}, usageError("--runtime and --command are about an app of yours: name it with --app DIR")
		}
		return client.TutorialApp(id), nil
	}
	app, err := client.DescribeDir(ctx, path(dir), id, o)
	if err != nil {
		return app, err
	}
	if _, err := app.Properties(); err != nil {
		return app, &coded{error: err, code: exitUsage}
	}
	return app, p.api.PutPackageDir(ctx, id, path(dir))
}

// stage asks for a droplet and waits for the reply, as long as the stager may take and a little more.
func (p *platform) stage(ctx context.Context, app client.App) (protocol.StagingReply, error) {
	properties, err := app.Properties()
	if err != nil {
		return protocol.StagingReply{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	return client.Stage(ctx, p.bus, protocol.StagingRequest{
		AppID: protocol.ID(app.ID), DownloadURI: p.api.DownloadURI(app.ID), UploadURI: p.api.UploadURI(app.ID, "upload_id"),
		Properties: properties,
	})
}
