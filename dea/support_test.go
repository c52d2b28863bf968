package dea

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/filer"
	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/fake"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// harness is a DEA on a bus of its own, with somebody who listens to everything on it.
type harness struct {
	*DEA
	t       testing.TB
	client  *bus.Bus
	backend *watched
	stop    func() // ends the DEA and waits for it

	mu    sync.Mutex
	heard []bus.Message
	open  bool // whether ports accept connections
}

// testConfig is a DEA that says nothing unasked, so that what it says is the answer to what was
// done.
func testConfig(tb testing.TB) Config {
	dir := tb.TempDir()
	cfg := Default()
	cfg.BaseDir, cfg.PID = filepath.Join(dir, "dea"), filepath.Join(dir, "dea.pid")
	cfg.MaxMemory = config.Megabytes(4096)
	cfg.Runtimes = config.NameMap{{Name: "ruby19", Value: "/bin/sh"}, {Name: "ruby18", Value: "/nope/ruby"}, {Name: "node", Value: "/bin/sh"}, {Name: "java"}}
	cfg.Intervals = Intervals{Heartbeat: config.Duration(1000 * time.Hour), Advertise: config.Duration(1000 * time.Hour)}
	cfg.Status.Port, cfg.FilerPort = bus.NoStatusPort, filer.NoPort
	return cfg
}

// start runs a DEA until the test ends. change may be nil.
func start(t testing.TB, cfg Config, change func(*harness)) *harness {
	t.Helper()
	return join(t, bustest.NewServer(t), cfg, change)
}

// join is start on a bus that others use, too.
func join(t testing.TB, server *bus.Server, cfg Config, change func(*harness)) *harness {
	t.Helper()
	h := &harness{t: t, client: bustest.Join(t, server), backend: &watched{Backend: fake.New(fake.Options{}), stopped: map[string]int{}}, open: true}
	if _, err := h.client.Tap(">", h.hear); err != nil {
		t.Fatal(err)
	}
	if err := h.client.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := New(bustest.Join(t, server), h.backend, cfg, testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	h.DEA = d
	d.probe = func(context.Context, string) bool { h.mu.Lock(); defer h.mu.Unlock(); return h.open }
	d.disk = func(string) (int, error) { return 14, nil }
	d.runtimes.run = func(_ context.Context, _ string, _ []string) ([]byte, error) { return []byte("ruby 1.9.3p286"), nil }
	if change != nil {
		change(h)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- d.Run(ctx, func() { close(ready) }) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("DEA ended with %v", err)
		}
	})
	t.Cleanup(h.stop)
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("DEA ended before it was ready: %v", err)
	}
	return h
}

func (h *harness) hear(m bus.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, m)
}

// listens sets whether the ports of instances accept connections.
func (h *harness) listens(open bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = open
}

// send publishes v, or the bytes of a string as they are.
func (h *harness) send(subject string, v any) {
	h.t.Helper()
	payload, ok := v.(string)
	if !ok {
		text, err := json.Marshal(v)
		if err != nil {
			h.t.Fatal(err)
		}
		payload = string(text)
	}
	if err := h.client.PublishRaw(subject, "_INBOX.test", []byte(payload)); err != nil {
		h.t.Fatal(err)
	}
}

// start sends a start message.
func (h *harness) startApp(r protocol.StartRequest) { h.t.Helper(); h.send("dea."+h.id+".start", r) }

// news returns what the DEA has said since it was last asked, once nothing happens any more. For
// use in a bubble.
func (h *harness) news() []bus.Message {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	var said []bus.Message
	for _, m := range h.heard {
		if m.Reply == "" { // requests of the test have one
			said = append(said, m)
		}
	}
	h.heard = nil
	return said
}

// expect checks the subjects of what the DEA has said since it was last asked, and returns the
// messages. A ? behind a subject lists what its payload must contain.
func (h *harness) expect(want ...string) []bus.Message {
	h.t.Helper()
	said := h.news()
	ok := len(said) == len(want)
	for i := range min(len(said), len(want)) {
		subject, has, _ := strings.Cut(want[i], "?")
		ok = ok && said[i].Subject == subject && strings.Contains(string(said[i].Payload), has)
	}
	if !ok {
		h.t.Errorf("the DEA said:\n%s\nwant:\n  %s", show(said), strings.Join(want, "\n  "))
	}
	return said
}

