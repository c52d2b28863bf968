package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

const deployAbout = `Stage an app and run it on a DEA, as bin/deploy_app of the tutorial did, with the same lines. The app answers to ID.vcap.me, as in
2012, and to ID.localhost, which needs no DNS. --app DIR deploys another app.

A second deploy of the same ID starts a second instance of it; stop them all with --stop. Nobody has a record of such an app, and nobody
starts it again when it crashes.

With --instances the controller gets a record of the app, and the health manager keeps so many instances of it running: see apps, scale, stop,
start and delete. Deploying such an app again replaces its instances by those of the new droplet.`

// startWait is how long an instance may take until it is routed: the DEA itself gives up after a minute.
const startWait = 70 * time.Second

func (s *session) deployCommand() *cobra.Command {
	var f appFlags
	var stopIt bool
	var instances int
	c := &cobra.Command{
		Use: "deploy [ID]", Short: "Stage an app, find a DEA and run it", Long: deployAbout, Args: atMostOne,
		Example: "  minicf deploy\n  minicf deploy my-app --app ./my-app\n  minicf deploy my-app --stop\n  minicf deploy my-app --app ./my-app --instances 2",
	}
	s.jsonFlag(c)
	f.add(c)
	c.Flags().StringArrayVar(&f.env, "env", nil, "a variable for the app, NAME=value; may be given several times")
	c.Flags().BoolVar(&stopIt, "stop", false, "stop every instance of the app instead (dea.stop)")
	c.Flags().IntVarP(&instances, "instances", "i", 0, "keep so many instances running")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := untilTold(c)
		defer stop()
		f.id = firstOr(args, sampleID)
		recorded := c.Flags().Changed("instances")
		switch {
		case stopIt && (f.dir != "" || f.kind.given() || len(f.env) > 0 || recorded):
			return usageError("--stop needs no more than the ID of the app")
		case stopIt:
			return s.stopApp(ctx, f.id)
		case !recorded:
			instances = unsaid
		default:
			if err := checkInstances(instances); err != nil {
				return err
			}
		}
		return s.deployApp(ctx, f, instances)
	}
	return c
}

// unsaid is a number of instances that nobody has asked for.
const unsaid = -1

// deployApp finds out what the app is, uploads it if it is in a directory, and deploys it. An app that has a record, or shall get
// one, is the controller's to run.
func (s *session) deployApp(ctx context.Context, f appFlags, instances int) error {
	app, err := s.describe(ctx, f)
	if err != nil {
		return err
	}
	return s.withPlatform(ctx, func(ctx context.Context, p *platform) error {
		_, err := p.api.Record(ctx, app.ID)
		recorded := err == nil
		if err := s.upload(ctx, p, f); err != nil {
			return err
		}
		if recorded || instances != unsaid {
			return s.deployRecorded(ctx, p, app, instances)
		}
		return s.deploy(ctx, p, app)
	})
}

// deployed is the outcome of a deploy, for programs.
type deployed struct {
	App     string   `json:"app"`
	DEA     string   `json:"dea"`
	SHA1    string   `json:"sha1"`
	Address string   `json:"address"` // of the instance itself
	URLs    []string `json:"urls"`    // through the router
	TaskLog string   `json:"task_log"`
}

// deploy prints the lines of bin/deploy_app; what is new goes to standard error.
func (s *session) deploy(ctx context.Context, p *platform, app client.App) error {
	hello, taskLog, err := s.prepare(ctx, p, app)
	if err != nil {
		return err
	}
	s.say("Asking DEA %s to deploy droplet", hello.ID)
	d := deployed{App: app.ID, DEA: hello.ID, TaskLog: taskLog}
	route, err := p.run(ctx, app, &d)
	if err != nil {
		return s.startFailure(err)
	}
	d.Address = fmt.Sprintf("http://%s:%d", route.Host, *route.Port)
	d.URLs = s.publicURLs(app.URIs)
	if s.json {
		return s.printJSON(d)
	}
	s.say("New app registered at: %s", d.Address)
	s.showURLs(d.URLs)
	return nil
}

// prepare stages an app and finds a DEA that could run it.
func (s *session) prepare(ctx context.Context, p *platform, app client.App) (dea protocol.DEAHello, taskLog string, err error) {
	s.say("Requesting stager to fetch app, stage it and upload back to fake server")
	reply, err := p.stage(ctx, app)
	if !s.json {
		err = s.printTaskLog(reply, err)
	}
	if err != nil {
		return dea, "", err
	}
	s.say("Now finding a DEA to deploy to")
	discover, err := app.DiscoverRequest()
	if err != nil {
		return dea, "", err
	}
	dea, err = client.Discover(ctx, p.bus, discover)
	return dea, reply.TaskLog, err
}

// say prints a line, unless it is programs that read.
func (s *session) say(format string, args ...any) {
	if !s.json {
		fmt.Fprintf(s.out, format+"\n", args...)
	}
}

// showURLs says where an app is, for people.
func (s *session) showURLs(urls []string) {
	for _, u := range urls {
		fmt.Fprintf(s.err, "  → %s\n", u)
	}
}

// run starts the app's newest droplet on the DEA of d and waits until it is routed.
func (p *platform) run(ctx context.Context, app client.App, d *deployed) (protocol.Route, error) {
	sha1, err := p.api.DropletSHA1(ctx, app.ID)
	if err != nil {
		return protocol.Route{}, err
	}
	d.SHA1 = sha1
	start, err := app.StartRequest(0, sha1, p.api.DropletURI(app.ID, sha1))
	if err != nil {
		return protocol.Route{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	return client.Run(ctx, p.bus, d.DEA, start)
}

// publicURLs are the app's names as addresses of the running router; none when no router runs here.
func (s *session) publicURLs(names []string) []string {
	running, err := s.find()
	if err != nil {
		return nil
	}
	router, err := url.Parse(running["router"].URL)
	if err != nil || router.Port() == "" {
		return nil
	}
	var all []string
	for _, n := range names {
		all = append(all, fmt.Sprintf("http://%s:%s/", n, router.Port()))
	}
	return all
}
