package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/client/cf"
	"github.com/minicf/minicf/framework"
)

// pushed is what became of a push, for programs.
type pushed struct {
	App       string   `json:"app"`
	GUID      string   `json:"guid"`
	State     string   `json:"state"`
	Instances int      `json:"instances"`
	URLs      []string `json:"urls"`
	Kind      string   `json:"kind,omitempty"` // framework and runtime
	Files     int      `json:"files"`
	Uploaded  int      `json:"uploaded_files"`
	Bytes     int64    `json:"uploaded_bytes"` // before they were packed
	Timings   []timing `json:"timings"`
}

// timing is how long a step took.
type timing struct {
	Step         string  `json:"step"`
	Milliseconds float64 `json:"ms"`
}

// pusher pushes one app, step by step.
type pusher struct {
	*session
	api     *cf.Client
	app     manifestApp
	noStart bool

	result pushed
	began  time.Time // of the step under way
}

func (p *pusher) run(ctx context.Context) (pushed, error) {
	files, archive, err := p.look(ctx)
	if err != nil {
		return p.result, err
	}
	p.say("Pushing %s to %s as %s", p.app.name, p.api.Place(), p.api.Who())
	p.began = time.Now()
	app, err := p.apply(ctx)
	if err != nil {
		return p.result, err
	}
	p.result.App, p.result.GUID, p.result.State = app.Name, app.GUID, app.State
	pkg, err := p.upload(ctx, app, files, archive)
	if err != nil {
		return p.result, err
	}
	if p.noStart {
		p.say("%s is uploaded, and runs as before", app.Name)
		return p.result, nil
	}
	if err := p.stage(ctx, app, pkg); err != nil {
		return p.result, err
	}
	return p.result, p.start(ctx, app)
}

// look reads what there is to push: files, or an archive that is all of the app.
func (p *pusher) look(ctx context.Context) (files *cf.Files, archive string, err error) {
	info, err := os.Stat(p.app.path)
	if err != nil {
		return nil, "", &coded{error: fmt.Errorf("there is nothing to push at %s", p.app.path), code: exitNotFound, hint: "name the app's directory with -p DIR"}
	}
	if !info.IsDir() {
		return nil, p.app.path, nil
	}
	name, err := framework.Archive(ctx, p.app.path)
	if err != nil {
		return nil, "", err
	}
	if name != "" {
		return nil, filepath.Join(p.app.path, name), nil
	}
	files, err = cf.ReadDir(ctx, p.app.path)
	return files, "", err
}

// apply makes the app what is wanted.
func (p *pusher) apply(ctx context.Context) (cf.App, error) {
	text, err := p.app.yaml()
	if err != nil {
		return cf.App{}, err
	}
	warnings, err := p.api.ApplyManifest(ctx, text)
	if err != nil {
		return cf.App{}, err
	}
	for _, w := range warnings {
		fmt.Fprintf(p.err, "  ! %s\n", w)
	}
	return p.api.App(ctx, p.app.name)
}

// done notes how long the step took that is over.
func (p *pusher) done(step string) {
	now := time.Now()
	p.result.Timings = append(p.result.Timings, timing{step, float64(now.Sub(p.began).Microseconds()) / 1000})
	p.began = now
}

func (p *pusher) upload(ctx context.Context, app cf.App, files *cf.Files, archive string) (cf.Package, error) {
	defer p.done("upload")
	bar := p.uploadBar()
	defer bar.end()
	if archive != "" {
		p.say("Uploading %s, which is all of the app", filepath.Base(archive))
		return p.api.PutArchive(ctx, app.GUID, archive, bar.show)
	}
	u, err := p.api.Match(ctx, files)
	if err != nil {
		return cf.Package{}, err
	}
	p.result.Files, p.result.Uploaded, p.result.Bytes = files.Count, u.Count, u.Bytes
	if u.Count == 0 {
		p.say("Nothing to upload: the controller has all %d files", files.Count)
	} else {
		p.say("Uploading %d of %d files, %s", u.Count, files.Count, sizeOf(u.Bytes))
	}
	return p.api.PutFiles(ctx, app.GUID, files, u, bar.show)
}

