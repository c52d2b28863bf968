package dea

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

func TestDEASaysHelloOnceItIsAnnounced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.expect(
			`vcap.component.announce?"type":"DEA"`,
			`dea.start?{"id":"`+h.id+`","ip":"127.0.0.1","port":null,"version":0.99}`,
			`dea.advertise?{"id":"`+h.id+`","available_memory":4096,"runtimes":["ruby19","ruby18","node","java"],"prod":null}`,
		)
	})
}

func TestInstanceIsStartedAndRegistered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.news()
		h.startApp(h.app("hello"))
		said := h.expect(`dea.advertise?"available_memory":3840`, `dea.heartbeat?"state":"RUNNING"`, `router.register?"uris":["hello.vcap.me"]`)
		in := h.only()
		if in.port == 0 || len(in.id) != 32 || len(in.private) != 64 {
			t.Errorf("port, id and private id are %d, %s and %s, want all", in.port, in.id, in.private)
		}
		var r protocol.Route
		if err := json.Unmarshal(said[2].Payload, &r); err != nil {
			t.Fatal(err)
		}
		if int(*r.Port) != in.port || r.DEA != h.id || r.App != "hello" || *r.Tags["framework"] != "sinatra" || *r.Tags["runtime"] != "ruby19" || r.PrivateInstanceID != in.private {
			t.Errorf("registered %s, want port %d and the tags", said[2].Payload, in.port)
		}
		spec := h.backend.last()
		if args := strings.Join(spec.Args, " "); args != "-p "+number(in.port) {
			t.Errorf("startup's arguments are %q, want -p %d", args, in.port)
		}
		script, err := os.ReadFile(filepath.Join(spec.Dir, "startup"))
		if err != nil || string(script) != "#!/bin/sh\n/bin/sh app.rb\n" {
			t.Errorf("startup is %q, %v, want the runtime in it", script, err)
		}
	})
}

func TestInstanceWithoutURIsRunsAtOnceAndIsNotRouted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), func(h *harness) { h.open = false })
		h.news()
		r := h.app("worker")
		r.URIs = nil
		h.startApp(r)
		h.expect("dea.advertise", `dea.heartbeat?"state":"RUNNING"`)
		if spec := h.backend.last(); len(spec.Args) != 0 {
			t.Errorf("startup's arguments are %q, want none", spec.Args)
		}
		h.send("droplet.status", "")
		h.expect(`_INBOX.test?"port":null,"uris":[]`)
		h.send("dea.stop", `{"droplet":"worker"}`)
		h.expect(`droplet.exited?"reason":"STOPPED"`, "dea.advertise")
	})
}

func TestRejectedStartsLeaveNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*protocol.StartRequest){
		"no hash":                  func(r *protocol.StartRequest) { r.SHA1 = "" },
		"no address":               func(r *protocol.StartRequest) { r.ExecutableURI, r.ExecutableFile = "", "" },
		"too much memory":          func(r *protocol.StartRequest) { r.Limits = protocol.MemLimit(99999) },
		"negative memory":          func(r *protocol.StartRequest) { r.Limits = protocol.MemLimit(-1) },
		"absurd disk":              func(r *protocol.StartRequest) { n := protocol.Int(1 << 52); r.Limits.Disk = &n },
		"negative files":           func(r *protocol.StartRequest) { n := protocol.Int(-5); r.Limits.FDs = &n },
		"unknown runtime":          func(r *protocol.StartRequest) { r.RuntimeInfo.Name = "cobol" },
		"runtime that is not here": func(r *protocol.StartRequest) { r.RuntimeInfo.Name = "ruby18" },
		"negative index":           func(r *protocol.StartRequest) { r.Index = -1 },
		"no app":                   func(r *protocol.StartRequest) { r.Droplet = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := start(t, testConfig(t), nil)
				h.news()
				r := h.app("hello")
				change(&r)
				h.startApp(r)
				h.expect()
				if left := entries(t, h.paths.apps); len(left) != 0 || len(h.registry.all) != 0 || h.room.reserved != 0 {
					t.Errorf("left are directories %v, %d instances, %d MB", left, len(h.registry.all), h.room.reserved)
				}
				h.startApp(h.app("good"))
				h.expect("dea.advertise", "dea.heartbeat", "router.register")
			})
		})
	}
}

func TestSecondTenantIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.MultiTenant = false
		h := start(t, cfg, nil)
		h.news()
		h.startApp(h.app("first"))
		h.expect("dea.heartbeat", "router.register") // a full DEA does not advertise
		h.startApp(h.app("second"))
		h.send("dea.locate", "")
		h.expect()
		h.send("dea.stop", `{"droplet":"first"}`)
		h.expect("router.unregister", "droplet.exited", `dea.advertise?"available_memory":4096`)
	})
}

