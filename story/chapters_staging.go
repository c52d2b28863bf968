package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
)

// platform introduces the components: they answer vcap.component.discover.
func (t *tale) platform(ctx context.Context) error {
	ask, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	all, err := bus.Gather(ask, t.bus, protocol.ComponentDiscover, protocol.Ignored{}, 4)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s %s\n", "NATS", t.sb.URL("nats"))
	for _, c := range all {
		fmt.Fprintf(&b, "%-16s %s\n", c.Type, c.UUID)
	}
	return t.tell(Step{
		Title: "The platform is up", Elapsed: time.Since(t.seen.began),
		Why: "Five components, and not one of them knows where another is: all they share is a message bus, NATS. Asked " +
			"on vcap.component.discover, each says who it is.",
		Exhibits: []Exhibit{{Label: "who answered", Text: b.String()}},
	})
}

// source puts the app where the stager can fetch it.
func (t *tale) source(ctx context.Context) error {
	began := time.Now()
	step := Step{
		Title: "An app, zipped, waits with the controller",
		Why: "The controller keeps what users upload and serves it over HTTP. It neither stages nor runs anything: it only " +
			"knows whom to ask.",
	}
	if t.AppDir == "" {
		step.Why += " For an id it has never heard of, this one serves a sample, as the tutorial's fake did."
		text, err := t.sampleListing(ctx)
		if err != nil {
			return err
		}
		step.Exhibits = []Exhibit{{Label: "GET " + t.api.DownloadURI(t.App.ID), Text: text}}
		step.Elapsed = time.Since(began)
		return t.tell(step)
	}
	if err := t.api.PutPackageDir(ctx, t.App.ID, t.AppDir); err != nil {
		return err
	}
	nodes, err := droplet.Tree(t.AppDir)
	if err != nil {
		return err
	}
	step.Exhibits = []Exhibit{{Label: "PUT " + t.api.PackageURI(t.App.ID), Text: listing(nodes)}}
	step.Elapsed = time.Since(began)
	return t.tell(step)
}

