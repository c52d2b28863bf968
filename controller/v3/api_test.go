package v3_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/controller/bits"
	"github.com/minicf/minicf/controller/resources"
	"github.com/minicf/minicf/controller/uaa"
	"github.com/minicf/minicf/controller/v3"
)

// fakePlatform runs nothing and remembers what was wanted.
type fakePlatform struct {
	droplets *bits.Store
	stage    func(context.Context, v3.Staging) (v3.Staged, error) // nil: a droplet of a few bytes

	mu        sync.Mutex
	wanted    map[string]v3.Wanted // by app, what was wanted last
	starts    map[string]int
	instances []v3.Instance
	changed   chan struct{} // closed when instances are others
}

var _ v3.Platform = (*fakePlatform)(nil)

func (p *fakePlatform) Stage(ctx context.Context, s v3.Staging) (v3.Staged, error) {
	if p.stage != nil {
		return p.stage(ctx, s)
	}
	in, err := p.droplets.Receive(bits.CopyFrom(strings.NewReader("droplet of " + s.Bits)))
	if err != nil {
		return v3.Staged{}, err
	}
	defer in.Discard()
	what, _, err := p.droplets.Keep(s.Bits, in)
	return v3.Staged{SHA1: what.SHA1, Framework: "sinatra", Runtime: "ruby", Memory: 128}, err
}

func (p *fakePlatform) Start(_ context.Context, w v3.Wanted) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted[w.ID] = w
	p.starts[w.ID]++
	return nil
}

func (p *fakePlatform) Adjust(_ context.Context, w v3.Wanted) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted[w.ID] = w
	return nil
}

func (p *fakePlatform) Renew(context.Context, string, int) error { return nil }

func (p *fakePlatform) Forget(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.wanted, id)
	return nil
}

func (p *fakePlatform) Await(ctx context.Context, _ string, enough func([]v3.Instance) bool) ([]v3.Instance, error) {
	for {
		p.mu.Lock()
		all, changed := p.instances, p.changed
		p.mu.Unlock()
		if enough(all) || ctx.Err() != nil {
			return all, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// set makes other instances the case.
func (p *fakePlatform) set(all ...v3.Instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instances = all
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *fakePlatform) want(id string) v3.Wanted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted[id]
}

// bench is an API on a fake platform. It can be stopped and started again on the same records and bits.
type bench struct {
	*cf
	platform           *fakePlatform
	packages, droplets *bits.Store
	stop               func()
}

// place is where an API keeps everything.
type place struct {
	dir    string
	server *bus.Server
}

func newPlace(tb testing.TB) place {
	tb.Helper()
	return place{tb.TempDir(), bustest.Start(tb, bus.ServerConfig{NoListen: true, Records: tb.TempDir()})}
}

func startAPI(tb testing.TB, change ...func(*fakePlatform)) *bench {
	tb.Helper()
	return newPlace(tb).start(tb, change...)
}

func (at place) start(tb testing.TB, change ...func(*fakePlatform)) *bench {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	b := &bench{packages: bits.New(filepath.Join(at.dir, "packages"), log), droplets: bits.New(filepath.Join(at.dir, "droplets"), log)}
	b.platform = &fakePlatform{
		droplets: b.droplets, wanted: map[string]v3.Wanted{}, starts: map[string]int{}, changed: make(chan struct{}),
	}
	for _, f := range change {
		f(b.platform)
	}
	pool := resources.New(b.packages, filepath.Join(at.dir, "resources"), log)
	users, err := uaa.New(uaa.Default(), filepath.Join(at.dir, "key"))
	if err := errors.Join(err, b.packages.Open(), b.droplets.Open(), pool.Open(), users.Open()); err != nil {
		tb.Fatal(err)
	}
	api := v3.New(v3.Config{
		Bus: bustest.Join(tb, at.server), UAA: users, Stager: b.platform, Platform: b.platform, Packages: b.packages, Droplets: b.droplets, Resources: pool,
		Uploads: bits.Uploads{Max: 1 << 20}, Log: log, Tell: func(string, string) {},
	})
	r := chi.NewRouter()
	r.Mount("/v3", api.Routes())
	r.Post("/oauth/token", users.Token)
	server := httptest.NewServer(r)
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() { api.Run(ctx, func() { close(ready) }); close(ended) }()
	<-ready
	b.stop = sync.OnceFunc(func() { cancel(); <-ended; server.Close() })
	tb.Cleanup(b.stop)
	b.cf = login(tb, server.URL)
	return b
}

// space is the GUID of the space that there is from the beginning.
func (b *bench) space() string { return b.get("/v3/spaces?names=dev").guid() }

// app makes an app, and returns its GUID.
func (b *bench) app(name string) string {
	b.t.Helper()
	return b.must("POST", "/v3/apps", object{"name": name, "relationships": object{"space": object{"data": object{"guid": b.space()}}}}, 201).guid()
}

// pkg makes a package of an app, uploads files, and returns its GUID.
func (b *bench) pkg(app string, files map[string]string) string {
	b.t.Helper()
	p := b.must("POST", "/v3/packages", object{"type": "bits", "relationships": object{"app": object{"data": object{"guid": app}}}}, 201).guid()
	if a := b.upload("/v3/packages/"+p+"/upload", "", zipOf(b.t, files)); a.status != 200 {
		b.t.Fatalf("upload = %d %s", a.status, a.body)
	}
	return p
}

// build stages a package, waits for the end, and returns the answer.
func (b *bench) build(pkg string) answer {
	b.t.Helper()
	guid := b.must("POST", "/v3/builds", object{"package": object{"guid": pkg}}, 201).guid()
	return b.get("/v3/builds/" + guid)
}

// droplet makes an app's current droplet of files, and returns its GUID.
func (b *bench) droplet(app string, files map[string]string) string {
	b.t.Helper()
	built := b.build(b.pkg(app, files))
	d, _ := built.object["droplet"].(object)
	guid, _ := d["guid"].(string)
	if guid == "" {
		b.t.Fatalf("build = %s", built.body)
	}
	b.must("PATCH", "/v3/apps/"+app+"/relationships/current_droplet", object{"data": object{"guid": guid}}, 200)
	return guid
}

// failureOf is the code and the detail of an answer that says no.
func failureOf(a answer) (code int, detail string) {
	all, _ := a.object["errors"].([]any)
	if len(all) != 1 {
		return 0, a.body
	}
	e, _ := all[0].(object)
	n, _ := e["code"].(float64)
	detail, _ = e["detail"].(string)
	return int(n), detail
}

func mustRead(tb testing.TB, r io.Reader) string {
	tb.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