func TestCrashesAreToldOnceWithTheMemoryGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		r := h.ending("hello", 5*time.Second)
		r.Env[1] = "FAKE_EXIT_CODE=0" // no difference
		h.startApp(r)
		h.news()
		in := h.only()
		time.Sleep(5 * time.Second)
		at := time.Now().Unix()
		said := h.expect(`router.unregister?"uris":["hello.vcap.me"]`, `droplet.exited?"reason":"CRASHED"`, `dea.advertise?"available_memory":4096`)
		var e protocol.Exited
		if err := json.Unmarshal(said[1].Payload, &e); err != nil || e.CrashTimestamp != at || e.Instance != in.id || *e.CCPartition != "default" {
			t.Errorf("exited is %s, want the instance %s and its crash at %d", said[1].Payload, in.id, at)
		}
		if strings.Contains(string(said[0].Payload), "private_instance_id") || strings.Contains(string(said[0].Payload), "tags") {
			t.Errorf("unregister is %s, want neither tags nor the private id", said[0].Payload)
		}
		if !h.backend.wasStopped() {
			t.Error("what the crash left of the instance was not stopped")
		}
		h.send("healthmanager.start", "")
		h.expect(`dea.heartbeat?"state":"CRASHED"`)
		h.send("droplet.status", "")
		h.send("router.start", "")
		h.expect()
		if _, err := os.Stat(in.dir); err != nil {
			t.Errorf("the crash cannot be looked at: %v", err)
		}
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect()
		if _, err := os.Stat(in.dir); !errors.Is(err, os.ErrNotExist) || len(h.registry.all) != 0 {
			t.Errorf("the deleted crash is still there: %v, %d records", err, len(h.registry.all))
		}
	})
}

func TestFlappingInstanceIsNotRetained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		r := h.ending("flapper", time.Second)
		r.Flapping = true
		h.startApp(r)
		h.news()
		time.Sleep(time.Second)
		h.expect("router.unregister", "droplet.exited", "dea.advertise")
		if left := entries(t, h.paths.apps); len(left) != 0 || len(h.registry.all) != 0 {
			t.Errorf("left are %v and %d records", left, len(h.registry.all))
		}
	})
}

func TestOldCrashesAreReaped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.ending("hello", time.Second))
		time.Sleep(time.Second)
		h.news()
		time.Sleep(59 * time.Minute)
		h.expect()
		if left := entries(t, h.paths.apps); len(left) != 1 {
			t.Errorf("after 59 minutes the directories are %v, want the crash", left)
		}
		time.Sleep(2 * time.Minute)
		h.expect()
		if left := entries(t, h.paths.apps); len(left) != 0 || len(h.registry.all) != 0 {
			t.Errorf("after an hour left are %v and %d records", left, len(h.registry.all))
		}
	})
}

func TestInstanceThatCannotBeStagedIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.news()
		for _, broken := range []func(*protocol.StartRequest){
			func(r *protocol.StartRequest) { r.ExecutableFile = "???" }, // and nothing listens at the URI
			func(r *protocol.StartRequest) { r.ExecutableFile, r.ExecutableURI = "", "/staged_droplets/1/SHA" },
			func(r *protocol.StartRequest) { r.ExecutableFile, r.ExecutableURI = "/bin/sh", "" },
			func(r *protocol.StartRequest) { r.SHA1 = strings.Repeat("a1", 20) },
		} {
			r := h.app("hello")
			broken(&r)
			h.startApp(r)
			h.expect(`dea.advertise?"available_memory":3840`, `router.unregister?"port":null`, `droplet.exited?"reason":"CRASHED"`, `dea.advertise?"available_memory":4096`)
			if left := entries(t, h.paths.apps); len(left) != 0 || len(h.registry.all) != 0 {
				t.Errorf("left are %v and %d records", left, len(h.registry.all))
			}
		}
	})
}

func TestScriptThatCannotBeStartedIsACrashToLookAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.news()
		r := h.app("hello")
		r.Env = []string{"FAKE_START_ERROR=there is no such file"}
		h.startApp(r)
		h.expect("dea.advertise", "router.unregister", `droplet.exited?"reason":"CRASHED"`, "dea.advertise")
		if in := h.only(); in.state != protocol.Crashed {
			t.Errorf("state = %s, want CRASHED", in.state)
		}
	})
}

func TestPortThatNeverOpensIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), func(h *harness) { h.open = false })
		h.startApp(h.app("hello"))
		h.news()
		time.Sleep(portLimit - time.Second)
		h.send("healthmanager.start", "")
		h.expect(`dea.heartbeat?"state":"STARTING"`)
		time.Sleep(time.Second)
		h.expect("router.unregister", `droplet.exited?"reason":"CRASHED"`, "dea.advertise")
		if !h.backend.wasStopped() {
			t.Error("the instance was not stopped")
		}
	})
}

func TestAppThatEndsWhileItsPortAnswersIsNotRegistered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), func(h *harness) {
			h.probe = func(context.Context, string) bool { time.Sleep(2 * time.Second); return true } // somebody else, by then
		})
		h.news()
		h.startApp(h.ending("hello", time.Second))
		time.Sleep(3 * time.Second)
		h.expect("dea.advertise", "router.unregister", "droplet.exited", "dea.advertise")
	})
}

func TestCrashIsDeletedOnlyWhenNothingOfItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), func(h *harness) { h.backend.stopTime = 3 * time.Second })
		h.startApp(h.ending("hello", time.Second))
		h.news()
		in := h.only()
		time.Sleep(2 * time.Second)
		h.expect("router.unregister", "droplet.exited")
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect()
		if _, err := os.Stat(in.dir); err != nil {
			t.Errorf("the directory went before what runs in it: %v", err)
		}
		time.Sleep(3 * time.Second)
		h.expect("dea.advertise")
		if left := entries(t, h.paths.apps); len(left) != 0 || len(h.registry.all) != 0 {
			t.Errorf("left are %v and %d records", left, len(h.registry.all))
		}
	})
}

func TestPortOfALivingInstanceIsNotGivenAway(t *testing.T) {
	t.Parallel()
	d := &DEA{}
	d.registry.add(&instance{port: 1001, debugPort: 1002, consolePort: 1003})
	d.registry.add(&instance{port: 1004, ended: true})
	for port, want := range map[int]bool{1001: false, 1002: false, 1003: false, 1004: true, 1005: true} {
		var got int
		if kept := d.keepPort(&got, port); kept != want || kept && got != port {
			t.Errorf("port %d: taken = %t as %d, want %t", port, kept, got, want)
		}
	}
}

func TestAppThatWaitsForItsDebuggerIsNotGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), func(h *harness) { h.open = false })
		r := h.app("hello")
		r.Debug = "suspend"
		h.startApp(r)
		h.news()
		time.Sleep(10 * time.Minute)
		h.expect()
		h.listens(true)
		time.Sleep(time.Second)
		h.expect("dea.heartbeat", "router.register")
	})
}

func TestStateFileDecidesReadiness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil) // the port is open all the time
		r := h.app("hello")
		r.ExecutableFile = tgz(t, map[string]string{"startup": "#!/bin/sh\n", "droplet.yaml": "state_file: tmp-state.json\n"})
		h.startApp(r)
		h.news()
		in := h.only()
		for _, text := range []string{`{"state":"STARTING"}`, `{`, `[]`} {
			if err := os.WriteFile(filepath.Join(in.dir, "tmp-state.json"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			h.expect()
		}
		if err := os.WriteFile(filepath.Join(in.dir, "tmp-state.json"), []byte(`{"state":"RUNNING"}`), 0o644); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h.expect("dea.heartbeat", "router.register")
	})
}

func TestFourStartsAtOnceAreFourInstances(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.news()
		r := h.app("hello")
		for i := range 4 {
			r.Index = protocol.Int(i)
			h.startApp(r)
		}
		ports := map[string]bool{}
		for _, m := range h.news() {
			if m.Subject == "router.register" {
				var r protocol.Route
				if err := json.Unmarshal(m.Payload, &r); err != nil {
					t.Fatal(err)
				}
				ports[number(int(*r.Port))] = true
			}
		}
		if len(ports) != 4 {
			t.Errorf("registered ports are %v, want 4", ports)
		}
	})
}

func TestStartIsAcceptedFromTheFirstReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		hello, err := bus.Do(t.Context(), h.client, protocol.DEADiscover, protocol.DiscoverRequest{
			Droplet: "x", RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19"}, Limits: protocol.MemLimit(256),
		})
		if err != nil || hello.ID != h.ID() {
			t.Fatalf("discover answered %+v, %v, want this DEA", hello, err)
		}
		subject, err := protocol.DEAStart(hello.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := bus.Publish(h.client, subject, h.app("x")); err != nil {
			t.Fatal(err)
		}
		if h.only().state != protocol.Running {
			t.Error("the instance does not run")
		}
	})
}
