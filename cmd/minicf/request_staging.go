package main

import (
	"context"
	"errors"
	"fmt"
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
	var f appFlags
	var quiet bool
	c := &cobra.Command{
		Use: "request-staging [ID]", Short: "Ask a stager to stage an app, and watch the bus", Long: requestStagingAbout, Args: atMostOne,
		Example: "  minicf request-staging\n  minicf request-staging my-app --app ./my-app --quiet",
	}
	s.jsonFlag(c)
	f.add(c)
	c.Flags().BoolVar(&quiet, "quiet", false, "print the task log only")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		f.id = firstOr(args, sampleID)
		app, err := s.describe(ctx, f)
		if err != nil {
			return err
		}
		return s.withPlatform(ctx, func(ctx context.Context, p *platform) error {
			if err := s.upload(ctx, p, f); err != nil {
				return err
			}
			return s.requestStaging(ctx, p, app, quiet)
		})
	}
	return c
}

func (s *session) requestStaging(ctx context.Context, p *platform, app client.App, quiet bool) error {
	if s.json {
		reply, err := p.stage(ctx, app)
		if err != nil {
			return err
		}
		return s.printJSON(reply)
	}
	var reply protocol.StagingReply
	err := s.watched(ctx, p.bus, quiet, func() (err error) {
		reply, err = p.stage(ctx, app)
		return err
	})
	return s.printTaskLog(reply, err)
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