func show(all []bus.Message) string {
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintf(&b, "  %s %s\n", m.Subject, m.Payload)
	}
	return b.String()
}

// app is a start message that the DEA can fulfil.
func (h *harness) app(droplet string) protocol.StartRequest {
	partition := "default"
	return protocol.StartRequest{
		Droplet: protocol.ID(droplet), Name: droplet, Version: "1-1", SHA1: "SHA-" + droplet, URIs: []string{droplet + ".vcap.me"},
		ExecutableFile: tgz(h.t, map[string]string{"startup": "#!/bin/sh\n%VCAP_LOCAL_RUNTIME% app.rb\n", "stop": "#!/bin/sh\n"}), ExecutableURI: "http://127.0.0.1:1/x",
		RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19", Executable: "ruby", VersionOutput: "ruby 1.9.3p286"}, Framework: "sinatra",
		Limits: protocol.MemLimit(256), Users: []string{"drnic@example.com"}, CCPartition: &partition,
	}
}

// ending is an app whose instances end by themselves after a while.
func (h *harness) ending(droplet string, after time.Duration) protocol.StartRequest {
	r := h.app(droplet)
	r.Env = []string{"FAKE_RUN_FOR=" + after.String(), "FAKE_EXIT_CODE=7"}
	return r
}

// only returns the one instance that the DEA has.
func (h *harness) only() *instance {
	h.t.Helper()
	synctest.Wait()
	return h.one()
}

// one is only outside of a bubble.
func (h *harness) one() *instance {
	h.t.Helper()
	h.DEA.mu.Lock()
	defer h.DEA.mu.Unlock()
	if len(h.registry.all) != 1 {
		h.t.Fatalf("the DEA has %d instances, want 1", len(h.registry.all))
	}
	return h.registry.all[0]
}

// tgz writes a droplet of executable files and returns its path.
func tgz(tb testing.TB, files map[string]string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "droplet.tgz")
	if err := os.WriteFile(path, packed(tb, files), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

func packed(tb testing.TB, files map[string]string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o500, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func entries(tb testing.TB, dir string) []string {
	tb.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// watched is the fake backend without its Prober, so that ports decide, and counts stops.
type watched struct {
	*fake.Backend

	stopTime time.Duration // that stopping takes even when startup has ended

	mu      sync.Mutex
	stopped map[string]int // by instance id
}

type watchedContainer struct {
	isolation.Container
	stop func()
}

func (b *watched) Start(ctx context.Context, s isolation.Spec) (isolation.Container, error) {
	c, err := b.Backend.Start(ctx, s)
	if err != nil {
		return nil, err
	}
	return b.watch(c, s), nil
}

func (b *watched) Adopt(ctx context.Context, h isolation.Handle, s isolation.Spec) (isolation.Container, error) {
	c, err := b.Backend.Adopt(ctx, h, s)
	if err != nil {
		return nil, err
	}
	return b.watch(c, s), nil
}

func (b *watched) watch(c isolation.Container, s isolation.Spec) *watchedContainer {
	return &watchedContainer{c, func() {
		time.Sleep(b.stopTime)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.stopped[s.ID]++
	}}
}

func (c *watchedContainer) Stop(ctx context.Context) error {
	c.stop()
	return c.Container.Stop(ctx)
}

// last returns what was started last.
func (b *watched) last() isolation.Spec {
	all := b.Started()
	if len(all) == 0 {
		return isolation.Spec{}
	}
	return all[len(all)-1]
}

// wasStopped reports whether every instance that was started was stopped, once.
func (b *watched) wasStopped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.Started() {
		if b.stopped[s.ID] != 1 {
			return false
		}
	}
	return len(b.Running()) == 0
}

// runs reports whether an instance runs.
func (b *watched) runs(id string) bool {
	return slices.ContainsFunc(b.Running(), func(s isolation.Spec) bool { return s.ID == id })
}
