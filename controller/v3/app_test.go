package v3_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestOnlyWhoHasLoggedInIsAnswered(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	token := b.token
	for name, tt := range map[string]struct {
		token string
		code  int
	}{"nobody": {"", 10002}, "somebody else": {"eyJhbGciOiJub25lIn0.e30.", 1000}, "a forged one": {token[:len(token)-3] + "xyz", 1000}} {
		b.token = tt.token
		for _, path := range []string{"/v3/apps", "/v3/resource_matches", "/v3/nowhere"} {
			if code, _ := failureOf(b.must(http.MethodGet, path, nil, http.StatusUnauthorized)); code != tt.code {
				t.Errorf("%s at %s: code %d, want %d", name, path, code, tt.code)
			}
		}
	}
	b.token = ""
	b.get("/v3")
	b.get("/v3/info")
	b.token = token
	if code, _ := failureOf(b.must(http.MethodGet, "/v3/nowhere", nil, 404)); code != 10000 {
		t.Errorf("nowhere has code %d", code)
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	for body, want := range map[string]int{
		`{`: 1001, `[]`: 10008, `{} {}`: 1001, `{"name":5}`: 10008, `{"nmae":"x"}`: 10008, `{"name":""}`: 10008, `{"name":"a\u0007"}`: 10008,
		`{"name":"x"}`: 10008, // without a space
		`{"name":"x","relationships":{"space":{"data":{"guid":"nope"}}}}`: 10008,
		`{"name":"x","lifecycle":{"type":"docker","data":{}}}`:            10008,
		strings.Repeat(" ", 5<<20) + `{}`:                                 1001,
	} {
		a := b.send(http.MethodPost, "/v3/apps", strings.NewReader(body), "")
		if code, _ := failureOf(a); code != want || a.status < 400 || a.status >= 500 {
			t.Errorf("%.50q: %d %s, want code %d", body, a.status, a.body, want)
		}
	}
}

func TestScalingAtOnceLosesNothing(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	b.droplet(app, map[string]string{"a": "1"})
	b.must("POST", "/v3/apps/"+app+"/actions/start", nil, 200)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			body := object{"instances": i}
			if i%2 == 1 {
				body = object{"memory_in_mb": 100 + i}
			}
			if a := b.ask("POST", "/v3/apps/"+app+"/processes/web/actions/scale", body); a.status != 202 {
				t.Errorf("scale = %d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	p := b.get("/v3/apps/" + app + "/processes/web").object
	w := b.platform.want(app)
	if p["instances"] != float64(w.Instances) || p["memory_in_mb"] != float64(w.Memory) || w.Memory < 101 {
		t.Errorf("the record says %v instances of %v MB, the platform has heard of %d of %d", p["instances"], p["memory_in_mb"], w.Instances, w.Memory)
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	space := b.space()
	var all sync.WaitGroup
	created := make(chan int, 8)
	for range cap(created) {
		all.Go(func() {
			a := b.ask("POST", "/v3/apps", object{"name": "hello", "relationships": object{"space": object{"data": object{"guid": space}}}})
			created <- a.status
		})
	}
	all.Wait()
	close(created)
	var got []int
	for status := range created {
		got = append(got, status)
	}
	slices.Sort(got)
	if got[0] != 201 || got[1] != 422 {
		t.Errorf("eight apps of one name = %v, want one that is made", got)
	}
	other := b.app("other")
	b.must("PATCH", "/v3/apps/"+other, object{"name": "Hello"}, 422)
	b.must("PATCH", "/v3/apps/"+other, object{"name": "renamed"}, 200)
}

func TestAppNeedsADropletToStart(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	if _, detail := failureOf(b.must("POST", "/v3/apps/"+app+"/actions/start", nil, 422)); !strings.Contains(detail, "Assign a droplet") {
		t.Errorf("detail = %s", detail)
	}
	b.must("PATCH", "/v3/apps/"+app+"/relationships/current_droplet", object{"data": object{"guid": "nope"}}, 422)
	b.droplet(app, map[string]string{"a": "1"})
	for _, action := range []string{"start", "start", "restart", "stop"} {
		b.must("POST", "/v3/apps/"+app+"/actions/"+action, nil, 200)
	}
	if w, n := b.platform.want(app), b.platform.starts[app]; !w.Stopped || n != 2 {
		t.Errorf("it was started %d times, want twice (start and restart), and wanted is %+v", n, w)
	}
}

func TestDeletedAppIsGoneWithAllThatBelongsToIt(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	b.droplet(app, map[string]string{"a": "1"})
	b.apply("applications:\n- name: hello\n  default-route: true\n")
	a := b.must("DELETE", "/v3/apps/"+app, nil, 202)
	if job := b.get(strings.TrimPrefix(a.header.Get("Location"), b.url)); job.object["state"] != "COMPLETE" {
		t.Errorf("job = %s", job.body)
	}
	b.must("GET", "/v3/apps/"+app, nil, 404)
	for _, kind := range []string{"packages", "droplets", "builds"} {
		if left := b.get("/v3/" + kind).resources(); len(left) > 0 {
			t.Errorf("left are the %s %v", kind, left)
		}
	}
	if r := b.get("/v3/routes").resources(); len(r) != 1 || fmt.Sprint(r[0]["destinations"]) != "[]" {
		t.Errorf("routes are %v, want one that leads nowhere", r)
	}
	if left := slices.Concat(b.packages.Names("cf-"), b.droplets.Names("cf-")); len(left) > 0 {
		t.Errorf("bits that are left: %v", left)
	}
}

func TestWhatMinicfHasNotIsSaid(t *testing.T) {
	t.Parallel()
	b := startAPI(t)
	app := b.app("hello")
	for _, path := range []string{"/v3/apps/" + app + "/tasks", "/v3/deployments", "/v3/service_instances", "/v3/droplets"} {
		if code, detail := failureOf(b.must("POST", path, object{}, 422)); code != 10008 || !strings.HasPrefix(detail, "minicf has no ") {
			t.Errorf("%s: %d %s", path, code, detail)
		}
		if all := b.get(path).resources(); len(all) != 0 {
			t.Errorf("%s has %v", path, all)
		}
	}
	if w := b.must("POST", "/v3/roles", object{"type": "space_developer"}, 201).header.Get("X-Cf-Warnings"); !strings.Contains(w, "minicf+keeps+no+roles") {
		t.Errorf("warnings = %q", w)
	}
}