// sampleListing fetches and unpacks the sample, as the stager will.
func (t *tale) sampleListing(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp(t.DataDir, "sample-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "app.zip")
	if err := download(ctx, t.api.DownloadURI(t.App.ID), file); err != nil {
		return "", err
	}
	app := filepath.Join(dir, "app")
	if err := droplet.UnpackZip(ctx, file, app, droplet.Limits{}); err != nil {
		return "", err
	}
	nodes, err := droplet.Tree(app)
	if err != nil {
		return "", err
	}
	text := listing(nodes)
	if source, err := os.ReadFile(filepath.Join(app, "app.rb")); err == nil {
		text += "\n" + string(source)
	}
	return text, nil
}

// asking shows the request before it is sent: should staging fail, the reader knows what was asked.
func (t *tale) asking(context.Context) error {
	properties, err := t.App.Properties()
	if err != nil {
		return err
	}
	t.request = protocol.StagingRequest{
		AppID: protocol.ID(t.App.ID), DownloadURI: t.api.DownloadURI(t.App.ID),
		UploadURI: t.api.UploadURI(t.App.ID, "upload_id"), Properties: properties,
	}
	payload, err := json.Marshal(t.request)
	if err != nil {
		return err
	}
	return t.tell(Step{
		Title: "A request to stage it",
		Why: "One message on the subject staging. All stagers listen there in one queue group, so exactly one gets it; the " +
			"two URIs are all it learns of the controller.",
		Exhibits: []Exhibit{{Label: "request", Subject: protocol.Staging.String(), Payload: bus.Mask(payload)}},
	})
}

// staging sends the request and shows what came of it, good or bad.
func (t *tale) staging(ctx context.Context) error {
	reply, failure := client.Stage(ctx, t.bus, t.request)
	if _, answered := errors.AsType[*client.StagingError](failure); failure != nil && !answered {
		return failure
	}
	asked, err := t.seen.await(ctx, "the staging request", on(protocol.Staging.String()))
	if err != nil {
		return err
	}
	answered, err := t.seen.await(ctx, "the stager's reply", func(m bus.Message) bool { return m.Subject == asked.Reply })
	if err != nil {
		return err
	}
	step := Step{
		Title: "The stager makes a droplet", Elapsed: answered.Time.Sub(asked.Time),
		Why: "It downloads and unpacks the zip, lets the plugin for " + t.App.Framework + " write startup and stop, packs it all " +
			"and uploads it. Its one reply carries the log for the user.",
	}
	if failure != nil {
		step.Title = "The stager cannot make a droplet"
		step.Why = "It was to download and unpack the zip, let the plugin for " + t.App.Framework + " write startup and stop, pack " +
			"it all and upload it. Its one reply says what failed, and carries the log for the user."
	}
	if reply.TaskLog != "" {
		step.Exhibits = append(step.Exhibits, Exhibit{Label: "task log", Text: reply.TaskLog})
	}
	step.Exhibits = append(step.Exhibits, t.seen.exhibit("reply", answered))
	if err := t.tell(step); err != nil {
		return err
	}
	return failure
}

// droplet shows what the stager made.
func (t *tale) droplet(ctx context.Context) error {
	began := time.Now()
	var err error
	if t.sha1, err = t.api.DropletSHA1(ctx, t.App.ID); err != nil {
		return err
	}
	t.dropletURI = t.api.DropletURI(t.App.ID, t.sha1)
	file := t.staged + ".tgz"
	if err := download(ctx, t.dropletURI, file); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	properties, err := t.App.Properties()
	if err != nil {
		return err
	}
	var limits droplet.Limits
	if executable, ok := runtimes.Find(properties.RuntimeInfo.Executable); ok {
		limits.LinksInto = droplet.ErlangHome(executable) // the droplet of an Erlang release of 2012 has links there
	}
	if err := droplet.Unpack(ctx, f, t.staged, limits); err != nil {
		return err
	}
	nodes, err := droplet.Tree(t.staged)
	if err != nil {
		return err
	}
	startup, err := os.ReadFile(filepath.Join(t.staged, droplet.StartupFile))
	if err != nil {
		return err
	}
	return t.tell(Step{
		Title: "What a droplet is", Elapsed: time.Since(began),
		Why: "A tar of the app and of how to run it. " + t.aboutStartup(string(startup)),
		Exhibits: []Exhibit{
			{Label: "GET " + t.dropletURI, Text: listing(nodes)},
			{Label: "startup, as staged", Text: string(startup)},
		},
	})
}

// aboutStartup says what is remarkable about a startup script.
func (t *tale) aboutStartup(script string) string {
	if strings.Contains(script, droplet.RuntimeToken) {
		return "startup does not say which " + t.App.Runtime + " to run: " + droplet.RuntimeToken + " stands for the one of the machine " +
			"that will run it, which the stager cannot know."
	}
	return "startup runs the app's own command, word for word: nothing in it is left for the DEA to fill in."
}

func listing(nodes []droplet.Node) string {
	const most = 40
	var b strings.Builder
	for i, n := range nodes {
		if i == most {
			fmt.Fprintf(&b, "… and %d more\n", len(nodes)-most)
			break
		}
		size := ""
		if n.Mode.IsRegular() {
			size = fmt.Sprint(n.Size)
		}
		fmt.Fprintf(&b, "%s %7s  %s\n", n.Mode, size, n.Path)
	}
	return b.String()
}

// download fetches a small file.
func download(ctx context.Context, uri, file string) error {
	body, err := fetch(ctx, uri, "")
	if err != nil {
		return err
	}
	if body.status != http.StatusOK {
		return fmt.Errorf("get %s: %s", uri, http.StatusText(body.status))
	}
	return os.WriteFile(file, body.text, 0o600)
}
