package dea

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/isolation/fake"
	"github.com/minicf/minicf/protocol"
)

func TestStopTellsFirstAndGivesBackWhenAllIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		r := h.app("hello")
		r.Env = []string{"FAKE_IGNORE_STOP=true"}
		h.startApp(r)
		h.news()
		in := h.only()
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect("router.unregister", `droplet.exited?"reason":"STOPPED"`)
		if _, err := os.Stat(in.dir); err != nil {
			t.Errorf("the directory went before the processes: %v", err)
		}
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.send("router.start", "")
		h.send("healthmanager.start", "")
		h.expect() // it is told once
		time.Sleep(fake.StopTime)
		h.expect(`dea.advertise?"available_memory":4096`)
		if left := entries(t, h.paths.apps); len(left) != 0 || len(h.registry.all) != 0 {
			t.Errorf("left are %v and %d records", left, len(h.registry.all))
		}
	})
}

func TestStopChoosesByAllFilters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		filter string
		left   string // indices
	}{
		"none":                      {`{"droplet":"app"}`, ""},
		"other app":                 {`{"droplet":"other"}`, "0123"},
		"version":                   {`{"droplet":"app","version":"v2"}`, "01"},
		"other version":             {`{"droplet":"app","version":"v3"}`, "0123"},
		"indices":                   {`{"droplet":"app","indices":[1,2,9]}`, "03"},
		"no index at all":           {`{"droplet":"app","indices":[]}`, "0123"},
		"version and indices":       {`{"droplet":"app","version":"v1","indices":[1,2]}`, "023"},
		"states":                    {`{"droplet":"app","states":["RUNNING","STARTING"]}`, "3"},
		"retained crashes":          {`{"droplet":"app","states":["CRASHED"]}`, "012"},
		"an instance's id":          {`{"droplet":"app","instances":["ID0","nobody"]}`, "123"},
		"instance_ids":              {`{"droplet":"app","instance_ids":["ID0","nobody"]}`, "123"},
		"an id, but of another one": {`{"droplet":"app","instances":["ID0"],"indices":[1]}`, "0123"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := start(t, testConfig(t), nil)
				r := h.app("app")
				for i, version := range []protocol.Text{"v1", "v1", "v2", "v2"} {
					r.Index, r.Version = protocol.Int(i), version
					if i == 3 {
						r.Env = []string{"FAKE_RUN_FOR=1s"} // a retained crash
					}
					h.startApp(r)
					h.news()
				}
				time.Sleep(time.Second)
				h.news()
				h.send("dea.stop", strings.ReplaceAll(c.filter, "ID0", h.registry.all[0].id))
				h.news()
				var left strings.Builder
				for _, in := range h.registry.all {
					left.WriteString(number(int(in.request.Index) + 10)[1:])
				}
				if left.String() != c.left {
					t.Errorf("left are the indices %q, want %q", left.String(), c.left)
				}
			})
		})
	}
}

func TestIntegerAppIDIsStoppedAndAnsweredAsString(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		text, err := json.Marshal(h.app("4711"))
		if err != nil {
			t.Fatal(err)
		}
		h.send("dea."+h.id+".start", strings.Replace(string(text), `"droplet":"4711"`, `"droplet":4711`, 1))
		h.news()
		h.send("dea.stop", `{"droplet":4711}`)
		h.expect(`router.unregister?"app":"4711"`, `droplet.exited?"droplet":"4711"`, "dea.advertise")
	})
}

// In 2012 the app was launched all the same, and nobody could stop it any more.
func TestStopDuringTheDownloadEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		h := start(t, testConfig(t), func(h *harness) {
			h.droplets.client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				close(ended)
				return nil, r.Context().Err()
			})}
		})
		h.news()
		r := h.app("slow")
		r.ExecutableFile, r.ExecutableURI = "", "http://cc/droplet"
		h.startApp(r)
		h.expect("dea.advertise")
		time.Sleep(time.Second)
		h.send("dea.stop", `{"droplet":"slow"}`)
		h.expect(`router.unregister?"port":null`, `droplet.exited?"reason":"STOPPED"`, `dea.advertise?"available_memory":4096`)
		<-ended
		if left := append(entries(t, h.paths.apps), entries(t, h.paths.staged)...); len(left) != 0 || len(h.backend.Started()) != 0 {
			t.Errorf("left are %v, launched is %v", left, h.backend.Started())
		}
	})
}

func TestStopWhileStartingKeepsItFromRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), func(h *harness) { h.open = false })
		h.startApp(h.app("hello"))
		h.news()
		h.listens(true)
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect("router.unregister", "droplet.exited", "dea.advertise")
		time.Sleep(time.Minute)
		h.expect()
		if !h.backend.wasStopped() {
			t.Error("the instance still runs")
		}
	})
}

func TestShutdownEndsAllInstancesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		for _, app := range []string{"one", "two"} {
			r := h.app(app)
			r.Env = []string{"FAKE_IGNORE_STOP=true"}
			h.startApp(r)
		}
		h.startApp(h.ending("crash", time.Second))
		time.Sleep(5 * time.Second)
		h.news()
		h.listens(false)
		h.startApp(h.app("starting"))
		h.news()
		begin := time.Now()
		ended := make(chan struct{})
		go func() { defer close(ended); h.stop() }()
		said := h.news()
		if len(said) != 7 || said[0].Subject != "dea.shutdown" {
			t.Errorf("at once it said\n%swant its goodbye, and unregister and exited of three", show(said))
		}
		for i, m := range said[1:] {
			if want := []string{"router.unregister", "droplet.exited"}[i%2]; m.Subject != want || want == "droplet.exited" && !strings.Contains(string(m.Payload), `"DEA_SHUTDOWN"`) {
				t.Errorf("message %d is %s %s, want %s", i, m.Subject, m.Payload, want)
			}
		}
		h.startApp(h.app("late"))
		h.send("dea.discover", discovery(nil))
		h.send("router.start", "")
		h.send("healthmanager.start", "")
		h.send("dea.locate", "")
		h.send("droplet.status", "")
		h.expect()
		h.send("dea.status", "")
		h.send("vcap.component.discover", "")
		said = h.news()
		if all := show(said); len(said) != 2 || !strings.Contains(all, `"state":"SHUTTING_DOWN"`) || !strings.Contains(all, `"uptime"`) {
			t.Errorf("to status and discover it said\n%s", all)
		}
		<-ended
		if took := time.Since(begin); took > 6*time.Second {
			t.Errorf("the shutdown took %v, want at most 6s", took)
		}
		h.expect()
		if !h.backend.wasStopped() {
			t.Error("something still runs")
		}
		if left := entries(t, h.paths.apps); len(left) != 1 || !strings.HasPrefix(left[0], "crash-0-") {
			t.Errorf("left are %v, want the crash to look at", left)
		}
		if _, err := os.Stat(h.cfg.PID); !os.IsNotExist(err) {
			t.Errorf("the pid file is still there: %v", err)
		}
	})
}

func TestHeartbeatsAndAdvertisementsGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.Intervals = Default().Intervals
		h := start(t, cfg, nil)
		h.news()
		h.startApp(h.app("hello"))
		h.news()
		time.Sleep(time.Minute + time.Second)
		said := map[string]int{}
		for _, m := range h.news() {
			said[m.Subject]++
		}
		if len(said) != 2 || said["dea.heartbeat"] != 6 || said["dea.advertise"] != 12 {
			t.Errorf("in a minute it said %v, want 6 heartbeats and 12 advertisements", said)
		}
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.news()
		time.Sleep(20 * time.Second)
		for _, m := range h.news() {
			if m.Subject != "dea.advertise" {
				t.Errorf("a DEA without instances said %s", m.Subject)
			}
		}
	})
}

func TestFullDEAIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.Intervals.Advertise = Default().Intervals.Advertise
		cfg.MaxMemory = config.Megabytes(256)
		h := start(t, cfg, nil)
		h.news()
		h.startApp(h.app("hello"))
		h.expect("dea.heartbeat", "router.register")
		time.Sleep(11 * time.Second)
		h.expect()
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect("router.unregister", "droplet.exited", "dea.advertise")
	})
}

func TestDEAIsSilentWhileItsDiskIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var percent atomic.Int32
		percent.Store(96)
		h := start(t, testConfig(t), func(h *harness) { h.disk = func(string) (int, error) { return int(percent.Load()), nil } })
		h.expect("vcap.component.announce", "dea.start")
		h.startApp(h.app("hello"))
		h.send("dea.locate", "")
		h.expect()
		percent.Store(95)
		time.Sleep(monitorInterval + time.Second)
		h.send("dea.locate", "")
		h.expect("dea.advertise")
	})
}

func TestRoutesAreRegisteredAgainForARouterThatStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		first := h.news()
		for _, payload := range []string{"", `{"id":"f00","version":0.98,"hosts":["10.0.0.4"]}`} {
			h.send("router.start", payload)
			again := h.expect("router.register")
			if len(again) == 1 && string(again[0].Payload) != string(first[len(first)-1].Payload) {
				t.Errorf("registered is %s, want the same as before: %s", again[0].Payload, first[len(first)-1].Payload)
			}
		}
	})
}

func TestUsageIsMeasuredAndReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		h.news()
		h.send("droplet.status", "")
		if said := h.expect("_INBOX.test"); strings.Contains(string(said[0].Payload), "usage") {
			t.Errorf("before the first measurement it said %s", said[0].Payload)
		}
		time.Sleep(2*monitorInterval + time.Second)
		h.send("droplet.status", "")
		h.send("dea.status", "")
		said := h.news()
		if all := show(said); len(said) != 2 || !strings.Contains(all, `"mem_quota":268435456,"disk_quota":268435456,"fds_quota":1024,"usage":{"time":"`) ||
			!strings.Contains(all, `"cpu":1.5,"mem":16384,"disk":1048576}`) || !strings.Contains(all, `"uptime":5,`) ||
			!strings.Contains(all, `"max_memory":4096,"reserved_memory":256,"used_memory":16,"num_clients":1}`) {
			t.Errorf("then it said\n%s", all)
		}
		figures := h.varz()
		text, err := json.Marshal(figures)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			`"apps_max_memory":4096`, `"apps_reserved_memory":256`, `"apps_used_memory":16`, `"num_apps":1`, `"instance_id":"` + h.only().id,
			`"frameworks":{"sinatra":{"used_memory":16384,"reserved_memory":262144,"used_disk":1048576,"used_cpu":1.5}}`, `"runtimes":{"ruby19":`,
		} {
			if !strings.Contains(string(text), want) {
				t.Errorf("varz is %s, want %s in it", text, want)
			}
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
