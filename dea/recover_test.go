package dea

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/fake"
	"github.com/minicf/minicf/protocol"
)

// past is what a DEA that was killed has left: records, directories, and what runs on a backend.
type past struct {
	t       testing.TB
	cfg     Config
	records records
}

func newPast(t testing.TB) *past {
	p := &past{t: t, cfg: testConfig(t), records: records{}}
	for _, dir := range []string{"apps", "db", "staged"} {
		if err := os.MkdirAll(filepath.Join(p.cfg.BaseDir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// instance adds one with a directory. It runs when change gives it a handle.
func (p *past) instance(id string, state protocol.State, change func(*record)) record {
	partition := "default"
	r := record{
		DropletID: "hello", InstanceID: id, PrivateInstanceID: "private-" + id, InstanceIndex: 3, Name: "hello", Version: "1-1",
		Dir: filepath.Join(p.cfg.BaseDir, "apps", "hello-3-"+id), URIs: []string{"hello.vcap.me"}, MemQuota: 256 << 20, DiskQuota: 128 << 20, FDsQuota: 99,
		State: state, Runtime: "ruby19", Framework: "sinatra", Start: "2012-11-22 06:47:40 +0000", StateTimestamp: 1353566860,
		CCPartition: &partition, Port: 41234, Staged: "hello-3-" + id,
	}
	if change != nil {
		change(&r)
	}
	if p.records[r.DropletID] == nil {
		p.records[r.DropletID] = map[string]record{}
	}
	p.records[r.DropletID][id] = r
	p.dir(r.Dir)
	return r
}

func (p *past) dir(path string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Join(path, "logs"), 0o755); err != nil {
		p.t.Fatal(err)
	}
}

// next is the DEA that comes then.
func (p *past) next(running ...isolation.Spec) *harness {
	p.t.Helper()
	return start(p.t, p.cfg, func(h *harness) {
		for _, spec := range running {
			c, err := h.backend.Backend.Start(p.t.Context(), spec)
			if err != nil {
				p.t.Fatal(err)
			}
			for _, app := range p.records {
				if r, ok := app[spec.ID]; ok {
					handle := c.Handle()
					r.Handle, r.PID = &handle, handle.PID
					app[spec.ID] = r
				}
			}
		}
		if err := h.snapshot.write(p.records); err != nil {
			p.t.Fatal(err)
		}
	})
}

func (r record) spec(env ...string) isolation.Spec {
	return isolation.Spec{ID: r.InstanceID, Dir: r.Dir, Env: env}
}

func TestInstanceThatRunsOnIsAdopted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		r := p.instance("c8b0", protocol.Running, nil)
		h := p.next(r.spec("FAKE_RUN_FOR=1h"))
		h.expect(
			"vcap.component.announce", `dea.advertise?"available_memory":3840`,
			`router.register?{"dea":"`+h.id+`","app":"hello","host":"127.0.0.1","port":41234,"uris":["hello.vcap.me"],"tags":{"framework":"sinatra","runtime":"ruby19"},"private_instance_id":"private-c8b0"}`,
			`dea.heartbeat?{"droplet":"hello","version":"1-1","instance":"c8b0","index":3,"state":"RUNNING","state_timestamp":1353566860,"cc_partition":"default"}`,
			"dea.start", `dea.advertise?"available_memory":3840`,
		)
		time.Sleep(3 * time.Second)
		f := h.found(`{"droplet":"hello","include_stats":true}`)
		if len(f) != 1 || f[0].Stats == nil || f[0].Stats.Usage == nil || f[0].Stats.MemQuota != 256<<20 || f[0].Stats.DiskQuota != 128<<20 || f[0].Stats.FDsQuota != 99 {
			t.Errorf("found is %+v", f)
		}
		if after := readSnapshot(t, h.paths.snapshot)["hello"]["c8b0"]; after.Handle == nil || after.PrivateInstanceID != "private-c8b0" || after.Start != r.Start {
			t.Errorf("the snapshot has %+v", after)
		}
		time.Sleep(time.Hour)
		h.expect("router.unregister", `droplet.exited?"reason":"CRASHED"`, `dea.advertise?"available_memory":4096`)
		if !h.backend.wasStopped() {
			t.Error("what it may have left was not ended")
		}
	})
}

func TestAdoptedInstanceIsStoppedLikeOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		r := p.instance("c8b0", protocol.Running, nil)
		h := p.next(r.spec())
		h.news()
		h.send("dea.stop", `{"droplet":"hello","instances":["c8b0"]}`)
		h.expect("router.unregister", `droplet.exited?"reason":"STOPPED"`, "dea.advertise")
		if !h.backend.wasStopped() || len(entries(t, h.paths.apps)) != 0 {
			t.Error("it is not gone")
		}
	})
}

