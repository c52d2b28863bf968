package router

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// startMonitored runs a Router with a status page, and returns what it answers to vcap.component.discover.
func startMonitored(t *testing.T, change func(*Config)) (*Router, *bus.Bus, protocol.Component) {
	t.Helper()
	b := bustest.New(t)
	r := newRouter(t, b, func(c *Config) {
		c.Status.Port = 0
		if change != nil {
			change(c)
		}
	}, testkit.Logger(t))
	run(t, r)
	c, err := bus.Do(t.Context(), b, protocol.ComponentDiscover, protocol.Ignored{})
	if err != nil {
		t.Fatal(err)
	}
	return r, b, c
}

// status reads one of a component's pages.
func status(t *testing.T, c protocol.Component, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+c.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Credentials != nil {
		req.SetBasicAuth(c.Credentials[0], c.Credentials[1])
	}
	res, body := do(t, req)
	return res.StatusCode, body
}

// varzOf reads /varz as a monitoring tool does.
func varzOf(t *testing.T, c protocol.Component) map[string]any {
	t.Helper()
	code, body := status(t, c, "/varz")
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil || code != 200 {
		t.Fatalf("varz = %d %q, %v", code, body, err)
	}
	return v
}

func TestRouterIsDiscoveredAndHealthy(t *testing.T) {
	t.Parallel()
	_, _, c := startMonitored(t, nil)
	if c.Type != "Router" || c.UUID == "" || c.Host == "" || c.Start == "" || c.Uptime != "0d:0h:0m:0s" {
		t.Errorf("discovered %+v", c)
	}
	if code, body := status(t, c, "/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthz = %d %q, want 200 ok", code, body)
	}
}

func TestVarzHasTheFiguresOf2012(t *testing.T) {
	t.Parallel()
	r, _, c := startMonitored(t, nil)
	app := startApp(t, r, "ignored.localhost", func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(map[string]int{"/": 200, "/moved": 301, "/missing": 404, "/broken": 500}[req.URL.Path])
	})
	m := routeTo(t, app.URL, "hello.localhost", "other.localhost")
	sinatra, ruby := "sinatra", "ruby19"
	m.Tags = map[string]*string{"framework": &sinatra, "runtime": &ruby, "none": nil}
	r.onRegister(m)
	for _, path := range []string{"/", "/", "/moved", "/missing", "/broken"} {
		do(t, newRequest(t, r, "GET", "hello.localhost", path, nil))
	}
	do(t, newRequest(t, r, "GET", "nobody.localhost", "/", nil))

	v := varzOf(t, c)
	for key, want := range map[string]float64{
		"requests": 6, "bad_requests": 1, "urls": 3, "droplets": 3,
		"responses_2xx": 2, "responses_3xx": 1, "responses_4xx": 1, "responses_5xx": 1, "responses_xxx": 0,
	} {
		if v[key] != want {
			t.Errorf("%s = %v, want %v", key, v[key], want)
		}
	}
	for key, value := range map[string]string{"framework": "sinatra", "runtime": "ruby19"} {
		tag := v["tags"].(map[string]any)[key].(map[string]any)[value].(map[string]any)
		if tag["requests"] != 5.0 || tag["responses_2xx"] != 2.0 || tag["responses_4xx"] != 1.0 || tag["latency"].(map[string]any)["samples"] != 5.0 {
			t.Errorf("tag %s %s = %v, want 5 requests, 2 of them answered with 2xx, 1 with 4xx", key, value, tag)
		}
	}
	if len(v["tags"].(map[string]any)) != 2 {
		t.Errorf("tags = %v, want framework and runtime", v["tags"])
	}
	all := v["all"].(map[string]any)
	latency := all["latency"].(map[string]any)
	if all["requests"] != 5.0 || latency["samples"] != 5.0 || latency["value"].(float64) <= 0 || latency["50"].(float64) > latency["99"].(float64) {
		t.Errorf("all = %v, want 5 requests and how long they took", all)
	}
	if v["latency"].(map[string]any)["samples"] != 5.0 || v["top10_app_requests"] == nil || v["requests_per_sec"] == nil {
		t.Errorf("latency = %v, top10_app_requests = %v, requests_per_sec = %v", v["latency"], v["top10_app_requests"], v["requests_per_sec"])
	}
	if _, shown := v["top_app_requests"]; shown {
		t.Error("top_app_requests is shown without expose_all_apps")
	}
}

func TestTagsOutliveTheirRoutes(t *testing.T) {
	t.Parallel()
	r, _, c := startMonitored(t, nil)
	sinatra := "sinatra"
	m := routeTo(t, "http://127.0.0.1:1", "hello.localhost")
	m.Tags = map[string]*string{"framework": &sinatra}
	r.onRegister(m)
	r.onUnregister(m)
	if v := varzOf(t, c); v["urls"] != 0.0 || v["tags"].(map[string]any)["framework"].(map[string]any)["sinatra"] == nil {
		t.Errorf("urls = %v, tags = %v, want no URL and the tag", v["urls"], v["tags"])
	}
}

