package sandbox_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// chaos is how long TestChaos rages: go test ./sandbox -run Chaos -chaos 60s.
var chaos = flag.Duration("chaos", 10*time.Second, "how long TestChaos kills")

// settle is how long everything may take to be well again: what was killed last is missed, placed and started.
const settle = 2 * time.Minute

// Whatever is killed at whatever moment: in the end what was promised is the case, and nothing else is.
func TestChaos(t *testing.T) {
	testkit.RequireTool(t, "python3", "bash", "go")
	if testing.Short() {
		t.Skip("SKIP: chaos takes its time: run without -short")
	}
	h := startHerd(t)
	p := newPeople(t, h)
	p.deploy(t, "steady", 2)
	if p.promised["steady"].Instances != 2 {
		t.Fatal("nothing could be deployed while all was well")
	}
	p.expect(t, "steady", p.promised["steady"])
	raging, calm := context.WithTimeout(t.Context(), *chaos)
	defer calm()
	var all sync.WaitGroup
	all.Go(func() { p.browse(raging) })
	all.Go(func() { p.work(raging, t) })
	killed := h.rage(raging, t)
	all.Wait()
	t.Logf("killed %v; %d of %d requests answered; promised %d apps", killed, p.answered.Load(), p.asked.Load(), len(p.promised))
	if p.answered.Load() == 0 {
		t.Error("no request was answered while things were killed")
	}
	for id, promise := range p.promised {
		p.expect(t, id, promise)
	}
	for id, sha1 := range p.droplets {
		if got := p.droplet(t, id, sha1); got != http.StatusOK {
			t.Errorf("the droplet %s of %s was acknowledged, and is answered with %d", sha1, id, got)
		}
	}
	p.deleteAll(t)
	expectNothingOfApps(t, h)
}

// rage kills one thing after the other, and starts it again, until ctx ends. The result counts what was killed.
func (h *herd) rage(ctx context.Context, t *testing.T) map[string]int {
	t.Helper()
	victims := slices.DeleteFunc(members(), func(name string) bool { return name == "controller" })
	victims = append(victims, "app")
	killed := map[string]int{}
	for {
		pause(ctx, time.Duration(200+rand.IntN(600))*time.Millisecond)
		if ctx.Err() != nil {
			return killed
		}
		name := victims[rand.IntN(len(victims))]
		killed[name]++
		if name == "app" {
			if pids := h.appProcesses(); len(pids) > 0 {
				_ = syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL) // or it has just ended by itself
			}
			continue
		}
		h.kill(name)
		pause(ctx, time.Duration(rand.IntN(300))*time.Millisecond)
		h.start(t, name)
	}
}

// pause waits, and not longer than ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// people use the platform, and remember what it promised them.
type people struct {
	herd *herd
	api  *client.Controller
	dir  string // of the app

	asked, answered atomic.Int64
	promised        map[string]client.Record
	droplets        map[string]string // id → SHA1 that was acknowledged last
}

func newPeople(t *testing.T, h *herd) *people {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "web.py"), []byte(pidApp), 0o644); err != nil {
		t.Fatal(err)
	}
	return &people{
		herd: h, api: &client.Controller{URL: h.api, HTTP: &http.Client{Timeout: 15 * time.Second}}, dir: dir,
		promised: map[string]client.Record{}, droplets: map[string]string{},
	}
}

// browse asks the steady app all the time.
func (p *people) browse(ctx context.Context) {
	browser := &http.Client{Timeout: 2 * time.Second}
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.herd.routerAt, nil)
		if err != nil {
			return
		}
		req.Host = "steady.localhost"
		p.asked.Add(1)
		if resp, err := browser.Do(req); err == nil {
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK && strings.HasPrefix(string(body), "pid ") {
				p.answered.Add(1)
			}
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// work deploys and scales apps all the time.
func (p *people) work(ctx context.Context, t *testing.T) {
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("app%d", n%4)
		if n%3 == 2 {
			p.scale(t, id, 1+rand.IntN(2))
		} else {
			p.deploy(t, id, 1)
		}
	}
}

// deploy stages an app and has it kept running. What fails was never promised.
func (p *people) deploy(t *testing.T, id string, instances int) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	app, err := client.DescribeDir(ctx, p.dir, id, client.Overrides{Runtime: "python3", Command: "exec python3 web.py"})
	if err != nil {
		t.Error(err)
		return
	}
	app.Memory = 32
	if p.stage(ctx, app) != nil {
		return
	}
	if sha1, err := p.api.DropletSHA1(ctx, id); err == nil {
		p.droplets[id] = sha1
	}
	p.promise(id, func() (client.Record, error) { return p.api.RunApp(ctx, id, app.Record(instances)) })
}