// stage makes a droplet; what the stager says is shown as it comes.
func (p *pusher) stage(ctx context.Context, app cf.App, pkg cf.Package) error {
	p.say("Staging")
	tail := p.followLog(ctx, app, func(l cf.Line) bool { return l.Source == cf.FromStaging })
	b, err := p.api.Stage(ctx, app, pkg)
	tail()
	p.done("staging")
	if err != nil {
		return err
	}
	if err := p.api.Use(ctx, app.GUID, b.Droplet.GUID); err != nil {
		return err
	}
	d, err := p.api.Current(ctx, app.GUID)
	p.result.Kind = d.Kind()
	return err
}

// followLog shows the lines that are wanted, from now on until what it returns is called. A controller without a log shows nothing.
func (p *pusher) followLog(ctx context.Context, app cf.App, wanted func(cf.Line) bool) (stop func()) {
	before, err := p.api.Recent(ctx, app.GUID)
	if err != nil || p.json {
		return func() {}
	}
	last := time.Unix(0, 0)
	if n := len(before); n > 0 {
		last = before[n-1].Time
	}
	show := func(l cf.Line) {
		last = l.Time
		if wanted(l) {
			p.say("  %s", printable(l.Text))
		}
	}
	following, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.api.Follow(following, app.GUID, last, show) }) // the work goes on without
	return func() {
		end()
		wg.Wait()
		rest, _ := p.api.LinesAfter(ctx, app.GUID, last)
		for _, l := range rest {
			show(l)
		}
	}
}

// start runs the droplet and waits until all instances do.
func (p *pusher) start(ctx context.Context, app cf.App) error {
	process, err := p.api.Process(ctx, app.GUID)
	if err != nil {
		return err
	}
	p.say("Starting %s of %s (%s)", instances(process.Instances), app.Name, p.result.Kind)
	err = p.api.Restart(ctx, app.GUID)
	if err == nil {
		err = p.awaitRunning(ctx, p.api, app, process.Instances, 0)
	}
	p.done("start")
	if err != nil {
		return err
	}
	p.result.State, p.result.Instances = cf.Started, process.Instances
	if p.result.URLs, err = p.urlsOf(ctx, p.api, app.GUID); err != nil || p.json {
		return err
	}
	p.say("%s runs with %s; %s", app.Name, instances(process.Instances), p.times())
	p.showURLs(p.result.URLs)
	return nil
}

// times are the timings in a line.
func (p *pusher) times() string {
	total, words := 0.0, []string{}
	for _, t := range p.result.Timings {
		total += t.Milliseconds
		words = append(words, fmt.Sprintf("%s %.0f ms", t.Step, t.Milliseconds))
	}
	return fmt.Sprintf("%.0f ms: %s", total, strings.Join(words, ", "))
}

// instances is a number of them.
func instances(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}

// urlsOf are the addresses of an app at the running router; without one, its names.
func (s *session) urlsOf(ctx context.Context, api *cf.Client, app string) ([]string, error) {
	routes, err := api.RoutesOf(ctx, app)
	names := []string{}
	for _, r := range routes {
		names = append(names, r.URL)
	}
	slices.Sort(names)
	if urls := s.publicURLs(names); urls != nil {
		return urls, err
	}
	return names, err
}

// awaitRunning waits until all instances of an app run. When one does not, the end of the log is part of the error.
func (s *session) awaitRunning(ctx context.Context, api *cf.Client, app cf.App, n int, settled time.Duration) error {
	err := api.AwaitRunning(ctx, app, n, settled, func(text string) { s.say("  %s", text) })
	failed, ok := err.(*cf.StartError) //nolint:errorlint // it is returned as it is
	if !ok {
		return err
	}
	return s.withLastWords(ctx, api, app, failed)
}

// uploadBar is how an upload of some size shows on a terminal.
type uploadBar struct {
	s     *session
	shown time.Time
}

const barPause = 100 * time.Millisecond

func (s *session) uploadBar() *uploadBar { return &uploadBar{s: s, shown: time.Now()} }

func (b *uploadBar) show(n int64) {
	if b.s.json || !b.s.onTerminal() || time.Since(b.shown) < barPause {
		return
	}
	b.shown = time.Now()
	fmt.Fprintf(b.s.err, "\r  %s sent ", sizeOf(n))
}

func (b *uploadBar) end() {
	if !b.s.json && b.s.onTerminal() {
		fmt.Fprint(b.s.err, "\r\x1b[K")
	}
}

// sizeOf is a number of bytes, for people.
func sizeOf(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