func TestInstanceThatStillStartsIsAdopted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		r := p.instance("c8b0", protocol.Starting, nil)
		h := p.next(r.spec())
		h.expect("vcap.component.announce", "dea.advertise", `dea.heartbeat?"STARTING"`, "dea.start", "dea.advertise", `dea.heartbeat?"RUNNING"`, "router.register")
	})
}

// What became of instances that do not run any more.
func TestInstancesThatDoNotRunOnAreSweptAndToldOf(t *testing.T) {
	t.Parallel()
	const (
		unregister = `router.unregister?"port":41234`
		beat       = `dea.heartbeat?"instance":"c8b0","index":3,"state":"CRASHED"`
	)
	exited := func(reason string) string {
		return `droplet.exited?"instance":"c8b0","index":3,"reason":"` + reason + `"`
	}
	for name, c := range map[string]struct {
		state  protocol.State
		change func(*record)
		said   []string
		kept   bool
	}{
		"it ran":                      {protocol.Running, nil, []string{unregister, exited("CRASHED"), beat}, true},
		"it started":                  {protocol.Starting, nil, []string{unregister, exited("CRASHED"), beat}, true},
		"it was being downloaded":     {protocol.Starting, func(r *record) { r.Staged, r.Port = "", 0 }, []string{`router.unregister?"port":null`, exited("CRASHED")}, false},
		"it ran, and was flapping":    {protocol.Running, func(r *record) { r.Flapping = true }, []string{unregister, exited("CRASHED")}, false},
		"it had crashed":              {protocol.Crashed, func(r *record) { r.Notified, r.ExitReason = true, protocol.ExitCrashed }, []string{beat}, true},
		"it was about to crash":       {protocol.Crashed, func(r *record) { r.ExitReason = protocol.ExitCrashed }, []string{unregister, exited("CRASHED"), beat}, true},
		"it had crashed and flapped":  {protocol.Crashed, func(r *record) { r.ExitReason, r.Flapping = protocol.ExitCrashed, true }, []string{unregister, exited("CRASHED")}, false},
		"it was being stopped":        {protocol.Stopped, func(r *record) { r.ExitReason = protocol.ExitStopped }, []string{unregister, exited("STOPPED")}, false},
		"its DEA was being stopped":   {protocol.Stopped, func(r *record) { r.ExitReason = protocol.ExitDEAShutdown }, []string{unregister, exited("DEA_SHUTDOWN")}, false},
		"its crash was being deleted": {protocol.Deleted, nil, nil, false},
		"it was evacuated":            {protocol.Running, func(r *record) { r.Evacuated, r.ExitReason = true, protocol.ExitDEAEvacuation }, []string{unregister, exited("DEA_EVACUATION")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPast(t)
				r := p.instance("c8b0", c.state, c.change)
				h := p.next()
				h.expect(slices.Concat([]string{"vcap.component.announce"}, c.said, []string{"dea.start", `dea.advertise?"available_memory":4096`})...)
				if swept := h.backend.Swept(); len(swept) != 1 || swept[0].ID != "c8b0" || swept[0].Dir != r.Dir {
					t.Errorf("swept are %+v", swept)
				}
				if kept := len(entries(t, h.paths.apps)) == 1; kept != c.kept || len(readSnapshot(t, h.paths.snapshot)) == 1 != c.kept {
					t.Errorf("kept: %t, want %t; the snapshot has %v", kept, c.kept, readSnapshot(t, h.paths.snapshot))
				}
			})
		})
	}
}

// An evacuated instance has another in its place already.
func TestEvacuatedInstanceIsNotAdopted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		r := p.instance("c8b0", protocol.Running, func(r *record) { r.Evacuated, r.ExitReason = true, protocol.ExitDEAEvacuation })
		h := p.next(r.spec())
		h.expect("vcap.component.announce", "router.unregister", `droplet.exited?"DEA_EVACUATION"`, "dea.start", "dea.advertise")
		if h.backend.runs("c8b0") {
			t.Error("it runs")
		}
	})
}

func TestRecoveredCrashIsReapedAnHourAfterItCrashed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		p.instance("c8b0", protocol.Crashed, func(r *record) { r.Notified, r.StateTimestamp = true, time.Now().Unix() })
		time.Sleep(30 * time.Minute)
		h := p.next()
		time.Sleep(29 * time.Minute)
		if len(h.registry.known()) != 1 {
			t.Error("it was reaped too early")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if left := entries(t, h.paths.apps); len(left) != 0 || len(readSnapshot(t, h.paths.snapshot)) != 0 {
			t.Errorf("left are %v", left)
		}
	})
}