func (p *people) stage(ctx context.Context, app client.App) error {
	if err := p.api.PutPackageDir(ctx, app.ID, p.dir); err != nil {
		return err
	}
	properties, err := app.Properties()
	if err != nil {
		return err
	}
	b := bus.New(bus.Options{URL: p.herd.nats, Once: true})
	if err := b.Open(); err != nil {
		return err
	}
	defer b.Close()
	up, end := b.WhileUp(ctx)
	defer end()
	limited, cancel := context.WithTimeout(up, 5*time.Second) // a stager that was killed never answers
	defer cancel()
	_, err = client.Stage(limited, b, protocol.StagingRequest{
		DownloadURI: p.api.DownloadURI(app.ID), UploadURI: p.api.UploadURI(app.ID, "x"), Properties: properties,
	})
	return err
}

func (p *people) scale(t *testing.T, id string, instances int) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	p.promise(id, func() (client.Record, error) {
		return p.api.ChangeApp(ctx, id, client.Change{Instances: &instances})
	})
}

// promise remembers what a change was answered with. One that was not answered may have been made or not, so that what holds is asked for
// again until somebody says.
func (p *people) promise(id string, change func() (client.Record, error)) {
	r, err := change()
	if wrong, ok := errors.AsType[*client.HTTPError](err); ok && wrong.Status < 500 {
		return // refused
	}
	for err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		r, err = p.api.Record(ctx, id)
		cancel()
		if wrong, ok := errors.AsType[*client.HTTPError](err); ok && wrong.Status == http.StatusNotFound {
			return
		}
	}
	p.promised[id] = r
}

// expect waits until exactly the promised instances of an app run, and it answers.
func (p *people) expect(t *testing.T, id string, promise client.Record) {
	t.Helper()
	var last string
	defer func() {
		if t.Failed() {
			t.Logf("%s: promised %d of %s, found %s", id, promise.Instances, promise.Version, last)
		}
	}()
	testkit.Eventually(t, settle, fmt.Sprintf("%d instances of %s", promise.Instances, id), func() bool {
		r, err := p.api.Record(t.Context(), id)
		if err != nil || r.Instances != promise.Instances || r.Version != promise.Version {
			last = fmt.Sprintf("record %+v, %v", r, err)
			return false
		}
		found := p.found(t, id)
		last = fmt.Sprint(found)
		var want []string
		for i := range promise.Instances {
			want = append(want, fmt.Sprintf("%s/%d", promise.Version, i))
		}
		return slices.Equal(found, want)
	})
	testkit.Eventually(t, settle, id+" to answer", func() bool { return pidOf(t, p.herd.routerAt, id+".localhost") > 1 })
}

// found are the instances that live, each as version/index, in order.
func (p *people) found(t *testing.T, id string) []string {
	t.Helper()
	b := bus.New(bus.Options{URL: p.herd.nats, Once: true})
	if b.Open() != nil {
		return nil
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	all, err := bus.Gather(ctx, b, protocol.DEAFindDroplet, protocol.FindRequest{Selection: protocol.Selection{
		Droplet: protocol.ID(id), States: []protocol.State{protocol.Starting, protocol.Running},
	}}, 0)
	if err != nil {
		return nil
	}
	var found []string
	for _, in := range all {
		state := ""
		if in.State != protocol.Running {
			state = " " + string(in.State)
		}
		found = append(found, fmt.Sprintf("%s/%d%s", in.Version, in.Index, state))
	}
	slices.Sort(found)
	return found
}

func (p *people) droplet(t *testing.T, id, sha1 string) (status int) {
	t.Helper()
	resp, err := http.Get(p.api.DropletURI(id, sha1))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func (p *people) deleteAll(t *testing.T) {
	t.Helper()
	for id := range p.promised {
		if err := p.api.DeleteApp(t.Context(), id); err != nil {
			t.Errorf("delete %s: %v", id, err)
		}
	}
}

// expectNothingOfApps waits until no process and no directory of an app is left, and then, when all has been stopped in order, none of the
// platform's.
func expectNothingOfApps(t *testing.T, h *herd) {
	t.Helper()
	left := func(pattern string) []string {
		all, _ := filepath.Glob(filepath.Join(h.data(), pattern))
		return all
	}
	testkit.Eventually(t, settle, "no process of an app", func() bool { return len(h.appProcesses()) == 0 })
	testkit.Eventually(t, settle, "no directory of an instance", func() bool { return len(left("dea*/apps/*")) == 0 })
	for _, name := range slices.Backward(members()) {
		h.end(name, syscall.SIGTERM)
	}
	if all := left("stager/tmp*/*"); len(all) > 0 {
		t.Errorf("left of stagings: %v", all)
	}
	if all := left("run/*"); len(all) > 0 {
		t.Errorf("left of components: %v", all)
	}
}