// Tags are never forgotten, so whoever makes up new ones must not fill the memory.
func TestTagsAreCountedUpToALimit(t *testing.T) {
	t.Parallel()
	s := newStats(false)
	for i := range 2 * maxTags {
		s.tagged(map[string]string{"framework": fmt.Sprint(i)})
	}
	if n := len(s.tags["framework"]); n != maxTags {
		t.Errorf("%d tags are counted, want %d", n, maxTags)
	}
	if len(s.tagged(map[string]string{"framework": "7"})) != 1 || len(s.tagged(map[string]string{"new": "7"})) != 0 {
		t.Error("when there is no more room, a known tag is not counted, or a new one is")
	}
}

func TestVarzShowsTheTenBusiestAppsOrAll(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRouter(t, bustest.New(t), func(c *Config) { c.Status.ExposeAllApps = all }, testkit.Logger(t))
			follow(t, r)
			synctest.Wait() // until it measures
			for i := range 12 {
				uri := fmt.Sprintf("app-%02d", i)
				r.onRegister(routeTo(t, "http://127.0.0.1:1", uri))
				for range 2 * (i + 1) {
					r.stats.requests.Add(1)
					r.registry.count(uri, "10.0.0.1:1234")
				}
			}
			time.Sleep(rateInterval)
			synctest.Wait()
			v := r.varz()
			top := v["top10_app_requests"].([]appRate)
			if len(top) != 10 || top[0].URL != "app-11" || top[0].RPS != 12 || top[9].URL != "app-02" || !slices.Equal(top[0].Clients, []clientRate{{"10.0.0.1", 12}}) {
				t.Errorf("top10_app_requests = %v", top)
			}
			if v["requests_per_sec"] != int64(78) {
				t.Errorf("requests_per_sec = %v, want 78", v["requests_per_sec"])
			}
			if every, shown := v["top_app_requests"].([]appRate); shown != all || all && len(every) != 12 {
				t.Errorf("expose_all_apps %v: top_app_requests = %v", all, every)
			}
			time.Sleep(rateInterval)
			synctest.Wait()
			if v := r.varz(); v["requests_per_sec"] != int64(0) || len(v["top10_app_requests"].([]appRate)) != 0 {
				t.Errorf("two quiet seconds later: %v requests per second, %v", v["requests_per_sec"], v["top10_app_requests"])
			}
		})
	}
}

func TestRoutesAreListedToThoseWithThePassword(t *testing.T) {
	t.Parallel()
	r, _, c := startMonitored(t, nil)
	if code, body := status(t, c, "/routes"); code != 200 || body != "{}\n" {
		t.Errorf("routes = %d %q, want none", code, body)
	}
	r.onRegister(routeTo(t, "http://127.0.0.1:1", "a.localhost", "b.localhost"))
	r.onRegister(routeTo(t, "http://127.0.0.1:2", "a.localhost"))
	_, body := status(t, c, "/routes")
	var routes map[string][]string
	if err := json.Unmarshal([]byte(body), &routes); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"a.localhost": {"127.0.0.1:1", "127.0.0.1:2"}, "b.localhost": {"127.0.0.1:1"}}
	if !maps.EqualFunc(routes, want, slices.Equal) {
		t.Errorf("routes = %v, want %v", routes, want)
	}
	c.Credentials = nil
	if code, body := status(t, c, "/routes"); code != 401 || strings.Contains(body, "localhost") {
		t.Errorf("without a password: %d %q, want 401", code, body)
	}
	if res, _ := do(t, newRequest(t, r, "GET", "a", "/routes", nil)); res.StatusCode != 404 {
		t.Errorf("to the world /routes is %s, want an app's path like any other", res.Status)
	}
}

func TestActiveAppsArePublishedWhereThatIsEnabled(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	flushed := hear(t, b, protocol.RouterActiveApps)
	r := newRouter(t, b, func(c *Config) {
		c.EnableNonprodApps = true
		c.FlushAppsInterval.UnmarshalText([]byte("0.05"))
	}, testkit.Logger(t))
	run(t, r)
	for _, name := range []string{"one", "two"} {
		app := startApp(t, r, "ignored", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
		m := routeTo(t, app.URL, name+".localhost")
		m.App = protocol.ID(name)
		r.onRegister(m)
	}
	if apps := <-flushed; len(apps) > 0 {
		t.Errorf("active were %q before anybody asked for anything", apps)
	}
	for range 3 {
		do(t, newRequest(t, r, "GET", "two.localhost", "/", nil))
	}
	seen := protocol.ActiveApps{}
	for len(seen) == 0 {
		seen = <-flushed
	}
	if !slices.Equal(seen, protocol.ActiveApps{"two"}) {
		t.Errorf("active were %q, want two", seen)
	}
}

func TestActiveAppsAreNobodysBusinessByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bustest.New(t)
		flushed := hear(t, b, protocol.RouterActiveApps)
		follow(t, newRouter(t, b, nil, testkit.Logger(t)))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(flushed) > 0 {
			t.Errorf("router.active_apps was sent: %q", <-flushed)
		}
	})
}