func TestWhatASnapshotNamesElsewhereIsNeitherAdoptedNorDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		elsewhere := filepath.Join(t.TempDir(), "hello-3-c8b0")
		r := p.instance("c8b0", protocol.Running, func(r *record) { r.Dir = elsewhere })
		h := p.next(r.spec())
		h.expect("vcap.component.announce", "router.unregister", "droplet.exited", "dea.start", "dea.advertise")
		if h.backend.runs("c8b0") || removed(elsewhere)() {
			t.Errorf("it runs: %t, its directory is gone: %t", h.backend.runs("c8b0"), removed(elsewhere)())
		}
	})
}

func TestDirectoriesInNoRecordAreSwept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		dir := filepath.Join(p.cfg.BaseDir, "apps", "new-0-bb")
		p.dir(dir)
		h := p.next()
		h.expect("vcap.component.announce", "dea.start", "dea.advertise")
		if swept := h.backend.Swept(); len(swept) != 1 || swept[0] != (isolation.Handle{ID: "bb", Dir: dir}) || !removed(dir)() {
			t.Errorf("swept are %+v, the directory is gone: %t", swept, removed(dir)())
		}
	})
}

func TestMemoryOfAdoptedInstancesIsTakenEvenIfThereIsLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPast(t)
		p.cfg.MaxMemory = config.Megabytes(400)
		first, second := p.instance("c8b0", protocol.Running, nil), p.instance("c8b1", protocol.Running, func(r *record) { r.Port++ })
		h := p.next(first.spec(), second.spec())
		h.expect("vcap.component.announce", "router.register", "router.register", "dea.heartbeat", "dea.start") // full, and so not advertised
		h.send("dea.status", "")
		h.expect(`_INBOX.test?"max_memory":400,"reserved_memory":512`)
		h.send("dea.discover", discovery(nil))
		h.expect()
	})
}

func TestSnapshotThatIsNoneIsIgnored(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"garbage": "{oops", "a list": "[]", "other values": `{"x":1}`, "empty": "", "null": "null"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(t)
				if err := os.MkdirAll(filepath.Join(cfg.BaseDir, "db"), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(cfg.BaseDir, "db", "applications.json"), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				start(t, cfg, nil).expect("vcap.component.announce", "dea.start", "dea.advertise")
			})
		})
	}
}

func TestEndedInstancesAreKeptToLookAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.DisableDirCleanup = true
		h := start(t, cfg, nil)
		h.startApp(h.app("hello"))
		h.news()
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect("router.unregister", "droplet.exited", "dea.advertise")
		if left := entries(t, h.paths.apps); len(left) != 1 || len(h.registry.all) != 0 {
			t.Errorf("left are %v and %d records, want the directory alone", left, len(h.registry.all))
		}
	})
}

// Whatever lies where the last DEA left its snapshot: the next one starts, and touches nothing that is not an instance's.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []string{
		"", "null", "[]", `{"a":null}`, `{"a":{"b":{}}}`, `{"a":{"b":{"state":"RUNNING","staged":"x","dir":"DIR/../../keep"}}}`,
		`{"42":{"c8b0":{"droplet_id":42,"instance_id":"c8b0","name":"hello","instance_index":3,"dir":"DIR/hello-3-c8b0","state":"RUNNING","staged":"hello-3-c8b0","mem_quota":-1,"handle":{"PID":1}}}}`,
		`{"a":{"b":{"instance_id":"","name":"..","dir":"DIR","state":"STARTING","start":"x","state_timestamp":9223372036854775807,"uris":null,"handle":{"PID":-1}}}}`,
	} {
		f.Add([]byte(seed))
	}
	b := bustest.New(f)
	log := slog.New(slog.DiscardHandler)
	f.Fuzz(func(t *testing.T, text []byte) {
		p := newPast(t)
		apps := filepath.Join(p.cfg.BaseDir, "apps")
		outside := []string{apps, filepath.Join(p.cfg.BaseDir, "keep"), filepath.Join(filepath.Dir(p.cfg.BaseDir), "keep")}
		for _, dir := range outside {
			p.dir(dir)
		}
		text = bytes.ReplaceAll(text, []byte("DIR"), []byte(apps))
		if err := os.WriteFile(filepath.Join(p.cfg.BaseDir, "db", "applications.json"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := New(b, fake.New(fake.Options{}), p.cfg, log)
		if err != nil {
			t.Fatal(err)
		}
		release, err := d.prepare()
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		d.recover(t.Context())
		for _, dir := range outside {
			if removed(dir)() {
				t.Errorf("%s is gone after %s", dir, text)
			}
		}
		if len(d.adopted) > 0 {
			t.Errorf("something is adopted that nobody runs: %s", text)
		}
		d.commit()
	})
}
